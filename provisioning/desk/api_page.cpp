// SPDX-License-Identifier: Apache-2.0
// What the counsellor's page asks of the desk. On the desk's loop.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "base/off_loop.hpp"
#include "provisioning/desk/api.hpp"
#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
using json::bj::array;
using json::bj::object;
using namespace std::chrono_literals;

namespace {

constexpr const char* kCookie = "madoguchi";

/// Verified when there is no such counsellor, so that both take the same time. Of a password that nobody knows.
const std::string& nobodys_hash() {
  static const std::string kHash = hash_password(random_hex(16)).value_or("");
  return kHash;
}

/// 409 for a hall that is taken, 503 for what passes, else 422.
Reply booking_refused(const BookingRefused& refused) {
  const int status = refused.code == Errc::busy ? 409 : refused.code == Errc::io ? 503 : 422;
  return json_reply(status, object{{"error", refused.message}, {"code", refused.reason}});
}

std::string day_of(WallTime time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time + kJapan));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

}  // namespace

Api::Api(asio::any_io_executor executor, Clock& clock, Store& store, PageFiles page, asio::thread_pool& pool,
         ApiSettings settings, RoomSettings rooms)
    : executor_(std::move(executor)), clock_(clock), store_(store), page_(std::move(page)), pool_(pool),
      settings_(settings), rooms_(clock, rooms,
                                  {[this](const std::string& room) { state_changed(room); },
                                   [this](const std::string& room) { (void)told(store_.mark_held(room)); },
                                   [this](const std::string& room) { return facts_of(room); }}),
      events_(clock, settings.most_events), offers_(clock, settings.most_offers),
      days_(clock,
            [this](const std::string& day) {
              rooms_.tell_desks({{"type", "bookings"}, {"day", day}});
            }),
      store_seen_(clock.wall()) {
  if (const auto version = store.version()) store_version_ = *version;
  (void)nobodys_hash();
}

void Api::set_origin(std::string origin) {
  origin_ = std::move(origin);
  host_ = origin_.substr(origin_.find("//") + 2);
}

void Api::state_changed(const std::string& room) {
  if (const auto booking = told(store_.booking_of_room(room)); booking && *booking) bookings_changed(**booking);
}

Result<void> Api::write_down(const Booking& booking, const std::string& what) {
  const WallTime now = clock_.wall();
  if (what == "calling" || what == "talking") {
    if (auto done = store_.mark_resumed(booking.room); !done) return done;
    if (what == "calling") return store_.call_begins(booking, now);
    if (auto done = store_.mark_held(booking.room); !done) return done;
    return store_.call_answered(booking, rooms_.who(booking.room), now);
  }
  if (what == "ended" || what == "counsellor") {
    if (auto done = store_.mark_ended(booking.room, now); !done) return done;
  }
  return store_.call_ends(booking, what == "idle" ? "lost" : what, now);
}

object Api::facts_of(const std::string& room) const {
  object facts{{"room", room}};
  if (const auto booking = told(store_.booking_of_room(room)); booking && *booking) {
    facts["receipt"] = (*booking)->receipt;
    facts["hall"] = (*booking)->hall;
    facts["hall_name"] = (*booking)->hall_name;
  }
  return facts;
}

bool Api::has_ended(const Booking& booking) const {
  const RoomState state = rooms_.state(booking.room);
  return state == RoomState::ended || (state == RoomState::quiet && booking.ended_at);
}

void Api::bookings_changed(const Booking& booking) { days_.changed(day_of(booking.start)); }

void Api::look_at_store() {
  const auto version = store_.version();
  if (!version || *version == store_version_) return;
  // The other process has stamped what it wrote a moment before it was there to be seen.
  const auto changed = told(store_.changed_since(store_seen_ - 10s));
  if (!changed) return;  // again in a second
  store_version_ = *version;
  std::set<std::string> days;
  for (const Booking& booking : *changed) days.insert(day_of(booking.start));
  for (const std::string& day : days) days_.changed(day);
  store_seen_ = clock_.wall();
}

void Api::watch(const std::shared_ptr<Outbox>& stream, const std::string& owner, std::size_t most,
                std::function<bool()> holds) {
  const auto is_own = [&owner](const Watched& each) {
    const auto open = each.stream.lock();
    return open && !open->closed && each.owner == owner;
  };
  if (static_cast<std::size_t>(std::count_if(streams_.begin(), streams_.end(), is_own)) >= most) {
    std::find_if(streams_.begin(), streams_.end(), is_own)->stream.lock()->close();
  }
  streams_.push_back({stream, owner, std::move(holds)});
}

void Api::watch_login(const std::shared_ptr<Outbox>& stream, const Request& request) {
  const std::string cookie = request.cookie(kCookie);
  watch(stream, "login " + sha256_hex(cookie), settings_.most_streams_of_login,
        [this, cookie] { return store_.has_login(cookie).value_or(true); });
}

void Api::tick() {
  look_at_store();
  events_.tidy();
  offers_.tidy();
  std::erase_if(streams_, [](const Watched& each) {
    const auto stream = each.stream.lock();
    if (stream && !stream->closed && !each.holds()) stream->close();
    return !stream || stream->closed;
  });
  const WallTime now = clock_.wall();
  for (const std::string& room : rooms_.all()) {
    if (!rooms_.in_use(room)) continue;
    const auto stored = store_.booking_of_room(room);
    if (!stored) continue;  // nobody is sent away because a disk fails
    const std::optional<Booking>& booking = *stored;
    if (booking && !booking->cancelled && now <= booking->end + settings_.closes_after) continue;
    if (booking) (void)told(write_down(*booking, booking->cancelled ? "cancelled-booking" : "over"));
    rooms_.close_room(room);
  }
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
  const std::string cookie = request.cookie(kCookie);
  const auto known = store_.login(cookie, clock_.wall());
  if (!known) co_return store_failed(known.error());
  const std::optional<Login>& login = *known;
  if (!login) co_return error_reply(401, "please log in");
  if (request.method != "GET" && !same_secret(request.header("x-csrf-token"), login->csrf)) {
    co_return error_reply(403, "the page is out of date: load it again");
  }
  Reply reply = signed_in(request, *login);
  reply.signed_in = true;
  co_return reply;
}

Api::Failures& Api::failures_of(const FailuresKey& key) {
  const auto counts = [this](const Failures& each) { return clock_.boot() - each.last <= settings_.failures_for; };
  if (failures_.count(key) == 0 && failures_.size() >= settings_.most_remembered) {
    std::erase_if(failures_, [&counts](const auto& each) { return !counts(each.second); });
    if (failures_.size() >= settings_.most_remembered) {
      failures_.erase(std::min_element(failures_.begin(), failures_.end(), [](const auto& one, const auto& other) {
        return one.second.last < other.second.last;
      }));
    }
  }
  Failures& failures = failures_[key];
  if (!counts(failures)) failures.count = 0;
  return failures;
}

asio::awaitable<Reply> Api::log_in(Request request) {
  const auto body = json::parse_object(request.body);
  const auto name = body ? json::string(*body, "name") : Result<std::string>(fail(body.error()));
  const auto password = body ? json::string(*body, "password") : Result<std::string>(fail(body.error()));
  if (!name || !password || name->size() > 100 || password->size() > 1000) {
    co_return error_reply(422, "a name and a password are needed");
  }
  const auto stored = store_.password_hash(*name);
  if (!stored) co_return store_failed(stored.error());
  const std::optional<std::string> hash = *stored;
  const FailuresKey key{hash ? *name : std::string(), request.remote};
  Failures& failures = failures_of(key);
  if (failures.count >= settings_.most_failures) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(failures.last + settings_.failures_for - clock_.boot());
    Reply wait = error_reply(429, "too many wrong passwords: wait a minute");
    wait.headers.emplace_back("Retry-After", std::to_string(std::max<long long>(1, left.count())));
    co_return wait;
  }
  // Counted before the slow part, so that many at once are no way around the limit.
  ++failures.count;
  failures.last = clock_.boot();
  std::function<bool()> work = [hash = hash.value_or(nobodys_hash()), password = *password] {
    return verify_password(hash, password);
  };
  const bool right = co_await off_loop<bool>(pool_, std::move(work));
  // Compared again: a new password may have come meanwhile.
  const auto still = store_.password_hash(*name);
  if (!still) co_return store_failed(still.error());
  if (!right || !hash || *still != hash) {
    log::notice("login-refused");
    co_return error_reply(401, "the name or the password is wrong");
  }
  failures_.erase(key);
  const std::string cookie = random_hex(32);
  Login login{*name, random_hex(16)};
  if (auto kept = store_.put_login(cookie, login, clock_.wall() + settings_.login_for, clock_.wall()); !kept) {
    co_return store_failed(kept.error());
  }
  object me{{"name", login.name}, {"csrf", login.csrf}};
  Reply reply = json_reply(200, me);
  reply.signed_in = true;
  reply.headers.emplace_back("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", kCookie,
                                                       cookie, std::chrono::seconds(settings_.login_for).count()));
  co_return reply;
}

Reply Api::signed_in(const Request& request, const Login& login) {
  if (request.is("GET", {"api", "me"})) return json_reply(200, object{{"name", login.name}, {"csrf", login.csrf}});
  if (request.is("POST", {"api", "logout"})) {
    // Somebody who walks away believes it: only what is gone from the disk is said to be gone.
    if (const auto done = store_.forget_login(request.cookie(kCookie)); !done) return store_failed(done.error());
    Reply reply = empty_reply();
    reply.headers.emplace_back("Set-Cookie", fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", kCookie));
    return reply;
  }
  if (request.is("GET", {"api", "halls"})) {
    const auto stored = store_.halls();
    if (!stored) return store_failed(stored.error());
    array halls;
    for (const Hall& hall : *stored) halls.push_back(object{{"id", hall.id}, {"name", hall.name}});
    return json_reply(200, halls);
  }
  if (request.is("GET", {"api", "bookings"})) return bookings(request);
  if (request.is("POST", {"api", "bookings"})) return make_booking(request);
  if (request.is("DELETE", {"api", "bookings", "*"})) {
    const auto booking = store_.booking(request.segments[2]);
    if (!booking) return store_failed(booking.error());
    if (const auto done = store_.cancel(request.segments[2], clock_.wall()); !done) {
      if (done.error().code == Errc::not_found) return error_reply(404, done.error().message);
      return store_failed(done.error());
    }
    (void)told(write_down(**booking, "cancelled-booking"));
    rooms_.close_room((*booking)->room);
    bookings_changed(**booking);
    return empty_reply();
  }
  if (request.is("GET", {"api", "stream"})) return desk_stream(request);
  if (request.is("GET", {"api", "rooms", "*", "stream"})) return room_stream(request);
  if (request.is("POST", {"api", "rooms", "*", "*"})) return room(request, login);
  if (request.is("POST", {"api", "offers", "*", "*"})) {
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
  return error_reply(404, "there is nothing here");
}

// ---- bookings --------------------------------------------------------------------------------------------------------

object Api::booking_json(const Booking& booking) const {
  std::string state = "cancelled";
  if (!booking.cancelled) {
    const RoomState now = rooms_.state(booking.room);
    // Held, and quiet before its end: the desk was restarted in the middle, or the hall pressed by mistake.
    const bool over = now == RoomState::quiet && booking.held && clock_.wall() > booking.end;
    state = name(over || has_ended(booking) ? RoomState::ended : now);
  }
  return object{{"receipt", booking.receipt},
                {"hall", booking.hall},
                {"hall_name", booking.hall_name},
                {"start", rfc3339(booking.start)},
                {"end", rfc3339(booking.end)},
                {"room", booking.room},
                {"state", state}};
}

Reply Api::bookings(const Request& request) {
  const auto day = request.query.find("day");
  const auto from = parse_rfc3339((day == request.query.end() ? "" : day->second) + "T00:00:00+09:00");
  if (!from) return error_reply(422, "write the day as 2026-11-23");
  const auto stored = store_.bookings(*from, *from + 24h);
  if (!stored) return store_failed(stored.error());
  array all;
  for (const Booking& booking : *stored) all.push_back(booking_json(booking));
  return json_reply(200, all);
}

Reply Api::make_booking(const Request& request) {
  const auto body = json::parse_object(request.body);
  if (!body) return error_reply(400, body.error().message);
  const auto hall = json::string(*body, "hall");
  const auto start_text = json::string(*body, "start");
  const auto minutes = json::integer(*body, "minutes");
  if (!hall || !start_text || !minutes) {
    return booking_refused({Errc::invalid, "incomplete", "a hall, a start and minutes are needed"});
  }
  const auto start = parse_rfc3339(*start_text);
  if (!start) return booking_refused({Errc::invalid, "not-a-time", start.error().message});
  const auto length = std::chrono::minutes(std::clamp<std::int64_t>(*minutes, 0, 100000));
  const auto booking = store_.book(*hall, *start, length, clock_.wall());
  if (!booking) return booking_refused(booking.error());
  bookings_changed(*booking);
  return json_reply(201, booking_json(*booking));
}

// ---- rooms -----------------------------------------------------------------------------------------------------------

Reply Api::room(const Request& request, const Login& login) {
  const std::string& room = request.segments[2];
  const std::string& what = request.segments[3];
  const auto body = json::parse_object(request.body);
  if (!body) return error_reply(400, body.error().message);
  if (what == "join") {
    const Found found = find_room(room);
    if (!found.booking) return error_reply(found.status, found.words);
    if (has_ended(*found.booking)) return error_reply(410, "the consultation has ended");
    const Joined joined = rooms_.join(room, json::string_or(*body, "seat", "").value_or(""), login.name);
    if (joined.kind == Joined::no_such_seat) return error_reply(404, "there is no such seat");
    if (joined.kind == Joined::taken) {
      return json_reply(409, object{{"error", "another counsellor sits there"}, {"name", joined.by}});
    }
    return json_reply(200, object{{"session", joined.session},
                                  {"hall_name", found.booking->hall_name},
                                  {"receipt", found.booking->receipt},
                                  {"ice_servers", array()}});
  }
  const std::string session = json::string_or(*body, "session", "").value_or("");
  bool done = false;
  if (what == "leave") done = rooms_.leave(room, session);
  else if (what == "end") {
    // Written down first: an end that did not reach the disk would be undone by a restart.
    const auto booking = store_.booking_of_room(room);
    if (!booking) return store_failed(booking.error());
    done = *booking && rooms_.is_seated(room, session);
    if (done) {
      if (const auto kept = write_down(**booking, "counsellor"); !kept) return store_failed(kept.error());
      (void)rooms_.end(room, session);
    }
  } else return error_reply(404, "there is nothing here");
  return done ? empty_reply() : error_reply(410, "this seat is not yours any more");
}

Reply Api::desk_stream(const Request& request) {
  Reply reply;
  reply.stream = std::make_shared<Outbox>(executor_);
  const StreamId stream = rooms_.open_desk([outbox = reply.stream](const object& event) { outbox->push(event); });
  reply.stream_ended = [this, stream] { rooms_.close_desk(stream); };
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
  watch_login(reply.stream, request);
  return reply;
}

}  // namespace madoguchi::desk
