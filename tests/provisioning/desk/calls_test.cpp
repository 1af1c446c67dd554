// SPDX-License-Identifier: Apache-2.0
// What the desk answers when its file fails it, what a box's state makes of a call, and how many streams one may have.
#include "tests/provisioning/desk/virtual_desk.hpp"

using namespace madoguchi;
using namespace madoguchi::desk;

TEST_CASE("what can't be read is 503 - never an empty calendar, a stranger, or a password that is wrong") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply seat = desk.sit();
  const std::string calendar = "/calendars/" + desk.store->halls().value().at(0).calendar + "/bookings.ics";
  CHECK(desk.box("GET", calendar) == 200);
  for (const char* table : {"bookings", "halls", "logins", "counsellors"}) {
    CAPTURE(table);
    run_sql(desk, (std::string("ALTER TABLE ") + table + " RENAME TO away").c_str());
    const std::string name = table;
    if (name == "bookings" || name == "halls") {
      CHECK(desk.box("GET", calendar) == 503);
      CHECK(desk.box("GET", "/events/" + desk.booking.room) == 503);
      CHECK(desk.box("POST", "/whip/" + desk.booking.room + "/counsellor", "v=0") == 503);
      CHECK(desk.page("GET", "/api/bookings?day=2026-11-23").status == 503);
    }
    if (name == "halls") CHECK(desk.page("GET", "/api/halls").status == 503);
    if (name == "logins") {
      CHECK(desk.page("GET", "/api/me").status == 503);
      CHECK(desk.page("POST", "/api/logout").status == 503);
    }
    if (name == "counsellors") CHECK(desk.log_in() == 503);
    desk.tick();
    CHECK_FALSE(seat.stream->closed);  // who sits there keeps her seat
    run_sql(desk, (std::string("ALTER TABLE away RENAME TO ") + table).c_str());
  }
  CHECK(desk.box("GET", calendar) == 200);
  CHECK(desk.page("GET", "/api/me").status == 200);
}

TEST_CASE("what was not written down is not answered as done: a logout, an end, what a box says, a booking's end") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply seat = desk.sit();
  const std::string room = "/api/rooms/" + desk.booking.room, events = "/events/" + desk.booking.room;
  REQUIRE(desk.box("POST", events, R"({"type":"talking"})") == 204);
  run_sql(desk,
          "CREATE TRIGGER full_disk BEFORE UPDATE ON bookings BEGIN SELECT RAISE(FAIL, 'disk I/O error'); END;"
          "CREATE TRIGGER full_disk_too BEFORE DELETE ON logins BEGIN SELECT RAISE(FAIL, 'disk I/O error'); END;");
  CHECK(desk.page("POST", room + "/end", {{"session", desk.session}}).status == 503);
  CHECK_FALSE(Desk::heard(seat, "ended"));
  CHECK(desk.box("POST", events, R"({"type":"ended"})") == 503);
  CHECK(desk.page("DELETE", "/api/bookings/" + desk.booking.receipt).status == 503);
  CHECK(desk.page("POST", "/api/logout").status == 503);
  CHECK(desk.page("GET", "/api/me").status == 200);
  CHECK_FALSE(stored(desk).ended_at);
  run_sql(desk, "DROP TRIGGER full_disk; DROP TRIGGER full_disk_too;");
  CHECK(desk.page("POST", room + "/end", {{"session", desk.session}}).status == 204);
  CHECK(Desk::heard(seat, "ended"));
  CHECK(stored(desk).ended_at);
  CHECK(desk.page("POST", "/api/logout").status == 204);
  CHECK(desk.page("GET", "/api/me").status == 401);
}

TEST_CASE("a desk restarted while a talk runs past its booked end closes no living picture") {
  for (const bool talks : {true, false}) {
    CAPTURE(talks);
    Desk desk;
    REQUIRE(desk.log_in() == 200);
    desk.advance(2h);
    const std::string events = "/events/" + desk.booking.room, room = "/api/rooms/" + desk.booking.room;
    (void)desk.sit();
    REQUIRE(desk.box("POST", events, R"({"type":"talking"})") == 204);
    if (!talks) REQUIRE(desk.box("POST", events, R"({"type":"ended"})") == 204);
    desk.advance(31min);  // the booking is for 30
    desk.start();
    CHECK(desk.box("GET", events) == (talks ? 200 : 410));
    // The page comes back before the box has said anything, and the box is asked to offer to it.
    CHECK(desk.page("POST", room + "/join", {{"seat", "counsellor"}}).status == (talks ? 200 : 410));
    CHECK(desk.box("POST", events, R"({"type":"state","phase":"talking","features":["state"]})") ==
          (talks ? 204 : 410));
    if (!talks) continue;
    desk.advance(2h);
    desk.start();
    CHECK(desk.box("GET", events) == 410);  // one day even that is over
  }
}

TEST_CASE("a box's state is the whole truth: what was lost before costs nothing") {
  struct Row {
    const char* what;
    std::vector<const char*> said;
    const char *booking,
        *how;  ///< the booking's state, and how the last call ended; "-" = it is open, "" = there is none
    bool rings;
  };
  const Row rows[] = {
      {"the call was lost, the state is heard", {R"({"type":"state","phase":"calling"})"}, "calling", "-", true},
      {"power cut while calling, then idle",
       {R"({"type":"calling"})", R"({"type":"state","phase":"idle"})"},
       "booked",
       "lost",
       false},
      {"out of service",
       {R"({"type":"calling"})", R"({"type":"state","phase":"out-of-service"})"},
       "booked",
       "lost",
       false},
      {"the talk was lost", {R"({"type":"calling"})", R"({"type":"state","phase":"talking"})"}, "talking", "-", false},
      {"the end was lost: long press",
       {R"({"type":"talking"})", R"({"type":"state","phase":"ending","reason":"by-room"})"},
       "ended",
       "ended",
       false},
      {"the end was lost: given up",
       {R"({"type":"calling"})", R"({"type":"state","phase":"ending","reason":"no-answer"})"},
       "booked",
       "cancelled",
       false},
      {"an end that the office made itself changes nothing",
       {R"({"type":"talking"})", R"({"type":"state","phase":"ending","reason":"by-office"})"},
       "talking",
       "-",
       false},
      {"an end stays one",
       {R"({"type":"talking"})", R"({"type":"ended"})", R"({"type":"state","phase":"idle"})"},
       "ended",
       "ended",
       false},
      {"idle all along", {R"({"type":"state","phase":"idle","features":["state","x"]})"}, "booked", "", false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Desk desk;
    REQUIRE(desk.log_in() == 200);
    desk.advance(2h);
    const Reply stream = desk.page("GET", "/api/stream");
    const std::string events = "/events/" + desk.booking.room;
    const auto box = desk.begin("GET", events);
    REQUIRE(box->reply);
    CHECK(Desk::heard(*box->reply, R"("features":["state"])"));
    for (const char* body : row.said) CHECK(desk.box("POST", events, body) == 204);
    const Reply list = desk.page("GET", "/api/bookings?day=2026-11-23");
    CHECK(list.body.find(std::string(R"("state":")") + row.booking + "\"") != std::string::npos);
    const auto calls = desk.store->calls(desk.clock.wall() - 1h, desk.clock.wall() + 1h).value();
    REQUIRE(calls.size() == (*row.how == '\0' ? 0 : 1));
    if (!calls.empty()) CHECK((calls[0].ended ? calls[0].how : "-") == row.how);
    CHECK((Desk::heard(stream, R"("type":"ring",)") && !Desk::heard(stream, "ring-stopped")) == row.rings);
    desk.advance(1s);
  }
}

TEST_CASE("what no box says is 422") {
  Desk desk;
  desk.advance(2h);
  const std::string events = "/events/" + desk.booking.room;
  for (const char* body : {R"({"type":"state"})", R"({"type":"state","phase":"dancing"})",
                           R"({"type":"state","phase":7})", R"({"type":"hello"})", R"({})"}) {
    CAPTURE(body);
    CHECK(desk.box("POST", events, body) == 422);
  }
}

TEST_CASE("a call knows who answered it, and that the counsellor ended it") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const std::string events = "/events/" + desk.booking.room;
  REQUIRE(desk.box("POST", events, R"({"type":"calling"})") == 204);
  desk.advance(7s);
  const Reply seat = desk.sit();
  REQUIRE(desk.box("POST", events, R"({"type":"talking"})") == 204);
  desk.advance(1min);
  REQUIRE(desk.page("POST", "/api/rooms/" + desk.booking.room + "/end", {{"session", desk.session}}).status == 204);
  const auto calls = desk.store->calls(desk.clock.wall() - 1h, desk.clock.wall()).value();
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].by == "sato");
  CHECK(*calls[0].answered - calls[0].pressed == 7s);
  CHECK(*calls[0].ended - *calls[0].answered == 1min);
  CHECK(calls[0].how == "counsellor");
}

TEST_CASE("streams of one token or login have an end: for one more, the oldest ends - others are not touched") {
  ApiSettings settings;
  settings.most_streams_of_token = 3;
  settings.most_streams_of_login = 2;
  settings.most_events = 1000;
  Desk desk(settings);
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const std::string events = "/events/" + desk.booking.room;
  std::vector<Reply> boxes, pages;
  for (int i = 0; i < 5; ++i) {
    boxes.push_back(*desk.begin("GET", events)->reply);
    pages.push_back(desk.page("GET", "/api/stream"));
    REQUIRE(boxes.back().stream);
    REQUIRE(pages.back().stream);
  }
  for (int i = 0; i < 5; ++i) {
    CAPTURE(i);
    CHECK(boxes[static_cast<std::size_t>(i)].stream->closed == (i < 2));
    CHECK(pages[static_cast<std::size_t>(i)].stream->closed == (i < 3));
  }
  // Another login of the same person has its own.
  REQUIRE(desk.log_in() == 200);
  CHECK(desk.page("GET", "/api/stream").stream);
  CHECK_FALSE(pages[3].stream->closed);
}

TEST_CASE("a call that nobody answered stands in the list until somebody has seen to it, on the following days too") {
  Desk d;
  REQUIRE(d.store->describe_hall("south", {{}, {}, {}, "0123-45-6789", {}}).value());
  REQUIRE(d.log_in() == 200);
  const auto missed = [&d] { return d.page("GET", "/api/calls/missed").body; };
  const auto event = [&d](const std::string& type) {
    return d.box("POST", "/events/" + d.booking.room, R"({"type":")" + type + R"("})");
  };
  d.advance(2h);
  CHECK(missed() == "[]");
  REQUIRE(event("calling") == 204);
  CHECK(missed() == "[]");  // it still rings
  REQUIRE(event("cancelled") == 204);
  CHECK(missed().find(R"("telephone":"0123-45-6789")") != std::string::npos);
  CHECK(missed().find(R"("pressed":"2026-11-23T02:00:00Z")") != std::string::npos);

  SECTION("the hall calls again, and is answered") {
    REQUIRE(event("calling") == 204);
    REQUIRE(event("talking") == 204);
    CHECK(missed() == "[]");
  }
  SECTION("it was a mistake") {
    REQUIRE(d.page("POST", "/api/calls/1/trial", {{"on", true}}).status == 204);
    CHECK(missed() == "[]");
  }
  SECTION("somebody sees to it the next day, and it stands there as settled for that day") {
    d.advance(24h);
    REQUIRE(d.log_in() == 200);
    CHECK(missed().find("settled") == std::string::npos);
    REQUIRE(d.page("POST", "/api/calls/1/settled").status == 204);
    CHECK(missed().find(R"("settled":"2026-11-24T02:00:00Z","settled_by":"sato")") != std::string::npos);
    d.advance(24h);
    REQUIRE(d.log_in() == 200);
    CHECK(missed() == "[]");
  }
  SECTION("nobody sees to it for a month") {
    d.advance(24h * 31);
    REQUIRE(d.log_in() == 200);
    CHECK(missed() == "[]");
  }
}

TEST_CASE("a booking moves with its receipt number, its room and its reference, and the feed's sequence goes up") {
  Desk d;
  REQUIRE(d.log_in() == 200);
  REQUIRE(d.store->put_hall("north", "North", "other").has_value());
  const Reply made =
      d.page("POST", "/api/bookings",
             {{"hall", "south"}, {"start", "2026-11-23T05:00:00Z"}, {"minutes", 30}, {"reference", "R8-114"}});
  REQUIRE(made.status == 201);
  CHECK(made.body.find(R"("reference":"R8-114")") != std::string::npos);
  const std::string receipt = json::string(json::parse_object(made.body).value(), "receipt").value();
  const auto move = [&d, &receipt](const std::string& hall, const std::string& start) {
    return d.page("POST", "/api/bookings/" + receipt + "/move", {{"hall", hall}, {"start", start}, {"minutes", 45}});
  };
  const Reply taken = move("south", rfc3339(d.booking.start));
  CHECK(taken.status == 409);
  CHECK(taken.body.find(R"("code":"taken","by":{"receipt":")" + d.booking.receipt) != std::string::npos);
  const Reply moved = move("north", "2026-11-24T01:00:00Z");
  REQUIRE(moved.status == 200);
  CHECK(moved.body.find(R"("receipt":")" + receipt) != std::string::npos);
  CHECK(moved.body.find(R"("hall":"north")") != std::string::npos);
  const Booking after = d.store->booking(receipt).value().value();
  CHECK(after.sequence == 1);
  CHECK(after.reference == "R8-114");
  CHECK(move("north", "2026-11-24T01:10:00Z").status == 200);  // its own time is no conflict

  const Hall north = d.store->hall("north").value().value();
  const std::string feed = d.begin("GET", "/calendars/" + north.calendar + "/bookings.ics")->reply->body;
  CHECK(feed.find("SEQUENCE:2") != std::string::npos);
  CHECK(feed.find("R8-114") == std::string::npos);
  const Hall south = d.store->hall("south").value().value();
  CHECK(d.begin("GET", "/calendars/" + south.calendar + "/bookings.ics")->reply->body.find(receipt) ==
        std::string::npos);

  CHECK(move("north", "2026-11-22T01:00:00Z").body.find("in-the-past") != std::string::npos);
  CHECK(move("west", "2026-11-24T01:00:00Z").body.find("unknown-hall") != std::string::npos);
  REQUIRE(d.page("DELETE", "/api/bookings/" + receipt).status == 204);
  CHECK(move("north", "2026-11-24T02:00:00Z").body.find(R"("code":"over")") != std::string::npos);
}

TEST_CASE("a booking does not move while the hall calls for it, and a reference is short and plain") {
  Desk d;
  REQUIRE(d.log_in() == 200);
  d.advance(2h);
  const object later{{"hall", "south"}, {"start", "2026-11-23T08:00:00Z"}, {"minutes", 30}};
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"calling"})") == 204);
  const Reply busy = d.page("POST", "/api/bookings/" + d.booking.receipt + "/move", later);
  CHECK(busy.status == 409);
  CHECK(busy.body.find(R"("code":"calling")") != std::string::npos);
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"cancelled"})") == 204);
  CHECK(d.page("POST", "/api/bookings/" + d.booking.receipt + "/move", later).status == 200);
  for (const char* bad : {"123456789012345678901", "\xe5\xb1\xb1\xe7\x94\xb0", "a\nb"}) {
    object booking{{"hall", "south"}, {"start", "2026-11-23T06:00:00Z"}, {"minutes", 30}, {"reference", bad}};
    const Reply refused = d.page("POST", "/api/bookings", booking);
    CHECK(refused.status == 422);
    CHECK(refused.body.find(R"("code":"reference")") != std::string::npos);
  }
}
