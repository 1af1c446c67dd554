// SPDX-License-Identifier: Apache-2.0
// The meeting point as a table: who sits, what waits, what rings, in virtual time.
#include "provisioning/desk/rooms.hpp"

#include <algorithm>

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;
using json::bj::object;

namespace {

std::string text_of(const object& event, const char* key) {
  const auto* value = event.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// A stream's far end: "type" or "type:what" of each event, in order.
struct Ear {
  std::vector<std::string> heard;
  std::vector<object> events;
  bool ended = false;

  Sink sink() {
    return [this](const object& event) {
      events.push_back(event);
      std::string line = text_of(event, "type");
      for (const char* key : {"seat", "direction", "event", "by"}) {
        if (const std::string what = text_of(event, key); !what.empty()) line += ":" + what;
      }
      heard.push_back(line);
    };
  }
  [[nodiscard]] std::string latest() const { return heard.empty() ? std::string() : heard.back(); }
  [[nodiscard]] long count(const std::string& line) const { return std::count(heard.begin(), heard.end(), line); }
  [[nodiscard]] std::string last(const char* type, const char* key) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (text_of(*event, "type") == type) return text_of(*event, key);
    }
    return {};
  }
};

struct Desk {
  FakeClock clock{WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)) + 1h};
  Rooms rooms{clock,
              {},
              {[](const std::string&) {},
               [](const std::string& room) {
                 return object{{"room", room}, {"hall_name", "South hall"}};
               }}};
  Ear box, page, desk;
  StreamId page_stream = 0, box_stream = 0;
  std::string session;
  std::vector<Outcome> outcomes;

  void box_listens() { box_stream = rooms.open_box("r", box.sink()); }
  void box_cut() { rooms.close_box("r", box_stream); }
  Joined join(const std::string& who = "sato") { return rooms.join("r", "counsellor", who); }
  void sit(const std::string& who = "sato") {
    const Joined joined = join(who);
    REQUIRE(joined.kind == Joined::seated);
    session = joined.session;
    const auto stream = rooms.open_page("r", session, page.sink(), [this] { page.ended = true; });
    REQUIRE(stream.has_value());
    page_stream = *stream;
  }
  void page_cut() { rooms.close_page("r", page_stream); }
  std::string offer(Direction direction = Direction::whip) {
    return rooms.post_offer("r", "counsellor", direction, "v=0 offer",
                            [this](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
  }
  /// As a box hears it that connects now.
  [[nodiscard]] bool seat_present() {
    Ear again;
    const StreamId stream = rooms.open_box("r", again.sink());
    rooms.close_box("r", stream);
    return again.events.at(0).at("seats").as_array().at(0).as_object().at("present").as_bool();
  }
};

}  // namespace

TEST_CASE("the first event is a snapshot of every seat") {
  Desk d;
  d.box_listens();
  CHECK(d.box.heard == std::vector<std::string>{"seats"});
  CHECK_FALSE(d.seat_present());
  d.sit();
  CHECK(d.seat_present());
  CHECK(d.box.heard == std::vector<std::string>{"seats", "seat-joined:counsellor"});
  CHECK(d.box.last("seat-joined", "session") == d.session);
}

TEST_CASE("an offer reaches the page and its answer the box, once") {
  Desk d;
  d.box_listens();
  d.sit();
  const std::string id = d.offer();
  CHECK(d.page.latest() == "offer:whip");
  CHECK(d.page.last("offer", "id") == id);
  CHECK(d.page.last("offer", "sdp") == "v=0 offer");
  CHECK(d.outcomes.empty());
  CHECK_FALSE(d.rooms.answer(id, "another session", "v=0 answer"));
  REQUIRE(d.rooms.answer(id, d.session, "v=0 answer"));
  REQUIRE(d.outcomes.size() == 1);
  CHECK(d.outcomes[0].kind == Outcome::answered);
  CHECK(d.outcomes[0].sdp == "v=0 answer");
  CHECK_FALSE(d.rooms.answer(id, d.session, "v=0 again"));
  d.clock.advance(20s);
  CHECK(d.outcomes.size() == 1);
  CHECK(d.page.count("offer-gone") == 0);
}

TEST_CASE("nobody there: at once - a page that does not answer: after 8 s, and then it is too late") {
  Desk d;
  d.box_listens();
  d.offer();
  REQUIRE(d.outcomes.size() == 1);
  CHECK(d.outcomes[0].kind == Outcome::nobody);
  d.sit();
  const std::string id = d.offer(Direction::whep);
  CHECK(d.page.latest() == "offer:whep");
  d.clock.advance(7900ms);
  CHECK(d.outcomes.size() == 1);
  d.clock.advance(200ms);
  REQUIRE(d.outcomes.size() == 2);
  CHECK(d.outcomes[1].kind == Outcome::nobody);
  CHECK(d.page.latest() == "offer-gone");
  CHECK(d.page.last("offer-gone", "id") == id);
  CHECK_FALSE(d.rooms.answer(id, d.session, "v=0 late"));
}

TEST_CASE("a refused offer, one that the box takes back, one that it ends") {
  Desk d;
  d.sit();
  const std::string refused = d.offer();
  REQUIRE(d.rooms.reject(refused, d.session, "no codec in common"));
  REQUIRE(d.outcomes.size() == 1);
  CHECK(d.outcomes[0].kind == Outcome::refused);
  CHECK(d.outcomes[0].reason == "no codec in common");
  CHECK(d.page.count("offer-gone") == 0);

  d.rooms.abandon(d.offer());
  CHECK(d.page.count("offer-gone") == 1);
  CHECK(d.outcomes.size() == 1);

  const std::string ended = d.offer();
  REQUIRE(d.rooms.answer(ended, d.session, "v=0"));
  const std::string resource = d.outcomes.back().resource;
  CHECK_FALSE(d.rooms.remove("another room", resource));
  CHECK(d.rooms.remove("r", resource));
  CHECK(d.page.count("offer-gone") == 2);
  CHECK(d.page.last("offer-gone", "id") == ended);
  CHECK_FALSE(d.rooms.remove("r", resource));
}

TEST_CASE("a stream that is cut has 10 s to come back, with what waits repeated") {
  Desk d;
  d.box_listens();
  d.sit();
  d.page_cut();
  const std::string id = d.offer();
  CHECK(d.outcomes.empty());
  d.clock.advance(5s);
  CHECK(d.seat_present());
  d.page = Ear{};
  REQUIRE(d.rooms.open_page("r", d.session, d.page.sink(), [] {}).has_value());
  CHECK(d.page.count("offer:whip") == 1);
  CHECK(d.rooms.answer(id, d.session, "v=0"));
  d.clock.advance(60s);
  CHECK(d.box.count("seat-left:counsellor") == 0);
}

TEST_CASE("a page that vanishes counts as left after 10 s and not before - what waits is told so") {
  Desk d;
  d.box_listens();
  d.sit();
  d.page_cut();
  d.clock.advance(5s);
  d.offer();
  d.clock.advance(4900ms);
  CHECK(d.box.count("seat-left:counsellor") == 0);
  CHECK(d.outcomes.empty());
  d.clock.advance(200ms);
  CHECK(d.box.count("seat-left:counsellor") == 1);
  REQUIRE(d.outcomes.size() == 1);
  CHECK(d.outcomes[0].kind == Outcome::nobody);
  CHECK_FALSE(d.seat_present());
  CHECK_FALSE(d.rooms.open_page("r", d.session, d.page.sink(), [] {}).has_value());
}

TEST_CASE("somebody who joins and never opens the stream does not hold the seat") {
  Desk d;
  REQUIRE(d.join("sato").kind == Joined::seated);
  CHECK(d.join("suzuki").kind == Joined::taken);
  d.clock.advance(11s);
  CHECK(d.join("suzuki").kind == Joined::seated);
}

TEST_CASE("a reload is a new session, nobody hears it leave, and its old peers are gone") {
  Desk d;
  d.box_listens();
  d.sit();
  const std::string first = d.session;
  const std::string answered = d.offer();
  REQUIRE(d.rooms.answer(answered, first, "v=0"));
  d.page_cut();
  d.page = Ear{};
  d.sit();
  CHECK(d.session != first);
  CHECK(d.box.count("seat-joined:counsellor") == 2);
  CHECK(d.box.count("seat-left:counsellor") == 0);
  CHECK(d.box.last("seat-joined", "session") == d.session);
  CHECK_FALSE(d.rooms.remove("r", d.outcomes.back().resource));
  CHECK_FALSE(d.rooms.leave("r", first));
  d.clock.advance(60s);
  CHECK(d.box.count("seat-left:counsellor") == 0);
}

TEST_CASE("another tab takes the seat and the first one's stream ends - another person may not") {
  Desk d;
  d.sit();
  const Joined other = d.join("suzuki");
  CHECK(other.kind == Joined::taken);
  CHECK(other.by == "sato");
  CHECK(d.rooms.join("r", "interpreter", "suzuki").kind == Joined::no_such_seat);
  CHECK_FALSE(d.page.ended);
  REQUIRE(d.join("sato").kind == Joined::seated);
  CHECK(d.page.ended);
}

TEST_CASE("leaving by a button is heard at once") {
  Desk d;
  d.box_listens();
  d.sit();
  d.offer();
  REQUIRE(d.rooms.leave("r", d.session));
  CHECK(d.box.count("seat-left:counsellor") == 1);
  REQUIRE(d.outcomes.size() == 1);
  CHECK(d.outcomes[0].kind == Outcome::nobody);
  CHECK(d.page.ended);
  d.clock.advance(60s);
  CHECK(d.box.count("seat-left:counsellor") == 1);
}

TEST_CASE("a hall rings while it calls and nobody sits there") {
  const std::string stop = GENERATE(as<std::string>(), "sit", "cancelled", "ended", "away");
  CAPTURE(stop);
  Desk d;
  d.rooms.open_desk(d.desk.sink());
  d.box_listens();
  REQUIRE(d.rooms.box_says("r", "calling"));
  CHECK(d.desk.latest() == "ring");
  CHECK(d.desk.last("ring", "since") == "2026-11-23T01:00:00Z");
  CHECK(d.box.count("ringing") == 1);
  Ear late;
  d.rooms.open_desk(late.sink());
  CHECK(late.count("ring") == 1);

  if (stop == "sit") {
    d.sit();
  } else if (stop == "away") {
    d.box_cut();
    d.clock.advance(11s);
  } else {
    REQUIRE(d.rooms.box_says("r", stop));
  }
  CHECK(d.desk.latest() == "ring-stopped");
  CHECK(late.latest() == "ring-stopped");
  Ear later;
  d.rooms.open_desk(later.sink());
  CHECK(later.heard.empty());
}

TEST_CASE("the box hears that a page rings only when there is one") {
  Desk d;
  d.box_listens();
  d.rooms.box_says("r", "calling");
  CHECK(d.box.count("ringing") == 0);
  d.rooms.open_desk(d.desk.sink());
  CHECK(d.box.count("ringing") == 1);
}

TEST_CASE("no ring while somebody sits - a ring when that one leaves and the hall still calls") {
  Desk d;
  d.rooms.open_desk(d.desk.sink());
  d.box_listens();
  d.sit();
  d.rooms.box_says("r", "calling");
  CHECK(d.desk.count("ring") == 0);
  CHECK(d.page.latest() == "box:calling");
  d.rooms.leave("r", d.session);
  CHECK(d.desk.count("ring") == 1);
}

TEST_CASE("a box that was away longer than the grace and still calls rings again when it is back") {
  Desk d;
  d.rooms.open_desk(d.desk.sink());
  d.box_listens();
  d.rooms.box_says("r", "calling");
  d.box_cut();
  d.clock.advance(60s);
  CHECK(d.desk.latest() == "ring-stopped");
  d.box_listens();
  CHECK(d.desk.latest() == "ring");
}

TEST_CASE("a box that comes back within the grace was never away") {
  Desk d;
  d.box_listens();
  d.sit();
  d.rooms.box_says("r", "talking");
  d.box_cut();
  d.clock.advance(9s);
  d.box_listens();
  d.clock.advance(60s);
  CHECK(d.page.count("box:away") == 0);
  d.box_cut();
  d.clock.advance(11s);
  CHECK(d.page.latest() == "box:away");
  d.box_listens();
  CHECK(d.page.latest() == "box:talking");
}

TEST_CASE("the end is heard by everybody, and what waits is told that it is over") {
  Desk d;
  d.box_listens();
  d.sit();
  d.offer();
  CHECK_FALSE(d.rooms.end("r", "another session"));
  REQUIRE(d.rooms.end("r", d.session));
  // First that it is over, then that nobody sits there: the next press is not told that somebody does.
  REQUIRE(d.box.heard.size() >= 2);
  CHECK(d.box.heard[d.box.heard.size() - 2] == "ended:counsellor");
  CHECK(d.box.latest() == "seat-left:counsellor");
  CHECK(d.page.latest() == "ended:counsellor");
  CHECK(d.page.ended);
  CHECK(d.rooms.state("r") == RoomState::ended);
  REQUIRE(d.outcomes.size() == 1);
  CHECK(d.outcomes[0].kind == Outcome::over);
}

TEST_CASE("a cancelled booking ends for everybody") {
  Desk d;
  d.rooms.open_desk(d.desk.sink());
  d.box_listens();
  d.rooms.box_says("r", "calling");
  d.rooms.close_room("r");
  CHECK(d.box.count("ended:desk") == 1);
  CHECK(d.desk.latest() == "ring-stopped");
}

TEST_CASE("what is not in the list of a box's events is refused") {
  Desk d;
  for (const char* type : {"", "press", "seat-joined", "away"}) CHECK_FALSE(d.rooms.box_says("r", type));
}

TEST_CASE("a room that has ended is forgotten a day later, when nobody is in it") {
  Desk d;
  d.box_listens();
  d.sit();
  CHECK(d.rooms.end("r", d.session));
  d.clock.jump_wall(std::chrono::hours(24 * 365));
  d.rooms.forget_ended(std::chrono::hours(24));
  CHECK(d.rooms.state("r") == RoomState::ended);
  d.clock.advance(std::chrono::hours(24));
  d.rooms.forget_ended(std::chrono::hours(24));
  CHECK(d.rooms.state("r") == RoomState::ended);  // the box still listens, and she sits there
  d.box_cut();
  d.page_cut();
  d.clock.advance(std::chrono::seconds(11));
  d.rooms.forget_ended(std::chrono::hours(25));
  CHECK(d.rooms.all().size() == 1);
  d.rooms.forget_ended(std::chrono::hours(24));
  CHECK(d.rooms.all().empty());
}
