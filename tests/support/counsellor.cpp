// SPDX-License-Identifier: Apache-2.0
// The counsellor's page without a browser. On the test's thread.
#include "tests/support/counsellor.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <stdexcept>

#include "firmware/signalling/sse.hpp"

namespace madoguchi::test {

using json::bj::object;

struct Counsellor::Seat {
  explicit Seat(Counsellor* who) : owner(who) {}
  Counsellor* owner;  ///< null once it has gone
  std::string session;
  bool open = false;
  signalling::SseParser parser;
  asio::cancellation_signal cancel;
  struct Peer {
    std::string direction;
    std::unique_ptr<Answerer> answerer;
  };
  std::map<std::string, Peer> peers;  ///< by the offer's id
  std::vector<std::string> order;
  std::vector<std::string> heard;
};

Counsellor::Counsellor(asio::io_context& io, std::string origin, std::string name, std::string password)
    : io_(io), origin_(std::move(origin)), name_(std::move(name)), password_(std::move(password)),
      http_(io.get_executor(), {}) {}

Counsellor::~Counsellor() { vanish(); }

HttpRequest Counsellor::make(const std::string& method, const std::string& path, const object& body) const {
  HttpRequest request(method, *Url::parse(origin_ + path), std::chrono::seconds(20));
  request.headers.emplace_back("Origin", origin_);
  if (!cookie_.empty()) request.headers.emplace_back("Cookie", cookie_);
  if (!csrf_.empty()) request.headers.emplace_back("X-CSRF-Token", csrf_);
  if (!body.empty()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::bj::serialize(body);
  }
  return request;
}

HttpResponse Counsellor::request(const std::string& method, const std::string& path, const object& body) {
  auto response = await(io_, http_.send(make(method, path, body)));
  if (!response) throw std::runtime_error(path + ": " + response.error().message);
  return *response;
}

void Counsellor::log_in() {
  const HttpResponse response = request("POST", "/api/login", {{"name", name_}, {"password", password_}});
  if (response.status != 200) throw std::runtime_error("login: HTTP " + std::to_string(response.status));
  const std::string cookie = response.header("set-cookie").value_or("");
  cookie_ = cookie.substr(0, cookie.find(';'));
  csrf_ = json::parse_object(response.body)->at("csrf").as_string().c_str();
}

void Counsellor::join(const std::string& room) {
  vanish();
  const HttpResponse response = request("POST", "/api/rooms/" + room + "/join", {{"seat", "counsellor"}});
  if (response.status != 200) throw std::runtime_error("join: HTTP " + std::to_string(response.status));
  room_ = room;
  seat_ = std::make_shared<Seat>(this);
  seat_->session = json::parse_object(response.body)->at("session").as_string().c_str();
  auto listening = listen(seat_, http_, make("GET", "/api/rooms/" + room + "/stream?session=" + seat_->session, {}));
  auto ended = [seat = seat_](std::exception_ptr, int) { seat->open = false; };
  asio::co_spawn(io_, std::move(listening), asio::bind_cancellation_slot(seat_->cancel.slot(), std::move(ended)));
  if (!until(
          io_, [this] { return seat_->open; }, std::chrono::seconds(10)))
    throw std::runtime_error("no stream");
}

asio::awaitable<int> Counsellor::listen(std::shared_ptr<Seat> seat, HttpClient& http, HttpRequest request) {
  std::function<void(const HttpResponse&)> head = [seat](const HttpResponse& it) { seat->open = it.status == 200; };
  std::function<bool(std::string_view)> data = [seat](std::string_view bytes) {
    return seat->parser.feed(bytes, [&seat](const std::string& event) {
      if (seat->owner != nullptr) seat->owner->hear(*seat, event);
    });
  };
  auto ended = co_await http.stream(std::move(request), std::move(head), std::move(data), std::chrono::seconds(60));
  co_return ended ? ended->status : 0;
}

void Counsellor::hear(Seat& seat, const std::string& data) {
  const auto event = json::parse_object(data);
  if (!event) throw std::runtime_error("the desk sent nonsense: " + data);
  const std::string type = json::string(*event, "type").value_or("?");
  if (type == "offer") {
    const std::string id = json::string(*event, "id").value();
    const std::string direction = json::string(*event, "direction").value();
    seat.heard.push_back("offer " + direction);
    AnswererOptions options = send_options;
    options.direction = direction == "whip" ? protocol::Direction::publish : protocol::Direction::play;
    if (direction == "whip") options.codec = receive_codec;
    Seat::Peer peer{direction, std::make_unique<Answerer>(options)};
    const auto answer = peer.answerer->answer(json::string(*event, "sdp").value());
    if (!answer) throw std::runtime_error("answering: " + answer.error().message);
    seat.peers.insert_or_assign(id, std::move(peer));
    seat.order.push_back(id);
    auto post = make("POST", "/api/offers/" + id + "/answer", {{"session", seat.session}, {"sdp", *answer}});
    asio::co_spawn(io_, http_.send(std::move(post)), asio::detached);
    return;
  }
  if (type == "offer-gone") {
    seat.peers.erase(json::string(*event, "id").value());
    seat.heard.push_back(type);
    return;
  }
  if (type == "box") seat.heard.push_back("box " + json::string(*event, "event").value());
  else if (type == "ended") seat.heard.push_back("ended " + json::string(*event, "by").value());
  else seat.heard.push_back(type);
}

void Counsellor::vanish() {
  if (!seat_) return;
  seat_->owner = nullptr;
  seat_->cancel.emit(asio::cancellation_type::terminal);
  seat_.reset();
}

void Counsellor::leave() {
  request("POST", "/api/rooms/" + room_ + "/leave", {{"session", seat_->session}});
  vanish();
}

void Counsellor::end() { request("POST", "/api/rooms/" + room_ + "/end", {{"session", seat_->session}}); }

const Answerer* Counsellor::peer(const std::string& direction) const {
  if (!seat_) return nullptr;
  for (auto id = seat_->order.rbegin(); id != seat_->order.rend(); ++id) {
    const auto found = seat_->peers.find(*id);
    if (found != seat_->peers.end() && found->second.direction == direction) return found->second.answerer.get();
  }
  return nullptr;
}

std::size_t Counsellor::peers() const { return seat_ ? seat_->peers.size() : 0; }

const std::vector<std::string>& Counsellor::heard() const {
  static const std::vector<std::string> kNothing;
  return seat_ ? seat_->heard : kNothing;
}

bool Counsellor::has_heard(const std::string& what) const {
  return std::find(heard().begin(), heard().end(), what) != heard().end();
}

}  // namespace madoguchi::test
