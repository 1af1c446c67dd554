// SPDX-License-Identifier: Apache-2.0
// What boxes ask of the desk: calendar, events, WHIP and WHEP. On the desk's loop.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "provisioning/desk/api.hpp"
#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
using json::bj::object;
using namespace std::chrono_literals;

namespace {

/// A POST that waits for its page.
struct Waiting {
  explicit Waiting(const asio::any_io_executor& executor) : wake(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer wake;
  std::optional<Outcome> outcome;
};

Reply busy(const std::string& words) {
  Reply reply = error_reply(503, words);
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

Reply too_often() {
  Reply reply = error_reply(429, "too many of these in a second: wait one");
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

Reply reply_of(const Outcome& outcome, const std::string& path) {
  switch (outcome.kind) {
    case Outcome::answered: break;
    case Outcome::nobody: return busy("nobody answers there: try again");
    case Outcome::refused: return error_reply(406, "the page refused the offer: " + outcome.reason);
    case Outcome::gone: return error_reply(404, "the offer was taken back");
    case Outcome::over: return error_reply(410, "the consultation has ended");
  }
  Reply reply;
  reply.status = 201;
  reply.headers = {
      {"Content-Type", "application/sdp"}, {"Location", path + "/" + outcome.resource}, {"Cache-Control", "no-store"}};
  reply.body = outcome.sdp;
  return reply;
}

}  // namespace

Reply store_failed(const Error& error) {
  log::error("store-failed", {{"error", error.message}});
  Reply reply = error_reply(503, "the desk's file cannot be read or written just now: try again, and tell its keeper");
  reply.headers.emplace_back("Retry-After", "5");
  return reply;
}

Result<Api::Known> Api::look_up(Store& store, const std::string& room) {
  Known known;
  auto booking = store.booking_of_room(room);
  if (!booking) return fail(booking.error());
  known.booking = std::move(*booking);
  if (!known.booking) return known;
  const auto open = store.call_is_open(*known.booking);
  if (!open) return fail(open.error());
  known.call_is_open = *open;
  return known;
}

Api::Found Api::find_room(const Known& known) {
  Found found;
  found.words = "there is no such room";
  const std::optional<Booking>& booking = known.booking;
  if (!booking) return found;
  booked_.insert_or_assign(booking->room, *booking);
  const WallTime now = clock_.wall();
  // Who is in it may overrun, also when the desk was restarted meanwhile; nobody comes new after its end.
  const bool goes_on = rooms_.in_use(booking->room) || known.call_is_open;
  if (!goes_on && now < booking->start - settings_.opens_before) {
    found.words = "the room is not open yet";
    return found;
  }
  const bool over = goes_on ? clock_.boot() > closes_at(*booking) : now > booking->end;
  if (booking->cancelled || over) {
    found.status = 410;
    found.words = booking->cancelled ? "the booking was cancelled" : "the consultation is over";
    return found;
  }
  found.booking = booking;
  return found;
}

asio::awaitable<Reply> Api::answer_box(Request request, OnGone on_gone) {
  if (request.is("GET", {"calendars", "*", "bookings.ics"})) co_return co_await calendar(std::move(request));
  struct Asked {
    std::optional<Hall> hall;
    Known room;
  };
  const std::string room = request.segments.size() < 2 ? std::string() : request.segments[1];
  std::function<Result<Asked>(Store&)> read = [token = request.bearer(), room](Store& store) -> Result<Asked> {
    Asked asked;
    auto hall = store.hall_of_token(token);
    if (!hall) return fail(hall.error());
    asked.hall = std::move(*hall);
    if (!asked.hall) return asked;
    auto known = look_up(store, room);
    if (!known) return fail(known.error());
    asked.room = std::move(*known);
    return asked;
  };
  const Result<Asked> asked = co_await records_.ask(std::move(read));
  if (!asked) co_return store_failed(asked.error());
  if (!asked->hall) {
    Reply refused = error_reply(401, "this box is not registered: make a token with madoguchi-desk add-hall");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
    co_return refused;
  }
  if (room.empty()) co_return error_reply(404, "there is no such room");
  // Nothing is told of another hall's room, not even that it was cancelled or is over.
  const std::optional<Booking>& owner = asked->room.booking;
  if (!owner || owner->hall != asked->hall->id) co_return error_reply(404, "there is no such room");
  const bool removes = request.is("DELETE", {"whip", "*", "*", "*"}) || request.is("DELETE", {"whep", "*", "*", "*"});
  if (removes) {
    if (!rooms_.remove(room, request.segments[3])) co_return error_reply(404, "it is gone already");
    co_return empty_reply(200);
  }
  const Found found = find_room(asked->room);
  if (!found.booking) co_return error_reply(found.status, found.words);
  if (request.is("GET", {"events", "*"})) co_return box_stream(request);
  if (request.is("POST", {"events", "*"})) co_return co_await box_says(std::move(request), *found.booking);
  if (request.is("POST", {"whip", "*", "*"}) || request.is("POST", {"whep", "*", "*"})) {
    co_return co_await offer(std::move(request), *found.booking, std::move(on_gone));
  }
  co_return error_reply(405, "this address is not for that method");
}

asio::awaitable<Reply> Api::offer(Request request, Booking booking, OnGone on_gone) {
  if (!offers_.allows(request.segments[1])) co_return too_often();
  if (request.header("content-type").rfind("application/sdp", 0) != 0) {
    co_return error_reply(415, "an offer is application/sdp");
  }
  if (request.body.rfind("v=0", 0) != 0) co_return error_reply(400, "that is not SDP");
  const std::string room = request.segments[1];
  const std::string seat = request.segments[2];
  bool known = false;
  for (const std::string& each : Rooms::seats()) known = known || each == seat;
  if (!known) co_return error_reply(404, "there is no such seat");
  // Who is pressed for again may come before the event that says so, while the counsellor still sits there.
  if (has_ended(booking) && !rooms_.in_use(room)) {
    co_return error_reply(410, "the consultation has ended");
  }
  auto waiting = std::make_shared<Waiting>(executor_);
  std::function<void(Outcome)> done = [waiting](Outcome outcome) {
    waiting->outcome = std::move(outcome);
    waiting->wake.cancel();
  };
  const Direction direction = request.segments[0] == "whip" ? Direction::whip : Direction::whep;
  const std::string id = rooms_.post_offer(room, seat, direction, std::move(request.body), std::move(done));
  if (!waiting->outcome) {
    std::function<void()> gone = [this, id, waiting] {
      if (waiting->outcome) return;
      rooms_.abandon(id);
      waiting->wake.cancel();
    };
    on_gone(std::move(gone));
    boost::system::error_code woken;
    co_await waiting->wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  const Outcome outcome = waiting->outcome.value_or(Outcome{});
  // Not the reason: a browser's words may quote the offer.
  if (outcome.kind == Outcome::refused) log::notice("offer-refused", {{"direction", name(direction)}});
  co_return reply_of(outcome, request.path);
}

asio::awaitable<Reply> Api::calendar(Request request) {
  struct Asked {
    std::optional<Hall> hall;
    std::vector<Booking> bookings;
  };
  std::function<Result<Asked>(Store&)> read = [calendar = request.segments[1],
                                               now = clock_.wall()](Store& store) -> Result<Asked> {
    Asked asked;
    auto hall = store.hall_of_calendar(calendar);
    if (!hall) return fail(hall.error());
    asked.hall = std::move(*hall);
    if (!asked.hall) return asked;
    auto bookings = store.bookings(now - 24h, now + 14 * 24h, asked.hall->id);
    if (!bookings) return fail(bookings.error());
    asked.bookings = std::move(*bookings);
    return asked;
  };
  const Result<Asked> asked = co_await records_.ask(std::move(read));
  // Never an empty calendar instead: the box would believe it.
  if (!asked) co_return store_failed(asked.error());
  const std::optional<Hall>& hall = asked->hall;
  if (!hall) co_return error_reply(404, "there is no such calendar");
  const std::vector<Booking>& bookings = asked->bookings;
  WallTime changed{};
  for (const Booking& booking : bookings) changed = std::max(changed, booking.changed);
  Reply reply;
  reply.body = calendar_text(*hall, bookings, origin_);
  const std::string etag = "\"" + sha256_hex(reply.body).substr(0, 32) + "\"";
  reply.headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}};
  // Without a booking there is no time that could be told.
  if (changed != WallTime{}) reply.headers.emplace_back("Last-Modified", http_date(changed));
  if (names_etag(request.header("if-none-match"), etag)) {
    reply.status = 304;
    reply.body.clear();
    co_return reply;
  }
  reply.headers.emplace_back("Content-Type", "text/calendar; charset=utf-8");
  co_return reply;
}

namespace {

/// What Rooms::box_says() takes; "" = nothing that changes anything. An error says what a box may say.
Result<std::string> said_by_box(const object& event) {
  const auto type = json::string(event, "type");
  for (const char* news : {"calling", "cancelled", "talking", "ended", "staff-came"}) {
    if (type && *type == news) return *type;
  }
  if (!type || *type != "state")
    return fail(Errc::invalid, "a box says calling, cancelled, talking, ended, staff-came or state");
  const auto phase = json::string(event, "phase");
  if (phase && (*phase == "calling" || *phase == "talking")) return *phase;
  if (phase && (*phase == "idle" || *phase == "out-of-service")) return std::string("idle");
  // The reason says the same as the news that may have been lost.
  const auto reason = json::string_or(event, "reason", "");
  if (phase && *phase == "ending" && reason) {
    if (*reason == "cancelled" || *reason == "no-answer") return std::string("cancelled");
    if (*reason == "by-room" || *reason == "far-left" || *reason == "lost") return std::string("ended");
    return std::string();
  }
  return fail(Errc::invalid, "the phase of a state is idle, calling, talking, ending or out-of-service");
}

}  // namespace

asio::awaitable<Reply> Api::box_says(Request request, Booking booking) {
  const std::string room = request.segments[1];
  if (!events_.allows(room)) co_return too_often();
  const auto event = json::parse_object(request.body);
  if (!event) co_return error_reply(400, event.error().message);
  const auto what = said_by_box(*event);
  if (!what) co_return error_reply(422, what.error().message);
  if (what->empty()) co_return empty_reply(204);
  const bool resumes = (*what == "calling" || *what == "talking") && has_ended(booking);
  std::function<Result<bool>(Store&)> write = [booking, what = *what, who = rooms_.who(room), now = clock_.wall(),
                                               resumes](Store& store) -> Result<bool> {
    if (resumes) {
      const auto given = store.is_given_away(booking);
      if (!given || *given) return given;
    }
    if (const auto kept = write_down(store, booking, what, who, now); !kept) return fail(kept.error());
    return false;
  };
  const Result<bool> given_away = co_await records_.ask(std::move(write));
  if (!given_away) co_return store_failed(given_away.error());
  if (*given_away) {
    co_return error_reply(410, "the consultation has ended, and its time has another booking: join that one");
  }
  booked_.insert_or_assign(room, booking);  // tick() may have forgotten it meanwhile: who hears of the ring asks for it
  (void)rooms_.box_says(room, *what);
  co_return empty_reply(204);
}

Reply Api::box_stream(const Request& request) {
  const std::string room = request.segments[1];
  Reply reply;
  reply.stream = std::make_shared<Outbox>(executor_);
  const StreamId stream = rooms_.open_box(room, [outbox = reply.stream](const auto& event) { outbox->push(event); });
  reply.stream_ended = [this, room, stream] { rooms_.close_box(room, stream); };
  watch(reply.stream, {Key::token, request.bearer()}, settings_.most_streams_of_token);
  return reply;
}

}  // namespace madoguchi::desk
