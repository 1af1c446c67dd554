// SPDX-License-Identifier: Apache-2.0
// What a seat does in a talk: hold, banner, handing over. In virtual time, through the interface.
#include "tests/provisioning/desk/virtual_desk.hpp"

using namespace madoguchi;
using namespace madoguchi::desk;

namespace {

/// Two counsellors and a hall that talks with the first.
struct Talk : Desk {
  Talk() {
    REQUIRE(store->put_counsellor("suzuki", hash_password(kPassword).value()).has_value());
    advance(90min);
    be("suzuki");
    be("sato");
    hall = begin("GET", "/events/" + booking.room)->reply.value();
    desks = page("GET", "/api/stream");
    seat = sit();
    REQUIRE(box("POST", "/events/" + booking.room, R"({"type":"talking"})") == 204);
  }
  /// Whoever asks from now on.
  void be(const std::string& who) {
    if (logins.count(who) == 0) {
      cookie = csrf = "";
      REQUIRE(log_in(kPassword, who) == 200);
      logins[who] = {cookie, csrf};
    }
    std::tie(cookie, csrf) = logins[who];
  }
  Reply does(const std::string& what, object body) {
    body["session"] = session;
    return page("POST", "/api/rooms/" + booking.room + "/" + what, body);
  }
  Reply take_over() {
    return page("POST", "/api/rooms/" + booking.room + "/join", {{"seat", "counsellor"}, {"takes_over", true}});
  }
  Reply open_seat(const std::string& of) { return page("GET", "/api/rooms/" + booking.room + "/stream?session=" + of); }
  static std::string session_of(const Reply& joined) {
    return json::string(json::parse_object(joined.body).value(), "session").value();
  }
  bool has_state(const std::string& state) {
    return page("GET", "/api/bookings?day=2026-11-23").body.find("\"state\":\"" + state + "\"") != std::string::npos;
  }
  static std::string latest(const Reply& stream) {
    return stream.stream->queue.empty() ? std::string() : stream.stream->queue.back();
  }

  std::map<std::string, std::pair<std::string, std::string>> logins;
  Reply hall, desks, seat;
};

}  // namespace

TEST_CASE("a counsellor holds and writes, and the hall hears it, also when it comes back") {
  Talk d;
  CHECK(d.does("hold", {{"on", true}}).status == 204);
  CHECK(Talk::heard(d.hall, R"("type":"hold","on":true)"));
  CHECK(Talk::heard(d.seat, R"("type":"hold","on":true)"));
  CHECK(d.does("banner", {{"text", "Room 3"}}).status == 204);
  CHECK(Talk::heard(d.hall, R"("type":"banner","text":"Room 3")"));
  const Reply again = d.begin("GET", "/events/" + d.booking.room)->reply.value();
  CHECK(Talk::heard(again, R"("type":"hold","on":true)"));
  CHECK(Talk::heard(again, R"("type":"banner","text":"Room 3")"));
  const Reply reloaded = d.sit();
  CHECK(Talk::heard(reloaded, R"("type":"hold","on":true)"));
  CHECK(Talk::heard(reloaded, R"("type":"banner","text":"Room 3")"));
  CHECK(d.does("hold", {{"on", false}}).status == 204);
  CHECK(Talk::latest(d.hall).find(R"("type":"hold","on":false)") != std::string::npos);
  CHECK(d.does("banner", {{"text", ""}}).status == 204);
  CHECK(Talk::latest(d.hall).find(R"("type":"banner","text":"")") != std::string::npos);
}

TEST_CASE("a microphone or camera that is off is told to the hall, also when it comes back or calls again") {
  Talk d;
  const std::string off = R"({"type":"paused","sound":true,"picture":false})";
  CHECK(d.does("paused", {{"sound", true}, {"picture", false}}).status == 204);
  CHECK(Talk::heard(d.hall, off));
  CHECK(Talk::heard(d.begin("GET", "/events/" + d.booking.room)->reply.value(), off));

  // The hall gives up and calls again, and she is still there: the box has forgotten, and so has the desk.
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"cancelled"})") == 204);
  d.hall = d.begin("GET", "/events/" + d.booking.room)->reply.value();
  CHECK(d.does("paused", {{"sound", true}, {"picture", false}}).status == 204);
  CHECK_FALSE(Talk::heard(d.hall, R"("type":"paused")"));  // nobody calls
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"calling"})") == 204);
  CHECK(d.does("paused", {{"sound", true}, {"picture", false}}).status == 204);
  CHECK(Talk::heard(d.hall, off));
}

TEST_CASE("whoever sits down next does not inherit a microphone that is off") {
  Talk d;
  CHECK(d.does("paused", {{"sound", true}, {"picture", true}}).status == 204);
  CHECK(d.does("leave", {}).status == 204);
  d.be("suzuki");
  d.sit();
  CHECK(Talk::heard(d.begin("GET", "/events/" + d.booking.room)->reply.value(),
                    R"({"type":"paused","sound":false,"picture":false})"));
}

TEST_CASE("hold and banner are refused to who does not sit there, and where they say nothing") {
  Talk d;
  CHECK(d.does("hold", {}).status == 422);
  CHECK(d.does("banner", {}).status == 422);
  CHECK(d.does("paused", {{"sound", true}}).status == 422);
  CHECK(d.does("paused", {{"picture", true}}).status == 422);
  std::string kanji;
  for (int i = 0; i < 120; ++i) kanji += "\xe7\xaa\x93";
  CHECK(d.does("banner", {{"text", kanji}}).status == 204);
  CHECK(d.does("banner", {{"text", kanji + "x"}}).status == 422);
  d.session = "somebody-else";
  CHECK(d.does("hold", {{"on", true}}).status == 410);
  CHECK(d.does("paused", {{"sound", true}, {"picture", false}}).status == 410);
  CHECK(d.does("banner", {{"text", "x"}}).status == 410);
  CHECK(d.does("handover", {{"on", true}}).status == 410);
  CHECK_FALSE(Talk::heard(d.hall, R"("type":"hold","on":true)"));
}

TEST_CASE("only who takes calls is rung, and the last one is warned before she goes") {
  Talk d;
  const auto state = [&d](const char* what, bool sure = false) {
    return d.page("POST", "/api/me/state", {{"state", what}, {"sure", sure}});
  };
  CHECK(Talk::heard(d.desks, R"("type":"counsellors","list":[{"name":"sato","state":"taking"}])"));
  CHECK(state("asleep").status == 422);
  const Reply last = state("away");
  CHECK(last.status == 409);
  CHECK(last.body.find(R"("code":"last")") != std::string::npos);
  d.be("suzuki");
  const Reply others = d.page("GET", "/api/stream");
  d.be("sato");
  CHECK(state("busy").status == 204);
  CHECK(Talk::latest(others).find(R"([{"name":"sato","state":"busy"},{"name":"suzuki","state":"taking"}])") !=
        std::string::npos);
  d.be("suzuki");
  CHECK(state("away").status == 409);
  CHECK(state("away", true).status == 204);

  // Nobody takes calls: the hall that calls is told of no ring until somebody does.
  d.be("sato");
  d.does("end", {});
  const std::string events = "/events/" + d.booking.room;
  REQUIRE(d.box("POST", events, R"({"type":"calling"})") == 204);
  CHECK_FALSE(Talk::heard(d.hall, "ringing"));
  CHECK(Talk::heard(d.desks, R"("type":"ring")"));  // seen, not heard
  CHECK(state("taking").status == 204);
  CHECK(Talk::heard(d.hall, "ringing"));
  // Her page goes, and with it her state from the list.
  others.stream_ended();
  CHECK(Talk::latest(d.desks).find("suzuki") == std::string::npos);
}

TEST_CASE("a colleague is called silently, and says that she comes") {
  Talk d;
  REQUIRE(d.does("help", {{"on", true}}).status == 204);
  CHECK(Talk::heard(d.desks, R"("type":"help","by":"sato")"));
  CHECK_FALSE(Talk::heard(d.hall, "help"));
  d.be("suzuki");
  CHECK(Talk::heard(d.page("GET", "/api/stream"), R"("type":"help","by":"sato")"));
  const std::string coming = "/api/rooms/" + d.booking.room + "/coming";
  REQUIRE(d.page("POST", coming).status == 204);
  CHECK(Talk::heard(d.seat, R"("type":"help","on":false,"who":"suzuki")"));
  CHECK(Talk::heard(d.desks, R"("type":"help-over")"));
  CHECK(d.page("POST", coming).status == 410);
}

TEST_CASE("the hall's staff are called until somebody there presses") {
  Talk d;
  REQUIRE(d.does("staff", {{"on", true}}).status == 204);
  CHECK(Talk::heard(d.hall, R"("type":"staff","on":true)"));
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"staff-came"})") == 204);
  CHECK(Talk::latest(d.hall).find(R"("type":"staff","on":false)") != std::string::npos);
  CHECK(Talk::heard(d.seat, R"("type":"staff","on":false,"came":true)"));
  CHECK(d.has_state("talking"));
}

TEST_CASE("who listens is told to the hall and written down") {
  Talk d;
  REQUIRE(d.store->put_department("Welfare").has_value());
  CHECK(d.page("GET", "/api/departments").body == R"(["Welfare"])");
  REQUIRE(d.does("listeners", {{"names", json::bj::array{"Welfare"}}}).status == 204);
  CHECK(Talk::heard(d.hall, R"("type":"listeners","names":["Welfare"])"));
  REQUIRE(d.does("listeners", {{"names", json::bj::array{}}}).status == 204);
  CHECK(Talk::latest(d.hall).find(R"("names":[])") != std::string::npos);
  d.does("end", {});
  CHECK(
      d.page("GET", "/api/rooms/" + d.booking.room + "/record").body.find(R"({"name":"Welfare","role":"listener"})") !=
      std::string::npos);
  for (const object& bad : {object{}, object{{"names", "Welfare"}}, object{{"names", json::bj::array{""}}},
                            object{{"names", json::bj::array{"123456789012345678901"}}},
                            object{{"names", json::bj::array{"a", "b", "c", "d", "e"}}}}) {
    CHECK(d.does("listeners", bad).status == 422);
  }
}

TEST_CASE("a talk's hold and banner end with it") {
  Talk d;
  d.does("hold", {{"on", true}});
  d.does("banner", {{"text", "Room 3"}});
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"ended"})") == 204);
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"calling"})") == 204);
  const Reply again = d.begin("GET", "/events/" + d.booking.room)->reply.value();
  CHECK(Talk::heard(again, R"("type":"hold","on":false)"));
  CHECK(Talk::heard(again, R"("type":"banner","text":"")"));
}

TEST_CASE("a seat passes when the colleague is there, and not before") {
  Talk d;
  REQUIRE(d.does("handover", {{"on", true}}).status == 204);
  CHECK(Talk::heard(d.desks, R"("type":"handover","by":"sato","to":"")"));
  CHECK(Talk::heard(d.desks, R"("hall_name":"South")"));
  CHECK(Talk::heard(d.seat, R"("type":"handover","on":true)"));
  d.be("suzuki");
  // Who comes later hears of it too.
  CHECK(Talk::heard(d.page("GET", "/api/stream"), R"("type":"handover","by":"sato")"));
  const Reply joined = d.take_over();
  REQUIRE(joined.status == 200);
  CHECK_FALSE(Talk::heard(d.hall, "seat-left"));
  CHECK_FALSE(d.seat.stream->closed);

  const Reply seat = d.open_seat(Talk::session_of(joined));
  REQUIRE(seat.stream);
  CHECK(Talk::heard(d.hall, R"("type":"seat-left","seat":"counsellor","handover":true)"));
  CHECK(Talk::latest(d.hall).find(R"("type":"seat-joined","seat":"counsellor")") != std::string::npos);
  CHECK(Talk::heard(d.seat, R"("type":"handed-over","to":"suzuki")"));
  CHECK(d.seat.stream->closed);
  CHECK(Talk::heard(d.desks, "handover-over"));
  CHECK(Talk::heard(seat, R"("type":"box","event":"talking")"));
  // It is not hers any more.
  CHECK(d.does("end", {}).status == 410);
  d.session = Talk::session_of(joined);
  CHECK(d.does("end", {}).status == 204);
}

TEST_CASE("who took part is written down, for the line that goes into the centre's own record") {
  Talk d;
  REQUIRE(d.does("handover", {{"on", true}}).status == 204);
  d.be("suzuki");
  const Reply joined = d.take_over();
  const Reply seat = d.open_seat(Talk::session_of(joined));
  d.settle();
  d.session = Talk::session_of(joined);
  d.advance(10min);
  REQUIRE(d.does("end", {}).status == 204);
  const Reply reply = d.page("GET", "/api/rooms/" + d.booking.room + "/record");
  REQUIRE(reply.status == 200);
  CHECK(reply.body.find(R"("people":[{"name":"sato","role":"counsellor"},{"name":"suzuki","role":"counsellor"}])") !=
        std::string::npos);
  CHECK(reply.body.find(R"("answered":"2026-11-23T01:30:00Z")") != std::string::npos);
  CHECK(reply.body.find(R"("ended":"2026-11-23T01:40:00Z")") != std::string::npos);
  CHECK(d.page("GET", "/api/rooms/no-such-room/record").status == 404);
}

TEST_CASE("the list says who talks, and since when") {
  Talk d;
  const auto day = [&d] { return d.page("GET", "/api/bookings?day=2026-11-23").body; };
  CHECK(day().find(R"("state":"talking","who":"sato","since":"2026-11-23T01:30:00Z")") != std::string::npos);
  REQUIRE(d.does("end", {}).status == 204);
  CHECK(day().find("who") == std::string::npos);
}

TEST_CASE("a press to try the button, or by mistake, counts nowhere") {
  Talk d;
  d.does("end", {});
  CHECK(d.has_state("ended"));
  const auto call = d.store->last_call(d.booking.receipt).value().value();
  REQUIRE(d.page("POST", "/api/calls/" + std::to_string(call.id) + "/trial", {{"on", true}}).status == 204);
  CHECK(d.has_state("booked"));
  CHECK_FALSE(stored(d).held);
  CHECK(stored(d).sequence == d.booking.sequence + 1);  // the box asks for its press again
  // It was none after all: the booking has ended, as before.
  REQUIRE(d.page("POST", "/api/calls/" + std::to_string(call.id) + "/trial", {{"on", false}}).status == 204);
  CHECK(d.has_state("ended"));
  CHECK(stored(d).held);
  CHECK(stored(d).ended_at == call.ended);
  REQUIRE(d.page("POST", "/api/calls/" + std::to_string(call.id) + "/trial", {{"on", true}}).status == 204);
  CHECK(d.has_state("booked"));
  CHECK(d.box("POST", "/events/" + d.booking.room, R"({"type":"calling"})") == 204);  // who comes then
  REQUIRE(d.page("POST", "/api/calls/" + std::to_string(call.id) + "/trial", {{"on", false}}).status == 204);
  CHECK(d.has_state("calling"));
  CHECK_FALSE(stored(d).ended_at);  // while the hall calls nothing has ended
  REQUIRE(d.page("POST", "/api/calls/" + std::to_string(call.id) + "/trial", {{"on", true}}).status == 204);
  // A talk after it is none: what it ended stays ended, whatever is said of the first press.
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"talking"})") == 204);
  REQUIRE(d.box("POST", "/events/" + d.booking.room, R"({"type":"ended"})") == 204);
  REQUIRE(d.page("POST", "/api/calls/" + std::to_string(call.id) + "/trial", {{"on", true}}).status == 204);
  CHECK(d.has_state("ended"));
  CHECK(stored(d).held);
  CHECK(d.page("POST", "/api/calls/99/trial", {{"on", true}}).status == 404);
  CHECK(d.page("POST", "/api/calls/x/trial", {{"on", true}}).status == 404);
  CHECK(d.page("POST", "/api/calls/1/trial", {}).status == 422);
}

TEST_CASE("nobody accepts within a minute, or who accepts does not come: she is still there") {
  Talk d;
  REQUIRE(d.does("handover", {{"on", true}}).status == 204);
  d.be("suzuki");
  const Reply joined = d.take_over();
  REQUIRE(joined.status == 200);
  d.advance(11s);
  CHECK(d.open_seat(Talk::session_of(joined)).status == 410);
  d.advance(50s);
  CHECK(Talk::heard(d.seat, R"("type":"handover","on":false,"why":"nobody")"));
  CHECK(d.take_over().status == 409);
  CHECK_FALSE(Talk::heard(d.hall, "seat-left"));
  CHECK_FALSE(d.seat.stream->closed);
  d.be("sato");
  CHECK(d.does("end", {}).status == 204);
}

TEST_CASE("a seat is offered to one, taken back, and never taken by who was not asked") {
  Talk d;
  d.be("suzuki");
  CHECK(d.take_over().status == 409);
  d.be("sato");
  REQUIRE(d.does("handover", {{"on", true}, {"to", "tanaka"}}).status == 204);
  CHECK(Talk::heard(d.desks, R"("to":"tanaka")"));
  d.be("suzuki");
  CHECK(d.take_over().status == 409);
  d.be("sato");
  REQUIRE(d.does("handover", {{"on", false}}).status == 204);
  CHECK(Talk::latest(d.desks).find("handover-over") != std::string::npos);
  REQUIRE(d.does("handover", {{"on", true}, {"to", "suzuki"}}).status == 204);
  d.be("suzuki");
  CHECK(d.take_over().status == 200);
  d.be("sato");
  REQUIRE(d.does("leave", {}).status == 204);
  CHECK(Talk::latest(d.desks).find("handover-over") != std::string::npos);
}
