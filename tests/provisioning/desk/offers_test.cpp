// SPDX-License-Identifier: Apache-2.0
// Offers that wait, are answered, taken back, late or too many; and rings with those who hear them. Virtual time.
#include "provisioning/desk/offers.hpp"

#include "provisioning/desk/rings.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::desk;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

using Strings = std::vector<std::string>;

std::string words(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::answered: return "answered " + outcome.sdp;
    case Outcome::nobody: return "nobody";
    case Outcome::refused: return "refused " + outcome.reason;
    case Outcome::gone: return "gone";
    case Outcome::over: return "over";
  }
  return "?";
}

struct Desk {
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  Strings gone, done;
  Offers offers{clock, 8s, 3, [this](const Offer& offer) { gone.push_back(offer.sdp.empty() ? offer.id : offer.sdp); }};

  std::string post(const std::string& room, const std::string& sdp) {
    const Offer* offer = offers.post(room, "counsellor", Direction::whip, sdp, [this, sdp](const Outcome& outcome) {
      done.push_back(sdp + ": " + words(outcome));
    });
    return offer == nullptr ? "" : offer->id;
  }
  Strings waiting(const std::string& room) const {
    Strings all;
    for (const Offer* offer : offers.waiting(room, "counsellor")) all.push_back(offer->sdp);
    return all;
  }
};

}  // namespace

TEST_CASE("an offer waits at its seat until it is answered, and is a resource until it is removed") {
  Desk desk;
  const std::string first = desk.post("r", "one"), second = desk.post("r", "two");
  CHECK(first.size() == 32);
  CHECK(first != second);
  CHECK(desk.waiting("r") == Strings{"one", "two"});
  CHECK(desk.offers.waiting("r", "specialist").empty());
  CHECK(desk.waiting("other").empty());
  desk.offers.answer(first, "yes");
  CHECK(desk.done == Strings{"one: answered yes"});
  CHECK(desk.offers.waiting(first) == nullptr);
  CHECK(desk.waiting("r") == Strings{"two"});
  desk.offers.answer(first, "again");
  desk.offers.refuse(first, "no");
  desk.clock.advance(1h);  // an answered one has no deadline
  CHECK(desk.done == Strings{"one: answered yes", "two: nobody"});
  CHECK_FALSE(desk.offers.remove("other", first));
  CHECK(desk.offers.remove("r", first));
  CHECK_FALSE(desk.offers.remove("r", first));
  CHECK_FALSE(desk.offers.any("r"));
}

TEST_CASE("how an offer ends, what its box hears of it, and whether its page hears that it is gone") {
  struct Row {
    const char* what;
    std::function<void(Desk&, const std::string&)> happens;
    Strings done, gone;
  };
  const Row rows[] = {
      {"late", [](Desk& d, const std::string&) { d.clock.advance(8s); }, {"x: nobody"}, {"x"}},
      {"not yet late", [](Desk& d, const std::string&) { d.clock.advance(8s - 1ms); }, {}, {}},
      {"refused", [](Desk& d, const std::string& id) { d.offers.refuse(id, "codec"); }, {"x: refused codec"}, {}},
      {"abandoned", [](Desk& d, const std::string& id) { d.offers.abandon(id); }, {}, {"x"}},
      {"removed", [](Desk& d, const std::string& id) { d.offers.remove("r", id); }, {"x: gone"}, {"x"}},
      {"unseated",
       [](Desk& d, const std::string&) { d.offers.end_waiting("r", "counsellor", Outcome::over); },
       {"x: over"},
       {}},
      {"another seat",
       [](Desk& d, const std::string&) { d.offers.end_waiting("r", "specialist", Outcome::over); },
       {},
       {}},
      {"it waits", [](Desk& d, const std::string&) { d.offers.forget_answered("r", "counsellor"); }, {}, {}},
      {"an unknown one", [](Desk& d, const std::string&) { d.offers.abandon("0"); }, {}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Desk desk;
    const std::string id = desk.post("r", "x");
    row.happens(desk, id);
    CHECK(desk.done == row.done);
    CHECK(desk.gone == row.gone);
    CHECK(desk.offers.any("r") == (row.done.empty() && row.gone.empty()));
  }
}

TEST_CASE("of a room with its most offers the oldest answered one gives way, and where all wait there is no place") {
  Desk desk;
  const std::string first = desk.post("r", "1"), second = desk.post("r", "2");
  desk.post("r", "3");
  CHECK(desk.post("r", "4").empty());
  CHECK(desk.done == Strings{"4: nobody"});
  CHECK_FALSE(desk.post("another", "5").empty());
  desk.offers.answer(second, "yes");
  desk.offers.answer(first, "yes");
  CHECK_FALSE(desk.post("r", "6").empty());
  CHECK(desk.gone == Strings{first});
  CHECK_FALSE(desk.offers.remove("r", first));
  CHECK(desk.offers.remove("r", second));
}

TEST_CASE("peers go with their page, and what waits is kept for the next one") {
  Desk desk;
  const std::string first = desk.post("r", "1");
  desk.post("r", "2");
  desk.offers.answer(first, "yes");
  desk.offers.forget_answered("r", "counsellor");
  CHECK_FALSE(desk.offers.remove("r", first));
  CHECK(desk.waiting("r") == Strings{"2"});
  CHECK(desk.gone.empty());
}

TEST_CASE("a ring is told once to every desk, repeated to who comes late, and stops for all") {
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  Strings heard, one, two;
  Rings rings(
      clock,
      [](const std::string& room) {
        return object{{"room", room}, {"hall_name", "South"}};
      },
      [&heard](const std::string& room) { heard.push_back(room); });
  const auto into = [](Strings& to) {
    return [&to](const object& event) { to.push_back(json::bj::serialize(event)); };
  };
  const std::string ring = R"({"room":"r","hall_name":"South","type":"ring","since":"2027-01-15T08:00:00Z"})";
  rings.set("r", true);  // nobody is there
  CHECK(heard.empty());
  CHECK_FALSE(rings.is_heard("r"));
  clock.advance(10s);
  rings.open(1, into(one));
  CHECK(one == Strings{ring});
  CHECK(heard == Strings{"r"});
  CHECK(rings.is_heard("r"));
  rings.set("r", true);
  CHECK(one.size() == 1);
  rings.open(2, into(two));
  CHECK(two == Strings{ring});
  rings.set("r", false);
  rings.set("r", false);
  CHECK(one == Strings{ring, R"({"type":"ring-stopped","room":"r"})"});
  CHECK(two == one);
  rings.close(1);
  rings.set("q", true);
  CHECK(one.size() == 2);
  CHECK(two.size() == 3);
  CHECK(heard == Strings{"r", "r", "q"});
}
