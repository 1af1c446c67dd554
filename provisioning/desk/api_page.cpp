// SPDX-License-Identifier: Apache-2.0
// What the counsellor's page asks of the desk. On the desk's loop.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "provisioning/desk/api.hpp"
#include "provisioning/desk/names.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
using json::bj::array;
using json::bj::object;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMostBanner = 120;  ///< characters

/// A few departments, in words that a screen has room for.
Result<std::vector<std::string>> listeners_of(const object& body) {
  const Error wrong(Errc::invalid, "\"names\" is a list of at most 4 names of at most 20 characters");
  const auto* list = body.if_contains("names");
  if (list == nullptr || !list->is_array() || list->get_array().size() > 4) return fail(wrong);
  std::vector<std::string> names;
  for (const auto& each : list->get_array()) {
    if (!each.is_string() || characters(each.get_string()) > kMostListener || each.get_string().empty())
      return fail(wrong);
    names.emplace_back(each.get_string());
  }
  return names;
}

std::string day_of(WallTime time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time + kJapan));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

}  // namespace

Api::Api(asio::any_io_executor executor, Clock& clock, Records& records, PageFiles page, asio::thread_pool& pool,
         ApiSettings settings, RoomSettings rooms)
    : executor_(std::move(executor)), clock_(clock), records_(records), page_(std::move(page)), pool_(pool),
      settings_(settings), rooms_(clock, rooms,
                                  {[this](const std::string& room) { state_changed(room); },
                                   [this](const std::string& room) { return facts_of(room); },
                                   [this] { return counsellors_.anybody_takes(); }}),
      counsellors_([this] {
        rooms_.tell_desks({{"type", "counsellors"}, {"list", counsellors_.list()}});
        rooms_.takers_changed();
      }),
      events_(clock, settings.most_events), offers_(clock, settings.most_offers),
      days_(clock,
            [this](const std::string& day) {
              rooms_.tell_desks({{"type", "bookings"}, {"day", day}});
            }),
      store_seen_(clock.wall()), attempts_(clock, settings.attempts) {
  (void)nobodys_hash();
}

void Api::set_origin(std::string origin) {
  origin_ = std::move(origin);
  host_ = origin_.substr(origin_.find("//") + 2);
}

void Api::state_changed(const std::string& room) {
  const auto booking = booked_.find(room);
  if (booking != booked_.end()) bookings_changed(booking->second);
}

Result<void> Api::write_down(Store& store, const Booking& booking, const std::string& what, const std::string& who,
                             WallTime now) {
  if (what == "staff-came") return {};
  if (what == "calling" || what == "talking") {
    if (auto done = store.mark_resumed(booking.room); !done) return done;
    if (what == "calling") return store.call_begins(booking, now);
    if (auto done = store.mark_held(booking.room); !done) return done;
    return store.call_answered(booking, who, now);
  }
  if (what == "ended" || what == "counsellor") {
    if (auto done = store.mark_ended(booking.room, now); !done) return done;
  }
  return store.call_ends(booking, what == "idle" ? "lost" : what, now);
}

object Api::facts_of(const std::string& room) const {
  object facts{{"room", room}};
  const auto booking = booked_.find(room);
  if (booking == booked_.end()) return facts;
  facts["receipt"] = booking->second.receipt;
  facts["hall"] = booking->second.hall;
  facts["hall_name"] = booking->second.hall_name;
  return facts;
}

bool Api::has_ended(const Booking& booking) const {
  const RoomState state = rooms_.state(booking.room);
  return state == RoomState::ended || (state == RoomState::quiet && booking.ended_at);
}

void Api::bookings_changed(const Booking& booking) { days_.changed(day_of(booking.start)); }

void Api::watch_login(const std::shared_ptr<Outbox>& stream, const Request& request) {
  watch(stream, {Key::login, request.cookie(kLoginCookie)}, settings_.most_streams_of_login);
}

asio::awaitable<Reply> Api::answer(Request request, OnGone on_gone) {
  // A page elsewhere that talks a browser into asking us under another name gets nothing (DNS rebinding).
  const std::string host = request.header("host");
  const std::string port = host_.substr(host_.rfind(':'));
  if (host != host_ && host != "localhost" + port) co_return error_reply(421, "this server has another name");
  const std::string first = request.segments.empty() ? std::string() : request.segments.front();
  if (first == "calendars" || first == "events" || first == "whip" || first == "whep") {
    co_return co_await answer_box(std::move(request), std::move(on_gone));
  }
  if (first == "api") {
    if (request.method != "GET" && request.header("origin") != "http://" + host) {
      co_return error_reply(403, "this request comes from another page");
    }
    co_return co_await answer_page(std::move(request));
  }
  if (request.method != "GET" && request.method != "HEAD") co_return error_reply(405, "only to be read");
  co_return page_.get(request);
}

asio::awaitable<Reply> Api::answer_page(Request request) {
  if (request.is("POST", {"api", "login"})) co_return co_await log_in(std::move(request));
  const std::string cookie = request.cookie(kLoginCookie);
  struct Asks {
    std::optional<Login> login;
    bool in_time = false;
  };
  std::function<Result<Asks>(Store&)> read = [cookie, now = clock_.wall()](Store& store) -> Result<Asks> {
    auto login = store.login_whenever(cookie);
    if (!login) return fail(login.error());
    const auto in_time = store.login(cookie, now);
    if (!in_time) return fail(in_time.error());
    return Asks{std::move(*login), in_time->has_value()};
  };
  const Result<Asks> asks = co_await records_.ask(std::move(read));
  if (!asks) co_return store_failed(asks.error());
  const std::optional<Login>& login = asks->login;
  if (!login || (!asks->in_time && !is_of_own_seat(request, login->name))) co_return error_reply(401, "please log in");
  if (request.method != "GET" && !same_secret(request.header("x-csrf-token"), login->csrf)) {
    co_return error_reply(403, "the page is out of date: load it again");
  }
  Reply reply = co_await signed_in(std::move(request), *login);
  reply.signed_in = true;
  co_return reply;
}

bool Api::is_of_own_seat(const Request& request, const std::string& who) const {
  std::string session;
  if (request.is("GET", {"api", "rooms", "*", "stream"})) {
    const auto asked = request.query.find("session");
    if (asked != request.query.end()) session = asked->second;
  } else if (request.is("POST", {"api", "offers", "*", "*"}) || request.is("POST", {"api", "rooms", "*", "*"})) {
    const auto body = json::parse_object(request.body);
    if (body) session = json::string_or(*body, "session", "").value_or("");
  }
  return !session.empty() && rooms_.sits(session, who);
}

asio::awaitable<Reply> Api::signed_in(Request request, Login login) {
  if (request.is("GET", {"api", "me"})) co_return json_reply(200, object{{"name", login.name}, {"csrf", login.csrf}});
  if (request.is("POST", {"api", "logout"})) {
    Reply out = co_await log_out(request.cookie(kLoginCookie));
    if (out.status == 204) counsellors_.forget(login.name);
    co_return out;
  }
  if (request.is("POST", {"api", "me", "state"})) co_return set_state(request, login);
  if (request.is("GET", {"api", "departments"})) co_return co_await departments();
  if (request.is("GET", {"api", "halls"})) co_return co_await halls();
  if (request.is("GET", {"api", "bookings"})) co_return co_await bookings(std::move(request));
  if (request.is("POST", {"api", "bookings"})) co_return co_await make_booking(std::move(request));
  if (request.is("DELETE", {"api", "bookings", "*"})) co_return co_await cancel(request.segments[2]);
  if (request.is("POST", {"api", "bookings", "*", "move"})) co_return co_await move_booking(std::move(request));
  if (request.is("GET", {"api", "calls", "missed"})) co_return co_await missed_calls();
  if (request.is("POST", {"api", "calls", "*", "*"}))
    co_return co_await mark_call(std::move(request), std::move(login));
  if (request.is("GET", {"api", "rooms", "*", "record"})) co_return co_await record(request.segments[2]);
  if (request.is("GET", {"api", "stream"})) co_return desk_stream(request, login);
  if (request.is("GET", {"api", "rooms", "*", "stream"})) co_return room_stream(request);
  if (request.is("POST", {"api", "rooms", "*", "*"})) co_return co_await room(std::move(request), std::move(login));
  if (request.is("POST", {"api", "offers", "*", "*"})) co_return answer_offer(request);
  co_return error_reply(404, "there is nothing here");
}

object hall_json(const Hall& hall) {
  return {{"id", hall.id},     {"name", hall.name},           {"address", hall.address},
          {"room", hall.room}, {"telephone", hall.telephone}, {"staffed", hall.staffed}};
}

asio::awaitable<Reply> Api::halls() {
  std::function<Result<std::vector<Hall>>(Store&)> read = [](Store& store) { return store.halls(); };
  const auto stored = co_await records_.ask(std::move(read));
  if (!stored) co_return store_failed(stored.error());
  array halls;
  for (const Hall& hall : *stored) halls.push_back(hall_json(hall));
  co_return json_reply(200, halls);
}

Reply Api::answer_offer(const Request& request) {
  const auto body = json::parse_object(request.body);
  if (!body) return error_reply(400, body.error().message);
  const std::string session = json::string_or(*body, "session", "").value_or("");
  const std::string& offer = request.segments[2];
  bool taken = false;
  if (request.segments[3] == "answer") {
    const auto sdp = json::string(*body, "sdp");
    if (!sdp) return error_reply(422, sdp.error().message);
    taken = rooms_.answer(offer, session, *sdp);
  } else if (request.segments[3] == "reject") {
    taken = rooms_.reject(offer, session, json::string_or(*body, "reason", "").value_or("").substr(0, 200));
  } else {
    return error_reply(404, "there is nothing here");
  }
  return taken ? empty_reply() : error_reply(410, "the offer is gone");
}

// ---- rooms -----------------------------------------------------------------------------------------------------------

asio::awaitable<Reply> Api::room(Request request, Login login) {
  const std::string& room = request.segments[2];
  const std::string& what = request.segments[3];
  const auto body = json::parse_object(request.body);
  if (!body) co_return error_reply(400, body.error().message);
  std::string session = json::string_or(*body, "session", "").value_or("");
  if (what == "join") {
    std::string seat = json::string_or(*body, "seat", "").value_or("");
    const bool takes_over = json::boolean_or(*body, "takes_over", false).value_or(false);
    co_return co_await join(room, std::move(seat), std::move(login.name), takes_over);
  }
  if (what == "end") co_return co_await end_room(room, std::move(session));
  if (what == "coming") {
    co_return rooms_.comes(room, login.name) ? empty_reply() : error_reply(410, "nobody asks for help there any more");
  }
  co_return in_talk(room, what, session, *body);
}

Reply Api::in_talk(const std::string& room, const std::string& what, const std::string& session, const object& body) {
  bool done = false;
  if (what == "leave") {
    done = rooms_.leave(room, session);
  } else if (what == "hold" || what == "handover" || what == "help" || what == "staff") {
    const auto on = json::boolean(body, "on");
    if (!on) return error_reply(422, on.error().message);
    if (what == "hold") done = rooms_.hold(room, session, *on);
    if (what == "help") done = rooms_.help(room, session, *on);
    if (what == "staff") done = rooms_.call_staff(room, session, *on);
    if (what == "handover") {
      done = rooms_.hand_over(room, session, *on, json::string_or(body, "to", "").value_or(""));
    }
  } else if (what == "paused") {
    const auto sound = json::boolean(body, "sound");
    const auto picture = json::boolean(body, "picture");
    if (!sound) return error_reply(422, sound.error().message);
    if (!picture) return error_reply(422, picture.error().message);
    done = rooms_.paused(room, session, *sound, *picture);
  } else if (what == "listeners") {
    auto names = listeners_of(body);
    if (!names) return error_reply(422, names.error().message);
    done = rooms_.listeners(room, session, *names);
    for (const std::string& name : done ? *names : std::vector<std::string>()) takes_part(room, name, "listener");
  } else if (what == "banner") {
    auto text = json::string(body, "text");
    if (!text) return error_reply(422, text.error().message);
    if (characters(*text) > kMostBanner) return error_reply(422, "a banner has at most 120 characters");
    done = rooms_.banner(room, session, std::move(*text));
  } else {
    return error_reply(404, "there is nothing here");
  }
  return done ? empty_reply() : error_reply(410, "this seat is not yours any more");
}

asio::awaitable<Reply> Api::join(std::string room, std::string seat, std::string who, bool takes_over) {
  struct Asked {
    Known known;
    std::optional<Hall> hall;
  };
  std::function<Result<Asked>(Store&)> read = [room](Store& store) -> Result<Asked> {
    const auto known = look_up(store, room);
    if (!known) return fail(known.error());
    Asked asked{*known, std::nullopt};
    if (!known->booking) return asked;
    auto hall = store.hall(known->booking->hall);
    if (!hall) return fail(hall.error());
    asked.hall = std::move(*hall);
    return asked;
  };
  const Result<Asked> asked = co_await records_.ask(std::move(read));
  if (!asked) co_return store_failed(asked.error());
  const Found found = find_room(asked->known);
  if (!found.booking) co_return error_reply(found.status, found.words);
  if (has_ended(*found.booking)) co_return error_reply(410, "the consultation has ended");
  const Joined joined = rooms_.join(room, seat, who, takes_over);
  if (joined.kind == Joined::no_such_seat) co_return error_reply(404, "there is no such seat");
  if (joined.kind == Joined::no_handover) {
    co_return json_reply(409, object{{"error", "nobody hands this seat over any more"}, {"code", "no-handover"}});
  }
  if (joined.kind == Joined::taken) {
    co_return json_reply(409, object{{"error", "another counsellor sits there"}, {"name", joined.by}});
  }
  co_return json_reply(200, object{{"session", joined.session},
                                   {"hall_name", found.booking->hall_name},
                                   {"receipt", found.booking->receipt},
                                   {"hall", hall_json(asked->hall.value_or(Hall{}))},
                                   {"ice_servers", array()}});
}

asio::awaitable<Reply> Api::end_room(std::string room, std::string session) {
  if (!rooms_.is_seated(room, session)) co_return error_reply(410, "this seat is not yours any more");
  // Written down first: an end that did not reach the disk would be undone by a restart.
  std::function<Result<bool>(Store&)> write = [room, now = clock_.wall()](Store& store) -> Result<bool> {
    const auto booking = store.booking_of_room(room);
    if (!booking) return fail(booking.error());
    if (!*booking) return false;
    if (auto done = write_down(store, **booking, "counsellor", {}, now); !done) return fail(done.error());
    return true;
  };
  const Result<bool> written = co_await records_.ask(std::move(write));
  if (!written) co_return store_failed(written.error());
  const bool done = *written && rooms_.end(room, session);
  co_return done ? empty_reply() : error_reply(410, "this seat is not yours any more");
}

Reply Api::set_state(const Request& request, const Login& login) {
  const auto body = json::parse_object(request.body);
  if (!body) return error_reply(400, body.error().message);
  const auto state = Counsellors::state_of(json::string_or(*body, "state", "").value_or(""));
  if (!state) return error_reply(422, "a state is taking, busy or away");
  const bool sure = json::boolean_or(*body, "sure", false).value_or(false);
  if (*state != Counsellors::State::taking && !sure && counsellors_.is_last(login.name)) {
    return json_reply(409, object{{"error", "nobody else takes calls then: say \"sure\""}, {"code", "last"}});
  }
  counsellors_.set(login.name, *state);
  return empty_reply();
}

asio::awaitable<Reply> Api::departments() {
  std::function<Result<std::vector<std::string>>(Store&)> read = [](Store& store) { return store.departments(); };
  const auto stored = co_await records_.ask(std::move(read));
  if (!stored) co_return store_failed(stored.error());
  co_return json_reply(200, array(stored->begin(), stored->end()));
}

Reply Api::desk_stream(const Request& request, const Login& login) {
  Reply reply;
  reply.stream = std::make_shared<Outbox>(executor_);
  const StreamId stream = rooms_.open_desk([outbox = reply.stream](const object& event) { outbox->push(event); });
  reply.stream->push(object{{"type", "counsellors"}, {"list", counsellors_.list()}});
  counsellors_.came(login.name);
  reply.stream_ended = [this, stream, who = login.name] {
    rooms_.close_desk(stream);
    counsellors_.went(who);
  };
  watch_login(reply.stream, request);
  return reply;
}

Reply Api::room_stream(const Request& request) {
  const std::string room = request.segments[2];
  const auto session = request.query.find("session");
  Reply reply;
  reply.stream = std::make_shared<Outbox>(executor_);
  const auto stream = rooms_.open_page(
      room, session == request.query.end() ? "" : session->second,
      [outbox = reply.stream](const object& event) { outbox->push(event); },
      [outbox = reply.stream] { outbox->close(); });
  if (!stream) return error_reply(410, "this seat is not yours any more");
  reply.stream_ended = [this, room, id = *stream] { rooms_.close_page(room, id); };
  if (rooms_.state(room) == RoomState::talking) takes_part(room, rooms_.who(room), "counsellor");
  watch_login(reply.stream, request);
  return reply;
}

}  // namespace madoguchi::desk
