// SPDX-License-Identifier: Apache-2.0
// Boost.Beast behind FeedServer. One request a connection.
#include "tests/firmware/schedule/feed_server.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sstream>

namespace madoguchi::test {

namespace http = boost::beast::http;
using asio::ip::tcp;

struct FeedServer::State {
  State(asio::io_context& io, FeedServer& o)
      : acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), owner(&o) {}
  tcp::acceptor acceptor;
  FeedServer* owner;  ///< nullptr once it is gone
  std::vector<FeedRequest> requests;
  std::vector<std::weak_ptr<tcp::socket>> sockets;
};

namespace {

std::string bytes_of(const FeedReply& reply) {
  http::response<http::string_body> response(static_cast<http::status>(reply.status), 11);
  for (const auto& [name, value] : reply.headers) response.set(name, value);
  response.keep_alive(false);
  response.body() = reply.body;
  if (reply.status != 304) response.prepare_payload();
  std::ostringstream text;
  text << response;
  return text.str();
}

asio::awaitable<void> serve(std::shared_ptr<FeedServer::State> state, std::shared_ptr<tcp::socket> socket) {
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  boost::system::error_code error;
  co_await http::async_read(*socket, buffer, request, asio::redirect_error(asio::use_awaitable, error));
  if (error || state->owner == nullptr) co_return;
  FeedRequest asked;
  asked.target = std::string(request.target());
  for (const auto& field : request) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    asked.headers[name] = std::string(field.value());
  }
  state->requests.push_back(asked);
  const FeedReply reply = state->owner->answer(asked);
  if (reply.how == FeedReply::close) co_return;
  if (reply.how == FeedReply::hang) {
    char nothing[1];
    auto into = asio::buffer(nothing);
    co_await socket->async_read_some(into, asio::redirect_error(asio::use_awaitable, error));  // until they give up
    co_return;
  }
  std::string text = bytes_of(reply);
  if (reply.how == FeedReply::cut) text.resize(text.size() - reply.body.size() / 2);
  co_await asio::async_write(*socket, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<void> accept(std::shared_ptr<FeedServer::State> state) {
  for (;;) {
    auto socket = std::make_shared<tcp::socket>(state->acceptor.get_executor());
    boost::system::error_code error;
    co_await state->acceptor.async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    state->sockets.push_back(socket);
    auto work = serve(state, socket);
    asio::co_spawn(state->acceptor.get_executor(), std::move(work), [](std::exception_ptr) {});
  }
}

}  // namespace

std::string FeedRequest::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

FeedServer::FeedServer(asio::io_context& io) : state_(std::make_shared<State>(io, *this)) {
  auto work = accept(state_);
  asio::co_spawn(io, std::move(work), [](std::exception_ptr) {});
}

FeedServer::~FeedServer() {
  state_->owner = nullptr;
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  for (const auto& each : state_->sockets) {
    if (const auto socket = each.lock()) socket->close(ignored);
  }
}

std::string FeedServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(state_->acceptor.local_endpoint().port()) + path;
}

const std::vector<FeedRequest>& FeedServer::requests() const { return state_->requests; }

}  // namespace madoguchi::test
