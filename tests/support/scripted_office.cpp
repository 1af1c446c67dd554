// SPDX-License-Identifier: Apache-2.0
// The scripted office. On the test's thread.
#include "tests/support/scripted_office.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>

namespace madoguchi::test {

namespace http = boost::beast::http;
using asio::ip::tcp;
using Socket = std::shared_ptr<tcp::socket>;
using boost::system::error_code;

struct ScriptedOffice::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, ScriptedOffice* office) : io(context), owner(office), acceptor(context) {}

  asio::io_context& io;
  ScriptedOffice* owner;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  std::vector<OfficeRequest> requests;
  std::set<Socket> connections, streams;
  bool present = false;
  std::string session = "s1";
  int last_resource = 0;

  void listen() {
    acceptor = tcp::acceptor(io);
    acceptor.open(tcp::v4());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind({asio::ip::address_v4::loopback(), port});
    acceptor.listen();
    port = acceptor.local_endpoint().port();
    asio::co_spawn(io, accept(shared_from_this()), asio::detached);
  }

  void shut() {
    error_code ignored;
    acceptor.close(ignored);
    const auto all = connections;
    for (const Socket& socket : all) socket->close(ignored);
    streams.clear();
  }

  std::string seats() const {
    return fmt::format(R"({{"type":"seats","seats":[{{"seat":"counsellor","present":{},"session":"{}"}}]}})", present,
                       present ? session : "");
  }

  void tell(const Socket& socket, const std::string& event) {
    const auto text = std::make_shared<std::string>("data: " + event + "\n\n");
    asio::async_write(*socket, asio::buffer(*text), [text](error_code, std::size_t) {});
  }

  static asio::awaitable<void> accept(std::shared_ptr<State> state);
  static asio::awaitable<void> beat(std::weak_ptr<State> weak);
  static asio::awaitable<void> serve(std::shared_ptr<State> state, Socket socket);
  static asio::awaitable<void> reply(Socket socket, OfficeReply reply);
  OfficeReply answer(const OfficeRequest& request);
};

asio::awaitable<void> ScriptedOffice::State::accept(std::shared_ptr<State> state) {
  for (;;) {
    auto socket = std::make_shared<tcp::socket>(state->io);
    error_code error;
    co_await state->acceptor.async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    state->connections.insert(socket);
    asio::co_spawn(state->io, serve(state, socket), asio::detached);
  }
}

/// A comment on each stream now and then: a stream that says nothing for 15 s counts as lost.
asio::awaitable<void> ScriptedOffice::State::beat(std::weak_ptr<State> weak) {
  asio::steady_timer pace(co_await asio::this_coro::executor);
  for (;;) {
    pace.expires_after(std::chrono::seconds(2));
    co_await pace.async_wait(asio::use_awaitable);
    const auto state = weak.lock();
    if (!state) co_return;
    for (const Socket& socket : state->streams) {
      static const std::string kComment = ":\n\n";
      asio::async_write(*socket, asio::buffer(kComment), [](error_code, std::size_t) {});
    }
  }
}

asio::awaitable<void> ScriptedOffice::State::serve(std::shared_ptr<State> state, Socket socket) {
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request<http::string_body> read;
    error_code error;
    co_await http::async_read(*socket, buffer, read, asio::redirect_error(asio::use_awaitable, error));
    if (error || state->owner == nullptr) break;
    OfficeRequest request{std::string(read.method_string()), std::string(read.target()), read.body(), {}};
    for (const auto& field : read) {
      std::string name(field.name_string());
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      request.headers.emplace(std::move(name), std::string(field.value()));
    }
    if (request.target == "/bookings.ics") {
      OfficeReply calendar;
      calendar.headers.emplace_back("Content-Type", "text/calendar");
      calendar.body = state->owner->calendar_text;
      co_await reply(socket, std::move(calendar));
      continue;
    }
    if (request.target.find("madoguchi-check") != std::string::npos) {  // a box that tries its token
      OfficeReply nobodys;
      nobodys.status = state->owner->check_status;
      co_await reply(socket, std::move(nobodys));
      continue;
    }
    state->requests.push_back(request);
    if (request.method == "GET" && request.target.rfind("/events/", 0) == 0) {
      OfficeReply head;
      head.headers.emplace_back("Content-Type", "text/event-stream");
      head.headers.emplace_back("X-Stream", "yes");
      co_await reply(socket, std::move(head));
      state->tell(socket, state->seats());
      state->streams.insert(socket);
      char byte = 0;
      co_await socket->async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, error));
      break;
    }
    OfficeReply answered = state->answer(request);
    const auto how = answered.how;
    if (how == OfficeReply::hang) {
      char byte = 0;
      co_await socket->async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, error));
      break;
    }
    if (how == OfficeReply::close) break;
    co_await reply(socket, std::move(answered));
    if (how == OfficeReply::cut) break;
  }
  state->streams.erase(socket);
  state->connections.erase(socket);
  error_code ignored;
  socket->close(ignored);
}

asio::awaitable<void> ScriptedOffice::State::reply(Socket socket, OfficeReply reply) {
  std::string text = fmt::format("HTTP/1.1 {} Scripted\r\n", reply.status);
  bool stream = false;
  for (const auto& [name, value] : reply.headers) {
    text += name + ": " + value + "\r\n";
    stream = stream || name == "X-Stream";
  }
  if (!stream) text += fmt::format("Content-Length: {}\r\n", reply.body.size());
  text += "\r\n";
  text += reply.how == OfficeReply::cut ? reply.body.substr(0, reply.body.size() / 2) : reply.body;
  error_code ignored;
  co_await asio::async_write(*socket, asio::buffer(text), asio::redirect_error(asio::use_awaitable, ignored));
}

OfficeReply ScriptedOffice::State::answer(const OfficeRequest& request) {
  if (request.method == "DELETE") {
    owner->peers.erase(request.target);
    return owner->last_delete;
  }
  if (request.target.rfind("/events/", 0) == 0) {
    if (owner->on_event) return owner->on_event(request);
    OfficeReply reply;
    reply.status = 204;
    return reply;
  }
  return owner->on_offer ? owner->on_offer(request) : owner->good_answer(request);
}

ScriptedOffice::ScriptedOffice(asio::io_context& io) : state_(std::make_shared<State>(io, this)) {
  open();
  asio::co_spawn(io, State::beat(state_), asio::detached);
  calendar_text = one_booking(origin(), "room1", std::chrono::minutes(-5), std::chrono::minutes(60));
}

ScriptedOffice::~ScriptedOffice() {
  state_->owner = nullptr;
  state_->shut();
}

std::string ScriptedOffice::origin() const { return "http://127.0.0.1:" + std::to_string(state_->port); }
const std::vector<OfficeRequest>& ScriptedOffice::requests() const { return state_->requests; }

std::size_t ScriptedOffice::count(const std::string& method_and_target) const {
  return static_cast<std::size_t>(
      std::count_if(state_->requests.begin(), state_->requests.end(), [&method_and_target](const auto& request) {
        return (request.method + " " + request.target).rfind(method_and_target, 0) == 0;
      }));
}

OfficeReply ScriptedOffice::good_answer(const OfficeRequest& request) {
  AnswererOptions options;
  const bool publish = request.target.rfind("/whip/", 0) == 0;
  options.direction = publish ? protocol::Direction::publish : protocol::Direction::play;
  auto answerer = std::make_unique<Answerer>(options);
  const auto answer = answerer->answer(request.body);
  OfficeReply reply;
  if (!answer) {
    reply.status = 500;
    return reply;
  }
  const std::string resource = request.target + "/r" + std::to_string(++state_->last_resource);
  peers[resource] = std::move(answerer);
  reply.status = 201;
  reply.headers = {{"Content-Type", "application/sdp"}, {"Location", resource}};
  reply.body = *answer;
  return reply;
}

void ScriptedOffice::seat(bool present, const std::string& session) {
  state_->present = present;
  state_->session = session;
  tell(present ? fmt::format(R"({{"type":"seat-joined","seat":"counsellor","session":"{}"}})", session)
               : std::string(R"({"type":"seat-left","seat":"counsellor"})"));
}

void ScriptedOffice::tell(const std::string& event) {
  for (const Socket& socket : state_->streams) state_->tell(socket, event);
}

std::size_t ScriptedOffice::streams() const { return state_->streams.size(); }
void ScriptedOffice::shut() { state_->shut(); }
void ScriptedOffice::open() { state_->listen(); }

std::string one_booking(const std::string& origin, const std::string& room, std::chrono::seconds from,
                        std::chrono::seconds until, const std::string& more) {
  const auto stamp = [](std::chrono::seconds ahead) {
    const auto at = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + ahead);
    return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(at));
  };
  return fmt::format(
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{}@test\r\nDTSTAMP:{}\r\n"
      "DTSTART:{}\r\nDTEND:{}\r\n{}CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:{}/rooms/{}\r\nEND:VEVENT\r\n"
      "END:VCALENDAR\r\n",
      room, stamp(from), stamp(from), stamp(until), more, origin, room);
}

}  // namespace madoguchi::test
