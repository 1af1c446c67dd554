// SPDX-License-Identifier: Apache-2.0
// The desk's interface in virtual time: when rooms open and close, how long an offer, a login and a lock last.
#include <barrier>
#include <thread>

#include "tests/provisioning/desk/virtual_desk.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;
using json::bj::object;
namespace asio = boost::asio;

TEST_CASE("a room opens before its booking and closes at its end when nobody is in it") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  const std::string whip = "/whip/" + desk.booking.room + "/counsellor";
  const auto at = [&](std::chrono::minutes after_start) {
    const WallTime wanted = desk.booking.start + after_start;
    desk.advance(wanted - desk.clock.wall());
    return desk.box("POST", whip, "v=0");
  };
  CHECK(at(-119min) == 404);
  CHECK(desk.join() == 404);
  CHECK(at(-29min) == 503);
  CHECK(at(29min) == 503);
  CHECK(at(31min) == 410);
  CHECK(desk.join() == 410);
  CHECK(desk.box("GET", "/events/" + desk.booking.room) == 410);
}

TEST_CASE("a consultation that runs over keeps its room until everybody left, or two hours at most") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const auto box = desk.begin("GET", "/events/" + desk.booking.room);
  REQUIRE(box->reply);
  const Reply seat = desk.sit();
  CHECK(desk.box("POST", "/events/" + desk.booking.room, R"({"type":"talking"})") == 204);
  desk.advance(90min);
  desk.tick();
  CHECK_FALSE(Desk::heard(seat, "\"ended\""));
  const auto offer = desk.begin("POST", "/whip/" + desk.booking.room + "/counsellor", "v=0");
  CHECK_FALSE(offer->reply);
  CHECK(Desk::heard(seat, "\"offer\""));

  const bool left = GENERATE(true, false);
  CAPTURE(left);
  if (left) {
    CHECK(desk.page("POST", "/api/rooms/" + desk.booking.room + "/leave", {{"session", desk.session}}).status == 204);
    CHECK(desk.box("POST", "/events/" + desk.booking.room, R"({"type":"ended"})") == 204);
  } else {
    desk.advance(62min);
    CHECK(desk.page("GET", "/api/me").status == 200);
    desk.tick();
    CHECK(Desk::heard(seat, R"("by":"desk")"));
    CHECK(Desk::heard(*box->reply, R"("by":"desk")"));
    desk.tick();
    CHECK(std::count_if(box->reply->stream->queue.begin(), box->reply->stream->queue.end(),
                        [](const std::string& event) { return event.find("\"ended\"") != std::string::npos; }) == 1);
  }
  CHECK(desk.box("POST", "/whip/" + desk.booking.room + "/counsellor", "v=0") == 410);
}

TEST_CASE("an offer waits 8 s for the page - the box hears 503 and when to come again") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply seat = desk.sit();
  const auto offer = desk.begin("POST", "/whip/" + desk.booking.room + "/counsellor", "v=0");
  desk.advance(7900ms);
  CHECK_FALSE(offer->reply);
  desk.advance(200ms);
  REQUIRE(offer->reply);
  CHECK(offer->reply->status == 503);
  CHECK(std::count(offer->reply->headers.begin(), offer->reply->headers.end(),
                   std::pair<std::string, std::string>("Retry-After", "1")) == 1);
  CHECK(Desk::heard(seat, "\"offer-gone\""));
}

TEST_CASE("a login lasts twelve hours, a lock a minute") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(11h + 59min);
  CHECK(desk.page("GET", "/api/me").status == 200);
  desk.advance(2min);
  CHECK(desk.page("GET", "/api/me").status == 401);

  for (int i = 0; i < 5; ++i) CHECK(desk.log_in("wrong") == 401);
  CHECK(desk.log_in() == 429);
  desk.advance(59s);
  CHECK(desk.log_in() == 429);
  desk.advance(2s);
  CHECK(desk.log_in() == 200);
}

TEST_CASE(
    "a new password ends the counsellor's logins and streams - a new token the box's, and the calendar is another") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const auto box = desk.begin("GET", "/events/" + desk.booking.room);
  REQUIRE(box->reply);
  const Reply seat = desk.sit();
  const Reply stream = desk.page("GET", "/api/stream");
  desk.tick();
  CHECK_FALSE((seat.stream->closed || stream.stream->closed || box->reply->stream->closed));

  auto other = Store::open(desk.folder / "data").value();
  REQUIRE(other->put_counsellor("suzuki", "hash").has_value());
  const std::string calendar = other->halls().value().at(0).calendar;
  desk.tick();
  CHECK_FALSE(seat.stream->closed);
  REQUIRE(other->put_counsellor("sato", hash_password("another-47-kumquat").value()).has_value());
  CHECK(desk.page("GET", "/api/me").status == 401);
  desk.tick();
  CHECK((seat.stream->closed && stream.stream->closed));
  CHECK_FALSE(box->reply->stream->closed);
  CHECK(desk.log_in("another-47-kumquat") == 200);

  const Hall renewed = other->put_hall("south", "South", "another token").value();
  desk.tick();
  CHECK(box->reply->stream->closed);
  CHECK(renewed.calendar != calendar);
  CHECK(desk.box("GET", "/calendars/" + calendar + "/bookings.ics") == 404);
  CHECK(desk.box("GET", "/calendars/" + renewed.calendar + "/bookings.ics") == 200);
}

TEST_CASE("a login whose time is over lets the consultation go on - a logout ends its streams") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply stream = desk.page("GET", "/api/stream");
  desk.advance(11h);
  CHECK(desk.page("GET", "/api/me").status == 401);
  desk.tick();
  CHECK_FALSE(stream.stream->closed);
  REQUIRE(desk.log_in() == 200);
  desk.tick();
  CHECK_FALSE(stream.stream->closed);
  const Reply newer = desk.page("GET", "/api/stream");
  CHECK(desk.page("POST", "/api/logout").status == 204);
  desk.tick();
  CHECK(newer.stream->closed);
}

TEST_CASE("an end outlives a restart of the desk, until the hall calls anew") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const std::string events = "/events/" + desk.booking.room;
  const std::string whip = "/whip/" + desk.booking.room + "/counsellor";
  const auto state = [&] { return desk.page("GET", "/api/bookings?day=2026-11-23").body; };
  const Reply seat = desk.sit();
  CHECK(desk.box("POST", events, R"({"type":"talking"})") == 204);
  const bool by_hall = GENERATE(true, false);
  CAPTURE(by_hall);
  if (by_hall) CHECK(desk.box("POST", events, R"({"type":"ended"})") == 204);
  else CHECK(desk.page("POST", "/api/rooms/" + desk.booking.room + "/end", {{"session", desk.session}}).status == 204);
  CHECK(stored(desk).ended_at == desk.clock.wall());

  desk.start();
  CHECK(state().find("\"ended\"") != std::string::npos);
  CHECK(desk.box("POST", whip, "v=0") == 410);
  CHECK(desk.join() == 410);
  CHECK(desk.box("POST", events, R"({"type":"cancelled"})") == 204);
  CHECK(desk.join() == 410);

  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 204);
  CHECK_FALSE(stored(desk).ended_at);
  CHECK(state().find("\"calling\"") != std::string::npos);
  desk.start();
  CHECK(desk.box("POST", whip, "v=0") == 503);
  CHECK(desk.join() == 200);
}

TEST_CASE("a hall that was away and calls anew resumes an ended booking") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const std::string events = "/events/" + desk.booking.room;
  CHECK(desk.box("POST", events, R"({"type":"ended"})") == 204);
  desk.advance(11s);
  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 204);
  CHECK_FALSE(stored(desk).ended_at);
}

TEST_CASE("an ended booking's time can be booked again, and then it is not resumed") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const object wanted{{"hall", "south"}, {"start", rfc3339(desk.booking.start + 10min)}, {"minutes", 10}};
  CHECK(desk.page("POST", "/api/bookings", wanted).status == 409);
  const std::string events = "/events/" + desk.booking.room;
  CHECK(desk.box("POST", events, R"({"type":"ended"})") == 204);
  CHECK(desk.page("POST", "/api/bookings", wanted).status == 201);
  CHECK(desk.page("POST", "/api/bookings", wanted).status == 409);
  for (const char* type : {R"({"type":"calling"})", R"({"type":"talking"})"}) {
    CHECK(desk.box("POST", events, type) == 410);
  }
  CHECK(stored(desk).ended_at);
}

TEST_CASE("a box in a loop: pages hear of its day once a second, the last time too, and it hears 429") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply stream = desk.page("GET", "/api/stream");
  REQUIRE(stream.stream);
  const auto told = [&] {
    return std::count_if(stream.stream->queue.begin(), stream.stream->queue.end(),
                         [](const std::string& event) { return event.find("\"bookings\"") != std::string::npos; });
  };
  const std::string events = "/events/" + desk.booking.room;
  const std::string whip = "/whip/" + desk.booking.room + "/counsellor";
  for (int i = 0; i < 10; ++i) {
    CHECK(desk.box("POST", events, i % 2 == 0 ? R"({"type":"calling"})" : R"({"type":"talking"})") == 204);
  }
  const auto beyond = desk.begin("POST", events, R"({"type":"calling"})");
  REQUIRE(beyond->reply);
  CHECK(beyond->reply->status == 429);
  CHECK(std::count(beyond->reply->headers.begin(), beyond->reply->headers.end(),
                   std::pair<std::string, std::string>("Retry-After", "1")) == 1);
  CHECK(told() == 1);
  for (int i = 0; i < 10; ++i) CHECK(desk.box("POST", whip, "v=0") == 503);
  CHECK(desk.box("POST", whip, "v=0") == 429);
  desk.advance(999ms);
  CHECK(told() == 1);
  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 429);
  desk.advance(1ms);
  CHECK(told() == 2);
  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 204);
  CHECK(desk.box("POST", whip, "v=0") == 503);
  CHECK(told() == 2);
  desk.advance(1s);
  CHECK(told() == 3);
  desk.advance(5s);
  CHECK(told() == 3);
  // Long after, the first is told at once.
  CHECK(desk.box("POST", events, R"({"type":"talking"})") == 204);
  CHECK(told() == 4);
}

TEST_CASE("two who book the same hall for the same time at the same moment: one of them has it") {
  Desk desk;
  using Made = std::optional<tl::expected<Booking, BookingRefused>>;
  const WallTime now = desk.clock.wall();
  for (int round = 0; round < 40; ++round) {
    const WallTime start = now + std::chrono::hours(24 + round);
    std::barrier both(2);
    const auto book = [&](Made& made) {
      auto own = Store::open(desk.folder / "data").value();
      both.arrive_and_wait();
      made = own->book({"south", start, 30min}, "", now);
    };
    Made first, second;
    std::thread other(book, std::ref(second));
    book(first);
    other.join();
    CHECK(first->has_value() != second->has_value());
    const auto& loser = first->has_value() ? *second : *first;
    CHECK((!loser.has_value() && loser.error().code == Errc::busy));
    CHECK(desk.store->bookings(start, start + 1min).value().size() == 1);
  }
}

TEST_CASE("what another process books is seen - a held booking is over after its end only") {
  Desk desk;
  auto other = Store::open(desk.folder / "data").value();
  const WallTime now = desk.clock.wall();
  CHECK(other->book({"south", desk.booking.start, 30min}, "", now).error().code == Errc::busy);
  const std::int64_t before = desk.store->version().value();
  REQUIRE(other->book({"south", desk.booking.end, 30min}, "", now).has_value());
  CHECK(desk.store->version().value() != before);
  CHECK(desk.store->changed_since(now).value().size() == 2);

  REQUIRE(desk.log_in() == 200);
  REQUIRE(desk.store->mark_held(desk.booking.room));
  desk.advance(2h);
  const auto state = [&] { return desk.page("GET", "/api/bookings?day=2026-11-23").body; };
  CHECK(state().find("\"ended\"") == std::string::npos);
  desk.advance(31min);
  CHECK(state().find("\"ended\"") != std::string::npos);
}
