// SPDX-License-Identifier: Apache-2.0
// The real desk and its callers. On the test's thread.
#include "tests/provisioning/desk/office.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <stdexcept>

namespace madoguchi::test {

using namespace std::chrono_literals;

std::string text_of(const object& event, const char* key) {
  const auto* value = event.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const object* Listener::find(const std::string& type, const char* key, const std::string& value) const {
  const auto found = std::find_if(heard.rbegin(), heard.rend(), [&](const object& event) {
    return text_of(event, "type") == type && (key == nullptr || text_of(event, key) == value);
  });
  return found == heard.rend() ? nullptr : &*found;
}

long Listener::count(const std::string& type) const {
  return std::count_if(heard.begin(), heard.end(), [&](const object& event) { return text_of(event, "type") == type; });
}

Office::Office() : desk(io, folder.path(), "desk"), http_(io.get_executor(), {}) {}

object Office::command(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.end(), {"--json", "--data", folder / "data"});
  const auto reply = json::parse_object(run_program(io, folder.path(), "madoguchi-desk", std::move(arguments), input));
  if (!reply) throw std::runtime_error("a command's reply: " + reply.error().message);
  return *reply;
}

HallKeys Office::add_hall(const std::string& id, const std::string& name) {
  const object reply = command({"add-hall", id, name});
  return {id, text_of(reply, "token"), text_of(reply, "calendar_path")};
}

std::string Office::book(const std::string& hall, std::chrono::minutes from, std::chrono::minutes length) {
  const auto start = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + from);
  const std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(start));
  return text_of(command({"book", hall, text, std::to_string(length.count())}), "room");
}

void Office::start() {
  desk.start("madoguchi-desk", {"serve", "--data", folder / "data", "--listen", listen_on});
  const std::string begin = "madoguchi-desk: ";
  const bool up = until([&] { return desk.output().find("/\n") != std::string::npos || !desk.running(); });
  const std::string line = desk.output();
  if (!up || line.rfind(begin, 0) != 0) throw std::runtime_error("the desk does not start: " + desk.errors());
  origin = line.substr(begin.size(), line.find("/\n") - begin.size());
  listen_on = origin.substr(origin.find("//") + 2);  // the same after a restart
}

int Office::stop() {
  desk.signal(SIGTERM);
  return desk.wait();
}

HttpRequest Office::request(const std::string& method, const std::string& path) const {
  return HttpRequest(method, *Url::parse(origin + path), 20s);
}

HttpResponse Office::send(HttpRequest request) {
  auto response = await(io, http_.send(std::move(request)));
  if (!response) throw std::runtime_error(response.error().message);
  return *response;
}

namespace {

asio::awaitable<int> exchange(HttpClient& http, HttpRequest request, PendingPtr pending) {
  auto response = co_await http.send(std::move(request));
  if (response) pending->response = std::move(*response);
  else pending->error = response.error().message;
  co_return 0;
}

asio::awaitable<int> read(HttpClient& http, HttpRequest request, ListenerPtr listener) {
  std::function<void(const HttpResponse&)> head = [listener](const HttpResponse& it) { listener->status = it.status; };
  std::function<bool(std::string_view)> data = [listener](std::string_view bytes) {
    listener->kept += bytes;
    for (std::size_t end = 0; (end = listener->kept.find('\n')) != std::string::npos;) {
      const std::string line = listener->kept.substr(0, end);
      listener->kept.erase(0, end + 1);
      if (line.rfind("data: ", 0) != 0) continue;
      listener->heard.push_back(json::parse_object(line.substr(6)).value());
    }
    return true;
  };
  const auto ended = co_await http.stream(std::move(request), std::move(head), std::move(data), 60s);
  if (ended) listener->status = ended->status;
  co_return 0;
}

}  // namespace

PendingPtr Office::send_later(HttpRequest request) {
  auto pending = std::make_shared<Pending>();
  auto done = [pending](std::exception_ptr, int) {};
  asio::co_spawn(io, exchange(http_, std::move(request), pending),
                 asio::bind_cancellation_slot(pending->cancel.slot(), std::move(done)));
  return pending;
}

ListenerPtr Office::listen(HttpRequest request) {
  auto listener = std::make_shared<Listener>();
  auto done = [listener](std::exception_ptr, int) { listener->over = true; };
  asio::co_spawn(io, read(http_, std::move(request), listener),
                 asio::bind_cancellation_slot(listener->cancel.slot(), std::move(done)));
  if (!until([&] { return listener->status != 0; })) throw std::runtime_error("no stream");
  return listener;
}

std::string Office::raw(const std::string& bytes) {
  const auto colon = listen_on.rfind(':');
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address(listen_on.substr(0, colon)),
                  static_cast<unsigned short>(std::stoi(listen_on.substr(colon + 1)))});
  boost::system::error_code ignored;
  asio::write(socket, asio::buffer(bytes), ignored);  // refused in the middle, perhaps
  std::string said;
  bool closed = false;
  asio::async_read(socket, asio::dynamic_buffer(said),
                   [&closed](boost::system::error_code, std::size_t) { closed = true; });
  until([&closed] { return closed; });
  return said;
}

HttpRequest BoxCaller::request(const std::string& method, const std::string& path, std::string body,
                               const std::string& type) const {
  HttpRequest request = office_.request(method, path);
  request.bearer = token_;
  request.body = std::move(body);
  if (!type.empty()) request.headers.emplace_back("Content-Type", type);
  return request;
}

int BoxCaller::say(const std::string& room, const std::string& type) {
  const std::string body = json::bj::serialize(object{{"type", type}});
  return office_.send(request("POST", "/events/" + room, body, "application/json")).status;
}

PendingPtr BoxCaller::offer(const std::string& path, const std::string& sdp) {
  return office_.send_later(request("POST", path, sdp, "application/sdp"));
}

HttpRequest PageCaller::request(const std::string& method, const std::string& path, const object& body) const {
  HttpRequest request = office_.request(method, path);
  if (!origin.empty()) request.headers.emplace_back("Origin", origin);
  if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
  if (!csrf.empty()) request.headers.emplace_back("X-CSRF-Token", csrf);
  if (method == "POST") {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::bj::serialize(body);
  }
  return request;
}

HttpResponse PageCaller::send(const std::string& method, const std::string& path, const object& body) {
  return office_.send(request(method, path, body));
}

HttpResponse PageCaller::log_in(const std::string& name, const std::string& password) {
  HttpResponse response = send("POST", "/api/login", {{"name", name}, {"password", password}});
  if (response.status != 200) return response;
  const std::string set = response.header("set-cookie").value_or("");
  cookie = set.substr(0, set.find(';'));
  csrf = text_of(json::parse_object(response.body).value(), "csrf");
  return response;
}

ListenerPtr PageCaller::sit(const std::string& room) {
  const HttpResponse joined = send("POST", "/api/rooms/" + room + "/join", {{"seat", "counsellor"}});
  if (joined.status != 200) throw std::runtime_error("join: HTTP " + std::to_string(joined.status) + joined.body);
  session = text_of(json::parse_object(joined.body).value(), "session");
  return office_.listen(request("GET", "/api/rooms/" + room + "/stream?session=" + session));
}

}  // namespace madoguchi::test
