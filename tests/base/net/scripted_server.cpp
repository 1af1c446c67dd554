// SPDX-License-Identifier: Apache-2.0
// The scripted server: each connection a coroutine over a plain or a TLS stream. On the test's thread.
#include "tests/base/net/scripted_server.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <set>

namespace madoguchi::test {

namespace http = boost::beast::http;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

struct ScriptedServer::State {
  State(asio::io_context& context, ScriptedServer& o)
      : io(context), acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), owner(&o),
        port(acceptor.local_endpoint().port()), held(io, asio::steady_timer::time_point::max()) {}

  asio::io_context& io;
  tcp::acceptor acceptor;
  ScriptedServer* owner;  ///< nullptr once it is gone
  std::uint16_t port;
  std::unique_ptr<ssl::context> tls;
  std::vector<Asked> asked;
  int accepted = 0;
  std::set<tcp::socket*> sockets;
  asio::steady_timer held;  ///< cancelled by release()
  std::map<tcp::socket*, std::function<void(std::shared_ptr<std::string>)>> streams;

  void close_all() {
    error_code ignored;
    const auto all = sockets;
    for (tcp::socket* socket : all) socket->close(ignored);
    held.cancel();
  }
};

namespace {

std::string bytes_of(const Answer& answer) {
  if (answer.how == Answer::raw) return answer.body;
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Scripted\r\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  const bool bare = answer.how == Answer::stream || answer.how == Answer::endless || answer.status == 204;
  if (!bare) text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  if (answer.how == Answer::cut_head) return text.substr(0, text.size() - 4);
  text += "\r\n";
  const bool half = answer.how == Answer::cut || answer.how == Answer::hang_body;
  return text + (half ? answer.body.substr(0, answer.body.size() / 2) : answer.body);
}

Asked asked_of(const http::request<http::string_body>& read) {
  Asked asked;
  asked.method = std::string(read.method_string());
  asked.target = std::string(read.target());
  asked.body = read.body();
  for (const auto& field : read) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    asked.headers[name] = std::string(field.value());
  }
  return asked;
}

/// Until the far end closes.
template <class Stream>
asio::awaitable<void> drained(Stream& stream) {
  error_code error;
  char bytes[256];
  const auto into = asio::buffer(bytes);
  while (!error) co_await stream.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
}

/// Requests of one connection, one after the other, until it is to be closed.
template <class Stream>
asio::awaitable<void> converse(std::shared_ptr<ScriptedServer::State> state, Stream& stream, tcp::socket& socket) {
  const int connection = state->accepted;
  boost::beast::flat_buffer buffer;
  error_code error;
  for (int nth = 1;; ++nth) {
    http::request<http::string_body> read;
    co_await http::async_read(stream, buffer, read, asio::redirect_error(asio::use_awaitable, error));
    if (error || state->owner == nullptr) co_return;
    Asked asked = asked_of(read);
    asked.connection = connection;
    asked.nth = nth;
    state->asked.push_back(asked);
    const Answer answer = state->owner->answer(asked);
    if (answer.how == Answer::close) co_return;
    if (answer.how == Answer::reset) {
      socket.set_option(asio::socket_base::linger(true, 0), error);
      co_return;
    }
    if (answer.how == Answer::hang) {
      co_await drained(stream);
      co_return;
    }
    if (answer.how == Answer::held) {
      co_await state->held.async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (state->owner == nullptr) co_return;
    }
    const std::string text = bytes_of(answer);
    co_await asio::async_write(stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    if (answer.how == Answer::hang_body) co_await drained(stream);
    if (answer.how == Answer::stream) {
      state->streams[&socket] = [&stream](std::shared_ptr<std::string> bytes) {
        asio::async_write(stream, asio::buffer(*bytes), [bytes](error_code, std::size_t) {});
      };
      co_await drained(stream);
      state->streams.erase(&socket);
    }
    const std::string piece(16 * 1024, '*');
    while (answer.how == Answer::endless && !error) {
      co_await asio::async_write(stream, asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
    }
    if (answer.closes || (answer.how != Answer::whole && answer.how != Answer::held)) co_return;
  }
}

asio::awaitable<void> serve(std::shared_ptr<ScriptedServer::State> state, tcp::socket accepted) {
  tcp::socket socket = std::move(accepted);
  state->sockets.insert(&socket);
  if (state->tls) {
    ssl::stream<tcp::socket&> stream(socket, *state->tls);
    error_code error;
    co_await stream.async_handshake(ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_await converse(state, stream, socket);
  } else {
    co_await converse(state, socket, socket);
  }
  state->sockets.erase(&socket);
}

asio::awaitable<void> accept(std::shared_ptr<ScriptedServer::State> state) {
  for (;;) {
    tcp::socket socket(state->io);
    error_code error;
    co_await state->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    ++state->accepted;
    auto work = serve(state, std::move(socket));
    asio::co_spawn(state->io, std::move(work), [](std::exception_ptr) {});
  }
}

}  // namespace

std::string Asked::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

ScriptedServer::ScriptedServer(asio::io_context& io, const Certificate& certificate)
    : state_(std::make_shared<State>(io, *this)) {
  if (!certificate.key.empty()) {
    state_->tls = std::make_unique<ssl::context>(ssl::context::tls_server);
    state_->tls->use_certificate_chain(asio::buffer(certificate.certificate));
    state_->tls->use_private_key(asio::buffer(certificate.key), ssl::context::pem);
  }
  auto work = accept(state_);
  asio::co_spawn(io, std::move(work), [](std::exception_ptr) {});
}

ScriptedServer::~ScriptedServer() {
  state_->owner = nullptr;
  shut();
}

std::string ScriptedServer::origin() const {
  return (state_->tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(state_->port);
}

const std::vector<Asked>& ScriptedServer::asked() const { return state_->asked; }
int ScriptedServer::connections() const { return state_->accepted; }
int ScriptedServer::open() const { return static_cast<int>(state_->sockets.size()); }
int ScriptedServer::streams() const { return static_cast<int>(state_->streams.size()); }
void ScriptedServer::release() { state_->held.cancel(); }
void ScriptedServer::drop() { state_->close_all(); }

void ScriptedServer::push(const std::string& bytes) {
  const auto held = std::make_shared<std::string>(bytes);
  for (const auto& [socket, write] : state_->streams) write(held);
}

void ScriptedServer::shut() {
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->close_all();
}

}  // namespace madoguchi::test
