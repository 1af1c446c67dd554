// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on Beast. On the desk's loop.
#include "provisioning/desk/server.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "provisioning/desk/callers.hpp"
#include "provisioning/desk/listen.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self' "
    "blob:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

constexpr std::pair<const char*, const char*> kAlways[] = {
    {"Content-Security-Policy", kPolicy},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(self), microphone=(self), geolocation=()"},
};

struct Connection {
  explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
  beast::tcp_stream stream;
  /// Twice any head and body; a chunk's extensions and trailers count for neither of their limits.
  beast::flat_buffer buffer{128 * 1024};
  std::shared_ptr<Outbox> outbox;  ///< while it is an event stream
  std::uint64_t waits = 0;         ///< for a request, whole or in part; the lowest began first. 0: it is being answered
  std::string block;               ///< callers.hpp; "" = behind the proxy, not known yet
  bool person = false;             ///< logged in, by its last request
  std::optional<std::chrono::steady_clock::time_point> writes_since;  ///< its client has taken nothing since then
  bool first = true;                                                  ///< nothing was asked yet
};
using ConnectionPtr = std::shared_ptr<Connection>;

bool has_ended(tcp::socket& socket) {
  char byte = 0;
  const ssize_t count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/// Calls `then` once the client has gone; never after *wanted is false.
void when_gone(const ConnectionPtr& connection, std::shared_ptr<bool> wanted, std::function<void()> then) {
  connection->stream.socket().async_wait(
      tcp::socket::wait_read, [connection, wanted = std::move(wanted), then = std::move(then)](error_code error) {
        if (*wanted && (error || has_ended(connection->stream.socket()))) then();
      });
}

/// Bytes that its client does not take for so long end the connection: TCP alone would wait a quarter of an hour.
void limit_untaken(tcp::socket& socket, std::chrono::milliseconds within) {
  const unsigned int limit = static_cast<unsigned int>(within.count());
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

/// Headers that decide something: of two, a proxy in front may have looked at the other.
constexpr http::field kOnce[] = {http::field::host, http::field::origin, http::field::authorization,
                                 http::field::cookie, http::field::transfer_encoding};

/// Why no route sees this; 0: one does.
int refused_status(const http::request<http::string_body>& message) {
  if (message.version() == 11 && message.count(http::field::host) == 0) return 400;  // RFC 9112 section 3.2
  for (const http::field field : kOnce) {
    if (message.count(field) > 1) return 400;
  }
  if (message.count("X-CSRF-Token") > 1) return 400;
  const auto coding = message[http::field::transfer_encoding];
  if (coding.empty()) return 0;
  if (message.version() != 11) return 400;  // RFC 9112 section 6.1
  return beast::iequals(coding, "chunked") ? 0 : 501;
}

Request request_of(http::request<http::string_body> message, bool& good) {
  Request request;
  request.method = std::string(message.method_string());
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    request.headers.insert_or_assign(std::move(name), std::string(field.value()));
  }
  good = parse_target({message.target().data(), message.target().size()}, request);
  request.body = std::move(message.body());
  return request;
}

}  // namespace

struct Server::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor e, ServerSettings s, Route r)
      : executor(e), settings(std::move(s)), route(std::move(r)), acceptor(e) {}

  asio::any_io_executor executor;
  ServerSettings settings;
  Route route;
  tcp::acceptor acceptor;
  std::set<ConnectionPtr> connections;
  std::uint64_t last_wait = 0;
  bool stopping = false;

  /// Closes, of those that please, the one that has waited longest for a request, or that takes nothing of its reply;
  /// false: there is none.
  bool make_place(const std::function<bool(const Connection&)>& pleases);
  [[nodiscard]] std::size_t count(const std::function<bool(const Connection&)>& pleases) const;
  /// With so many more, would strangers take places that are kept for people?
  [[nodiscard]] bool is_full(std::size_t more) const;
  /// May this newcomer in? Others give way, where there are such.
  bool admits(const std::string& block);
  /// It is told whose connection it is. False: there are too many of that caller.
  bool settle(const ConnectionPtr& connection, const std::string& block);
  static asio::awaitable<void> accept(std::shared_ptr<State> state);
  static asio::awaitable<void> serve(std::shared_ptr<State> state, ConnectionPtr connection);
  static asio::awaitable<bool> exchange(std::shared_ptr<State> state, ConnectionPtr connection);
  static asio::awaitable<void> events(std::shared_ptr<State> state, ConnectionPtr connection, Reply reply);
  static asio::awaitable<bool> write(std::shared_ptr<State> state, ConnectionPtr connection, Reply reply, bool keep,
                                     bool head = false);
};

std::size_t Server::State::count(const std::function<bool(const Connection&)>& pleases) const {
  return static_cast<std::size_t>(
      std::count_if(connections.begin(), connections.end(), [&](const ConnectionPtr& each) { return pleases(*each); }));
}

bool Server::State::make_place(const std::function<bool(const Connection&)>& pleases) {
  ConnectionPtr longest;
  const auto now = steady_now();
  for (const ConnectionPtr& each : connections) {
    if (!pleases(*each)) continue;
    if (each->writes_since && now - *each->writes_since >= settings.stalled_after) {
      longest = each;
      break;
    }
    if (each->waits != 0 && (!longest || each->waits < longest->waits)) longest = each;
  }
  if (!longest) return false;
  connections.erase(longest);
  longest->stream.close();
  return true;
}

bool Server::State::is_full(std::size_t more) const {
  const std::size_t strangers = count([](const Connection& each) { return !each.person; });
  return strangers + more + settings.for_people > settings.most_connections;
}

bool Server::State::admits(const std::string& block) {
  const auto same = [&block](const Connection& each) { return each.block == block; };
  if (!block.empty() && count(same) >= settings.most_of_block && !make_place(same)) return false;
  // Who may yet turn out to be a person comes in where strangers are full, for one request.
  const auto stranger = [](const Connection& each) { return !each.person; };
  if (is_full(1) && make_place(stranger)) return true;
  return connections.size() < settings.most_connections || make_place([](const Connection&) { return true; });
}

bool Server::State::settle(const ConnectionPtr& connection, const std::string& block) {
  if (connection->block == block) return true;
  connection->block = block;
  const auto others = [&](const Connection& each) { return each.block == block && &each != connection.get(); };
  return count(others) < settings.most_of_block || make_place(others);
}

asio::awaitable<void> Server::State::accept(std::shared_ptr<State> state) {
  while (!state->stopping) {
    error_code error;
    tcp::socket socket(state->executor);
    co_await state->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (state->stopping) co_return;
    if (error) {
      // Out of descriptors, most likely: those that are there go on, and free some.
      log::warning("accept-failed", {{"error", error.message()}});
      asio::steady_timer pause(state->executor, std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    // Who says nothing gives way: or a few hundred silent ones would shut everybody out.
    const auto remote = socket.remote_endpoint(error);
    if (error) continue;
    const bool proxied = !state->settings.proxy.empty() && remote.address().to_string() == state->settings.proxy;
    const std::string block = proxied ? std::string() : address_block(remote.address());
    if (!state->admits(block)) continue;
    auto connection = std::make_shared<Connection>(std::move(socket));
    connection->block = block;
    connection->waits = ++state->last_wait;
    state->connections.insert(connection);
    auto done = [state, connection](std::exception_ptr failure) {
      state->connections.erase(connection);
      error_code ignored;
      connection->stream.socket().close(ignored);
      log::task_failed("request", failure);
    };
    asio::co_spawn(state->executor, serve(state, connection), std::move(done));
  }
}

asio::awaitable<void> Server::State::serve(std::shared_ptr<State> state, ConnectionPtr connection) {
  error_code ignored;
  connection->stream.socket().set_option(tcp::no_delay(true), ignored);
  for (;;) {
    const bool again = co_await exchange(state, connection);
    if (!again || state->stopping) break;
  }
  connection->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

/// One request and its reply; true: another may follow.
asio::awaitable<bool> Server::State::exchange(std::shared_ptr<State> state, ConnectionPtr connection) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(state->settings.most_header));
  parser.body_limit(state->settings.most_body);
  error_code error;
  if (connection->waits == 0) connection->waits = ++state->last_wait;
  if (!std::exchange(connection->first, false) && connection->buffer.size() == 0) {
    connection->stream.expires_after(state->settings.idle);
    const auto space = connection->buffer.prepare(4096);
    const std::size_t count =
        co_await connection->stream.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    connection->buffer.commit(count);
  }
  connection->stream.expires_after(state->settings.request_within);
  co_await http::async_read(connection->stream, connection->buffer, parser,
                            asio::redirect_error(asio::use_awaitable, error));
  connection->waits = 0;
  if (error == http::error::header_limit || error == http::error::body_limit) {
    const int status = error == http::error::body_limit ? 413 : 431;
    co_return co_await write(state, connection, error_reply(status, "the request is too large"), false);
  }
  const bool from_parser = error && error.category() == http::make_error_code(http::error::bad_method).category();
  if (from_parser && error != http::error::end_of_stream && error != http::error::partial_message) {
    co_return co_await write(state, connection, error_reply(400, "that is not an HTTP request"), false);
  }
  if (error) co_return false;
  if (const int status = refused_status(parser.get()); status != 0) {
    // Where its body ends is not certain, so nothing after it is read.
    const std::string words = status == 501 ? "this transfer coding is not known here: use chunked, or none"
                                            : "a Host is needed, and none of the headers that decide may come twice";
    co_return co_await write(state, connection, error_reply(status, words), false);
  }
  bool keep = parser.keep_alive();
  bool good = false;
  Request request = request_of(parser.release(), good);
  const bool head = request.method == "HEAD";
  const auto remote = connection->stream.socket().remote_endpoint(error);
  if (error) co_return false;
  const auto caller = client_address(remote.address(), request.header("x-forwarded-for"), state->settings.proxy);
  request.remote = caller.to_string();
  if (!state->settle(connection, address_block(caller))) {
    Reply many = error_reply(429, "too many connections from this address: close some");
    many.headers.emplace_back("Retry-After", "5");
    co_return co_await write(state, connection, std::move(many), false);
  }
  connection->stream.expires_never();
  Reply reply = error_reply(400, "that is not a path of this server");
  if (good) {
    auto wanted = std::make_shared<bool>(true);
    OnGone on_gone = [connection, wanted](std::function<void()> then) {
      when_gone(connection, wanted, std::move(then));
    };
    reply = co_await state->route(std::move(request), std::move(on_gone));
    *wanted = false;
  }
  connection->person = reply.signed_in;
  if (!connection->person && state->is_full(0)) {
    keep = false;
    if (reply.stream) {
      if (reply.stream_ended) reply.stream_ended();
      reply = error_reply(503, "the desk has no place left: try again");
      reply.headers.emplace_back("Retry-After", "5");
    }
  }
  if (reply.stream) {
    co_await events(state, connection, std::move(reply));
    co_return false;
  }
  co_return co_await write(state, connection, std::move(reply), keep, head);
}

asio::awaitable<bool> Server::State::write(std::shared_ptr<State> state, ConnectionPtr connection, Reply reply,
                                           bool keep, bool head) {
  http::response<http::string_body> message;
  message.result(static_cast<unsigned>(reply.status));
  for (const auto& [name, value] : kAlways) message.set(name, value);
  for (const auto& [name, value] : reply.headers) message.insert(name, value);  // Set-Cookie, perhaps twice
  if (!head) message.body() = std::move(reply.body);
  message.keep_alive(keep && !state->stopping);
  if (reply.status != 204 && reply.status != 304 && !head) message.prepare_payload();
  connection->stream.expires_after(state->settings.write_within);
  error_code error;
  connection->writes_since = steady_now();
  co_await http::async_write(connection->stream, message, asio::redirect_error(asio::use_awaitable, error));
  connection->writes_since.reset();
  connection->stream.expires_never();
  co_return !error && keep && !state->stopping;
}

asio::awaitable<void> Server::State::events(std::shared_ptr<State> state, ConnectionPtr connection, Reply reply) {
  const std::shared_ptr<Outbox> outbox = reply.stream;
  connection->outbox = outbox;
  limit_untaken(connection->stream.socket(), state->settings.untaken_for);
  auto wanted = std::make_shared<bool>(true);
  bool gone = false;
  when_gone(connection, wanted, [&gone, outbox] {
    gone = true;
    outbox->wake.cancel();
  });
  std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n";
  for (const auto& [name, value] : kAlways) text += fmt::format("{}: {}\r\n", name, value);
  text += "\r\n";
  error_code error;
  while (!gone && !error) {
    text += outbox->take();
    if (!text.empty()) {
      connection->stream.expires_after(state->settings.write_within);
      connection->writes_since = steady_now();
      co_await asio::async_write(connection->stream, asio::buffer(text),
                                 asio::redirect_error(asio::use_awaitable, error));
      connection->writes_since.reset();
      connection->stream.expires_never();
      text.clear();
      continue;
    }
    if (outbox->closed) break;
    error_code woken;
    outbox->wake.expires_after(state->settings.comment_every);
    co_await outbox->wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!woken) text = ":\n\n";
  }
  *wanted = false;
  outbox->closed = true;
  connection->outbox.reset();
  if (reply.stream_ended) reply.stream_ended();
}

Result<std::unique_ptr<Server>> Server::open(asio::any_io_executor executor, ServerSettings settings, Route route) {
  error_code error;
  const auto address = asio::ip::make_address(settings.address, error);
  if (error) return fail(Errc::invalid, settings.address + ": not an IP address");
  if (!address.is_loopback()) {
    return fail(Errc::permission, settings.address +
                                      ": the desk has no TLS yet, so it listens on this machine itself "
                                      "only; use 127.0.0.1");
  }
  auto state = std::make_shared<State>(std::move(executor), std::move(settings), std::move(route));
  const tcp::endpoint endpoint(address, state->settings.port);
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(Errc::busy, fmt::format("{}: {}; is another desk running?", authority(address, state->settings.port),
                                        error.message()));
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() { stop(); }

std::uint16_t Server::port() const { return state_->acceptor.local_endpoint().port(); }

void Server::start() {
  auto ended = [state = state_](std::exception_ptr failure) {
    if (state->stopping && !failure) return;
    log::task_failed("accept", failure);
    log::error("accepting-ended", {{"hint", "restart the desk"}});
  };
  asio::co_spawn(state_->executor, State::accept(state_), std::move(ended));
}

void Server::stop() {
  if (std::exchange(state_->stopping, true)) return;
  error_code ignored;
  state_->acceptor.close(ignored);
  const auto connections = state_->connections;
  for (const ConnectionPtr& connection : connections) {
    if (connection->outbox) connection->outbox->close();
    else connection->stream.socket().close(ignored);
  }
}

}  // namespace madoguchi::desk
