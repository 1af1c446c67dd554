// SPDX-License-Identifier: Apache-2.0
// A desk whose wall clock jumps, and a login whose time ends, in the middle of a talk. In virtual time.
#include "tests/provisioning/desk/virtual_desk.hpp"

using namespace madoguchi;
using namespace madoguchi::desk;

namespace {

struct Talk : Desk {
  explicit Talk(ApiSettings settings = {}) : Desk(settings) {
    REQUIRE(log_in() == 200);
    advance(2h);
    box_stream = begin("GET", events);
    REQUIRE(box_stream->reply);
    seat = sit();
    CHECK(box("POST", events, R"({"type":"calling"})") == 204);
    CHECK(box("POST", events, R"({"type":"talking"})") == 204);
    tick();
  }
  [[nodiscard]] bool goes_on() const { return !seat.stream->closed && !heard(seat, "\"ended\""); }
  /// A new offer of the box's, answered by the page: both statuses, 0 = none yet.
  std::pair<int, int> new_offer() {
    seat.stream->take();
    const auto offer = begin("POST", whip, "v=0\r\no=the box\r\n");
    if (offer->reply) return {offer->reply->status, 0};
    REQUIRE(seat.stream->queue.size() == 1);
    const std::string event = seat.stream->queue.front().substr(6);
    const std::string id = json::string(json::parse_object(event.substr(0, event.find('\n'))).value(), "id").value();
    const Reply answer =
        page("POST", "/api/offers/" + id + "/answer", {{"session", session}, {"sdp", "v=0\r\no=the page\r\n"}});
    settle();
    return {offer->reply ? offer->reply->status : 0, answer.status};
  }
  int in_room(const std::string& what, const object& body) {
    return page("POST", "/api/rooms/" + booking.room + "/" + what, body).status;
  }

  std::string events = "/events/" + booking.room, whip = "/whip/" + booking.room + "/counsellor";
  std::shared_ptr<Exchange> box_stream;
  Reply seat;
};

}  // namespace

TEST_CASE("a wall clock that jumps ends no consultation and deletes no login") {
  const auto by = GENERATE(365 * 24h, -365 * 24h, 5h, -5h);
  CAPTURE(by.count());
  Talk talk;
  talk.clock.jump_wall(by);
  talk.tick();
  CHECK(talk.goes_on());
  CHECK_FALSE(talk.box_stream->reply->stream->closed);
  CHECK(talk.new_offer() == std::pair(201, 204));
  CHECK(talk.in_room("hold", {{"session", talk.session}, {"on", true}}) == 204);
  CHECK(talk.box("POST", talk.events, R"({"type":"state","phase":"talking","features":[]})") == 204);
  // Somebody logs in while it is wrong.
  const std::string cookie = talk.cookie, csrf = talk.csrf;
  talk.cookie.clear();
  CHECK(talk.log_in() == 200);
  talk.cookie = cookie;
  talk.csrf = csrf;
  talk.clock.jump_wall(-by);
  talk.tick();
  CHECK(talk.goes_on());
  CHECK(talk.page("GET", "/api/me").status == 200);
  CHECK(talk.in_room("end", {{"session", talk.session}}) == 204);
}

TEST_CASE("two hours over are two hours, whatever the wall clock says meanwhile") {
  const auto by = GENERATE(365 * 24h, -365 * 24h);
  CAPTURE(by.count());
  Talk talk;
  talk.clock.jump_wall(by);
  talk.advance(2h + 29min);
  talk.tick();
  CHECK(talk.goes_on());
  talk.advance(2min);
  talk.tick();
  CHECK_FALSE(talk.goes_on());
}

TEST_CASE("a booking that is moved while a counsellor sits there has its new end") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply seat = desk.sit();
  desk.tick();
  const object later{{"hall", "south"}, {"start", rfc3339(desk.booking.start + 3h)}, {"minutes", 30}};
  CHECK(desk.page("POST", "/api/bookings/" + desk.booking.receipt + "/move", later).status == 200);
  desk.advance(3h);
  desk.tick();
  CHECK_FALSE(seat.stream->closed);
}

TEST_CASE("a login that ends during a talk: her seat goes on, and nothing else") {
  ApiSettings settings;
  settings.login_for = 3h;
  Talk talk(settings);
  CHECK(talk.page("GET", "/api/me").status == 200);
  talk.advance(1h + 1min);
  talk.tick();
  CHECK(talk.goes_on());
  CHECK(talk.page("GET", "/api/me").status == 401);
  CHECK(talk.new_offer() == std::pair(201, 204));
  CHECK(talk.in_room("hold", {{"session", talk.session}, {"on", true}}) == 204);
  CHECK(talk.page("GET", "/api/rooms/" + talk.booking.room + "/stream?session=" + talk.session).status == 200);

  CHECK(talk.page("GET", "/api/bookings?day=2026-11-23").status == 401);
  CHECK(talk.in_room("hold", {{"session", "made up"}, {"on", true}}) == 401);
  CHECK(talk.in_room("hold", {{"on", true}}) == 401);
  CHECK(talk.page("GET", "/api/rooms/" + talk.booking.room + "/stream").status == 401);
  const std::string csrf = talk.csrf;
  talk.csrf = "made up";
  CHECK(talk.in_room("hold", {{"session", talk.session}, {"on", false}}) == 403);
  talk.csrf = csrf;
  CHECK(talk.in_room("end", {{"session", talk.session}}) == 204);
  CHECK(talk.in_room("leave", {{"session", talk.session}}) == 401);
}

TEST_CASE("a browser keeps the login's cookie a day longer than the login: it speaks for the seat") {
  Desk desk;
  const Reply reply = desk.page("POST", "/api/login", {{"name", "sato"}, {"password", kPassword}});
  REQUIRE(reply.status == 200);
  const auto is_login = [](const auto& header) {
    return header.second.rfind("madoguchi=", 0) == 0 && header.second.find("; Max-Age=129600") != std::string::npos;
  };
  CHECK(std::count_if(reply.headers.begin(), reply.headers.end(), is_login) == 1);
}

TEST_CASE("somebody else's login that is over does not speak for a seat") {
  ApiSettings settings;
  settings.login_for = 3h;
  Desk desk(settings);
  REQUIRE(desk.store->put_counsellor("suzuki", hash_password(kPassword).value()).has_value());
  REQUIRE(desk.log_in(kPassword, "suzuki") == 200);
  const std::string cookie = desk.cookie, csrf = desk.csrf;
  desk.advance(2h);
  desk.device.clear();
  REQUIRE(desk.log_in() == 200);
  const Reply seat = desk.sit();
  desk.advance(1h + 1min);
  desk.cookie = cookie;
  desk.csrf = csrf;
  CHECK(desk.page("POST", "/api/rooms/" + desk.booking.room + "/hold", {{"session", desk.session}, {"on", true}})
            .status == 401);
}

TEST_CASE("a logout or a new password during a talk ends what the login may, also about the seat") {
  Talk talk;
  REQUIRE(talk.store->put_counsellor("sato", hash_password("another-47-kumquat").value()).has_value());
  CHECK(talk.in_room("hold", {{"session", talk.session}, {"on", true}}) == 401);
}
