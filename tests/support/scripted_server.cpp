// SPDX-License-Identifier: Apache-2.0
// Boost.Beast's parser over a plain or a TLS connection; what goes out is written by hand, since much of it is wrong.
#include "tests/support/scripted_server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <set>

namespace madoguchi::test {

namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// One connection, with or without TLS.
struct Wire : std::enable_shared_from_this<Wire> {
  explicit Wire(tcp::socket&& taken, asio::ssl::context* tls) : socket(std::move(taken)), gate(socket.get_executor()) {
    if (tls != nullptr) secure = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket, *tls);
    gate.expires_at(asio::steady_timer::time_point::max());
  }
  tcp::socket socket;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> secure;
  asio::steady_timer gate;  ///< cancelled to let what is late go on
  bool waiting = false, streaming = false;
  int number = 0;

  asio::awaitable<void> begin(error_code& error) {
    if (!secure) co_return;
    co_await secure->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
  }
  asio::awaitable<std::size_t> read(asio::mutable_buffer into, error_code& error) {
    if (secure) co_return co_await secure->async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
    co_return co_await socket.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
  }
  asio::awaitable<void> write(std::string text, error_code& error) {
    auto from = asio::buffer(text);
    if (secure) co_await asio::async_write(*secure, from, asio::redirect_error(asio::use_awaitable, error));
    else co_await asio::async_write(socket, from, asio::redirect_error(asio::use_awaitable, error));
  }
  /// Until release() or the peer goes: true when released.
  asio::awaitable<bool> released() {
    error_code error;
    waiting = true;
    auto gone = [wire = shared_from_this()](error_code failed) {
      if (!failed && wire->waiting && wire->socket.available(failed) == 0) wire->close();
    };
    socket.async_wait(tcp::socket::wait_read, std::move(gone));
    co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, error));
    waiting = false;
    gate.expires_at(asio::steady_timer::time_point::max());
    co_return socket.is_open();
  }
  void close() {
    error_code ignored;
    socket.close(ignored);
    gate.cancel();
  }
};

std::string reason(int status) { return std::string(http::obsolete_reason(static_cast<http::status>(status))); }

std::string head_of(const ServerReply& reply) {
  const bool chunked = reply.how == ServerReply::stream || reply.how == ServerReply::endless;
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " " + reason(reply.status) + "\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  if (chunked) head += "Transfer-Encoding: chunked\r\n";
  else if (reply.status != 204 && reply.status != 304) {
    head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  }
  return head + "\r\n";
}

std::string chunk_of(const std::string& bytes) {
  if (bytes.empty()) return {};
  char size[20];
  const int length = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return std::string(size, static_cast<std::size_t>(length)) + bytes + "\r\n";
}

}  // namespace

struct ScriptedServer::State {
  State(asio::io_context& io, ScriptedServer& o)
      : owner(&o), acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  ScriptedServer* owner;  ///< nullptr once it is gone
  tcp::acceptor acceptor;
  std::unique_ptr<asio::ssl::context> tls;
  std::deque<ServerReply> replies;
  std::vector<ServerRequest> requests;
  std::set<std::shared_ptr<Wire>> wires;
  int taken = 0;

  ServerReply next(const ServerRequest& request) {
    if (owner != nullptr && owner->answer) return owner->answer(request);
    if (replies.empty()) return ServerReply(500, "the script has no reply for this");
    ServerReply reply = replies.front();
    if (replies.size() > 1) replies.pop_front();
    return reply;
  }
};

namespace {

using StatePtr = std::shared_ptr<ScriptedServer::State>;
using WirePtr = std::shared_ptr<Wire>;

/// False: the peer has closed or speaks no HTTP.
asio::awaitable<bool> read_request(WirePtr wire, ServerRequest& into) {
  http::request_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(64 * 1024 * 1024);
  std::string pending;
  std::vector<char> buffer(65536);
  error_code error;
  while (!parser.is_done()) {
    const std::size_t count = co_await wire->read(asio::buffer(buffer), error);
    if (error) co_return false;
    pending.append(buffer.data(), count);
    const std::size_t used = parser.put(asio::buffer(pending), error);
    if (error == http::error::need_more) error = {};
    if (error) co_return false;
    pending.erase(0, used);
  }
  const auto& request = parser.get();
  into.method = std::string(request.method_string());
  into.target = std::string(request.target());
  into.body = request.body();
  for (const auto& field : request) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    into.headers[name] = std::string(field.value());
  }
  co_return true;
}

/// Nothing is said any more.
asio::awaitable<void> until_gone(WirePtr wire) {
  error_code error;
  char nothing[256];
  auto into = asio::buffer(nothing);
  while (!error) co_await wire->read(into, error);
}

/// False: the connection is over.
asio::awaitable<bool> play(WirePtr wire, ServerReply reply) {
  error_code error;
  const std::string head = head_of(reply);
  switch (reply.how) {
    case ServerReply::close: co_return false;
    case ServerReply::hang: co_await until_gone(wire); co_return false;
    case ServerReply::late: {
      const bool go_on = co_await wire->released();
      if (!go_on) co_return false;
      break;
    }
    case ServerReply::cut_head: {
      std::string part = head.substr(0, head.size() - 6);
      co_await wire->write(std::move(part), error);
      co_return false;
    }
    case ServerReply::reset: wire->socket.set_option(asio::socket_base::linger(true, 0), error); co_return false;
    case ServerReply::cut:
    case ServerReply::cut_reset: {
      std::string part = head + reply.body.substr(0, reply.body.size() / 2);
      co_await wire->write(std::move(part), error);
      if (reply.how == ServerReply::cut_reset) wire->socket.set_option(asio::socket_base::linger(true, 0), error);
      co_return false;
    }
    case ServerReply::hang_body: {
      std::string part = head + reply.body.substr(0, reply.body.size() / 2);
      co_await wire->write(std::move(part), error);
      co_await until_gone(wire);
      co_return false;
    }
    case ServerReply::slow_head: {
      std::string part = head.substr(0, head.size() - 2);
      co_await wire->write(std::move(part), error);
      for (int line = 0; !error; ++line) {
        const bool go_on = co_await wire->released();
        if (!go_on) co_return false;
        std::string more = "X-Line-" + std::to_string(line) + ": x\r\n";
        co_await wire->write(std::move(more), error);
      }
      co_return false;
    }
    case ServerReply::endless: {
      co_await wire->write(head, error);
      const std::string chunk = chunk_of(std::string(16384, 'x'));
      while (!error) co_await wire->write(chunk, error);
      co_return false;
    }
    case ServerReply::stream: {
      std::string first = head + chunk_of(reply.body);
      co_await wire->write(std::move(first), error);
      wire->streaming = true;
      char nothing[1];
      auto into = asio::buffer(nothing);
      if (!error) co_await wire->read(into, error);  // until the peer goes, or finish()
      wire->streaming = false;
      co_return false;
    }
    case ServerReply::garbage: co_await wire->write(reply.body, error); co_return false;
    case ServerReply::whole: break;
  }
  std::string all = head;
  if (reply.status != 204 && reply.status != 304) all += reply.body;
  co_await wire->write(std::move(all), error);
  co_return !error && !reply.closes;
}

asio::awaitable<void> serve(StatePtr state, WirePtr wire) {
  error_code error;
  co_await wire->begin(error);
  bool more = !error;
  for (int nth = 1; more; ++nth) {
    ServerRequest request;
    request.connection = wire->number;
    request.nth = nth;
    more = co_await read_request(wire, request);
    if (!more) break;
    state->requests.push_back(request);
    ServerReply reply = state->next(request);
    more = co_await play(wire, std::move(reply));
  }
  wire->close();
  state->wires.erase(wire);
}

asio::awaitable<void> accept(StatePtr state) {
  for (;;) {
    tcp::socket socket(state->acceptor.get_executor());
    error_code error;
    co_await state->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    socket.set_option(tcp::no_delay(true), error);
    auto wire = std::make_shared<Wire>(std::move(socket), state->tls.get());
    wire->number = ++state->taken;
    state->wires.insert(wire);
    asio::co_spawn(state->acceptor.get_executor(), serve(state, wire), [](std::exception_ptr) {});
  }
}

StatePtr begin(StatePtr state) {
  asio::co_spawn(state->acceptor.get_executor(), accept(state), [](std::exception_ptr) {});
  return state;
}

StatePtr with_tls(StatePtr state, const TestCertificate& certificate) {
  state->tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  state->tls->use_certificate_chain(asio::buffer(certificate.chain_pem));
  state->tls->use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
  return state;
}

}  // namespace

std::string ServerRequest::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

ScriptedServer::ScriptedServer(asio::io_context& io) : state_(begin(std::make_shared<State>(io, *this))) {}
ScriptedServer::ScriptedServer(asio::io_context& io, const TestCertificate& certificate)
    : state_(begin(with_tls(std::make_shared<State>(io, *this), certificate))) {}

ScriptedServer::~ScriptedServer() {
  error_code ignored;
  state_->owner = nullptr;
  state_->acceptor.close(ignored);
  drop();
  for (const WirePtr& wire : state_->wires) wire->close();
}

std::uint16_t ScriptedServer::port() const { return state_->acceptor.local_endpoint().port(); }
std::string ScriptedServer::url(const std::string& path) const {
  return (state_->tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port()) + path;
}

void ScriptedServer::script(std::deque<ServerReply> replies) { state_->replies = std::move(replies); }
void ScriptedServer::script(ServerReply reply) { state_->replies = {std::move(reply)}; }
const std::vector<ServerRequest>& ScriptedServer::requests() const { return state_->requests; }
int ScriptedServer::connections() const { return state_->taken; }

void ScriptedServer::release() {
  for (const WirePtr& wire : state_->wires) {
    if (wire->waiting) wire->gate.cancel();
  }
}

namespace {
asio::awaitable<void> write_to(WirePtr wire, std::string text, bool last) {
  error_code error;
  co_await wire->write(std::move(text), error);
  if (last) wire->close();
}
}  // namespace

void ScriptedServer::push(const std::string& bytes) {
  for (const WirePtr& wire : state_->wires) {
    if (!wire->streaming) continue;
    asio::co_spawn(state_->acceptor.get_executor(), write_to(wire, chunk_of(bytes), false), [](std::exception_ptr) {});
  }
}

void ScriptedServer::finish() {
  for (const WirePtr& wire : state_->wires) {
    if (!wire->streaming) continue;
    asio::co_spawn(state_->acceptor.get_executor(), write_to(wire, "0\r\n\r\n", true), [](std::exception_ptr) {});
  }
}

void ScriptedServer::drop() {
  for (const WirePtr& wire : state_->wires) {
    if (wire->streaming) wire->close();
  }
}

std::size_t ScriptedServer::streams() const {
  return static_cast<std::size_t>(
      std::count_if(state_->wires.begin(), state_->wires.end(), [](const WirePtr& wire) { return wire->streaming; }));
}
std::size_t ScriptedServer::waiting() const {
  return static_cast<std::size_t>(
      std::count_if(state_->wires.begin(), state_->wires.end(), [](const WirePtr& wire) { return wire->waiting; }));
}
std::size_t ScriptedServer::open() const { return state_->wires.size(); }

}  // namespace madoguchi::test
