// SPDX-License-Identifier: Apache-2.0
// Meeting links into legs, and every trick that must not make one. Pure.
#include "firmware/schedule/link_rules.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::schedule;

namespace {

LinkRule desk_rule() {
  LinkRule rule;
  rule.feeds = {"hall", "second"};
  rule.link = "https://desk.example/rooms/(?P<room>[^/]+)";
  rule.events = "https://desk.example/events/{room}";
  SeatRule seat;
  seat.publish = "https://desk.example/whip/{room}/counsellor";
  seat.play = "https://desk.example/whep/{room}/counsellor";
  rule.seats = {seat};
  return rule;
}

LinkRules compiled(const std::vector<LinkRule>& rules) {
  auto result = LinkRules::compile(rules);
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

/// The events URL, "-" where no rule knows the text.
std::string events(const LinkRules& rules, const std::string& text, const std::string& feed = "hall") {
  const auto legs = rules.match(feed, text);
  return legs ? legs->events : "-";
}

}  // namespace

TEST_CASE("a link becomes the legs that its rule makes") {
  const auto legs = compiled({desk_rule()}).match("hall", "https://desk.example/rooms/k3x9");
  REQUIRE(legs.has_value());
  CHECK(legs->events == "https://desk.example/events/k3x9");
  REQUIRE(legs->seats.size() == 1);
  CHECK(legs->seats[0].id == "counsellor");
  CHECK(legs->seats[0].role == "相談員");
  CHECK(legs->seats[0].publish == "https://desk.example/whip/k3x9/counsellor");
  CHECK(legs->seats[0].play == "https://desk.example/whep/k3x9/counsellor");
}

TEST_CASE("links are found in prose and matched whole, on scheme, host and port to the letter") {
  const LinkRules rules = compiled({desk_rule()});
  const std::string good = "https://desk.example/events/r1";
  const std::pair<std::string, std::string> rows[] = {
      // found
      {"https://desk.example/rooms/r1", good},
      {"https://desk.example:443/rooms/r1", good},
      {"https://DESK.example/rooms/r1", good},
      {"会議はhttps://desk.example/rooms/r1です", good},
      {"「https://desk.example/rooms/r1」", good},
      {"Join: <https://desk.example/rooms/r1>.", good},
      {"<a href=\"https://desk.example/rooms/r1\">here</a>", good},
      {"see https://desk.example/rooms/r1.", good},
      {"(https://desk.example/rooms/r1)", good},
      {"first https://other.example/x then https://desk.example/rooms/r1", good},
      {"httphttps://x https://desk.example/rooms/r1\nmore", good},
      {"https://desk.example/rooms/r1#top", good},
      {"https://desk.example/rooms/r~1_2-3.4", "https://desk.example/events/r~1_2-3.4"},
      {"https://desk.example/rooms/a&b=c", "https://desk.example/events/a%26b%3Dc"},
      {"https://desk.example/rooms/a+b", "https://desk.example/events/a%2Bb"},
      // another scheme, host or port
      {"http://desk.example/rooms/r1", "-"},
      {"https://desk.example:8443/rooms/r1", "-"},
      {"https://desk.example.evil.test/rooms/r1", "-"},
      {"https://evil.test/desk.example/rooms/r1", "-"},
      {"https://evil.test/?https://desk.example/rooms/r1", "-"},
      {"https://xdesk.example/rooms/r1", "-"},
      {"https://deskXexample/rooms/r1", "-"},
      {"https://desk.example./rooms/r1", "-"},
      {"https://dеsk.example/rooms/r1", "-"},   // a Cyrillic letter
      {"https://ｄesk.example/rooms/r1", "-"},  // a full-width one
      {"https://xn--dsk-qeo.example/rooms/r1", "-"},
      {"ftp://desk.example/rooms/r1", "-"},
      {"//desk.example/rooms/r1", "-"},
      {"desk.example/rooms/r1", "-"},
      {"https:/desk.example/rooms/r1", "-"},
      {"https:\\\\desk.example\\rooms\\r1", "-"},
      // user-info
      {"https://me@desk.example/rooms/r1", "-"},
      {"https://me:secret@desk.example/rooms/r1", "-"},
      {"https://desk.example/rooms/me@r1", "-"},
      {"https://desk.example@evil.test/rooms/r1", "-"},
      {"https://desk.example:443@evil.test/rooms/r1", "-"},
      {"https://evil.test#@desk.example/rooms/r1", "-"},
      {"https://evil.test\\@desk.example/rooms/r1", "-"},
      // the path: whole, one segment, no tricks
      {"https://desk.example/rooms/", "-"},
      {"https://desk.example/rooms/r1/", "-"},
      {"https://desk.example/rooms/r1/whip", "-"},
      {"https://desk.example//rooms/r1", "-"},
      {"https://desk.example/x/rooms/r1", "-"},
      {"https://desk.example/ROOMS/r1", "-"},
      {"https://desk.example/rooms/..", "-"},
      {"https://desk.example/rooms/.", "-"},
      {"https://desk.example/a/../rooms/r1", "-"},
      {"https://desk.example/./rooms/r1", "-"},
      {"https://desk.example/rooms/%2e%2e", "-"},
      {"https://desk.example/rooms/..%2Fadmin", "-"},
      {"https://desk.example/rooms/r1%2Fadmin", "-"},
      {"https://desk.example/%72ooms/r1", "-"},
      {"https://desk.example/rooms/r1%00", "-"},
      {"https://desk.example/rooms/r1?x=1", "-"},
      {"https://desk.example/rooms/r1?", "https://desk.example/events/r1"},
      {"https://desk.example/rooms/" + std::string(257, 'a'), "-"},
      {"https://desk.example/rooms/" + std::string(256, 'a'), "https://desk.example/events/" + std::string(256, 'a')},
      {"", "-"},
      {"http", "-"},
      {"https://", "-"},
  };
  for (const auto& [text, wanted] : rows) {
    CAPTURE(text);
    CHECK(events(rules, text) == wanted);
  }
}

TEST_CASE("part of a segment may be captured, but never a dot alone or two") {
  LinkRule rule = desk_rule();
  rule.link = "https://desk.example/room-(?P<room>.+)";
  const LinkRules rules = compiled({rule});
  CHECK(events(rules, "https://desk.example/room-7") == "https://desk.example/events/7");
  CHECK(events(rules, "https://desk.example/room-..") == "-");
  CHECK(events(rules, "https://desk.example/room-.x") == "https://desk.example/events/.x");
  CHECK(events(rules, "https://desk.example/room-a/b") == "-");
  CHECK(events(rules, "https://desk.example/room-a?b=c") == "-");

  LinkRule dot = desk_rule();
  dot.link = "https://desk.example/room(?P<room>.+)x";
  CHECK(events(compiled({dot}), "https://desk.example/room.x") == "-");
  CHECK(events(compiled({dot}), "https://desk.example/room1x") == "https://desk.example/events/1");
}

TEST_CASE("a rule may read the query, and groups that did not take part make no leg") {
  LinkRule rule = desk_rule();
  rule.link = R"(https://meet.example/j/(?P<room>[0-9]+)\?pwd=(?P<code>[A-Za-z0-9]+))";
  rule.events = "https://desk.example/events/{room}?code={code}";
  const LinkRules rules = compiled({rule});
  CHECK(events(rules, "https://meet.example/j/123?pwd=aB9") == "https://desk.example/events/123?code=aB9");
  CHECK(events(rules, "https://meet.example/j/123?pwd=aB9&x=1") == "-");
  CHECK(events(rules, "https://meet.example/j/123") == "-");

  LinkRule optional = desk_rule();
  optional.link = "https://desk.example/rooms/(?P<room>[a-z]+)?";
  CHECK(events(compiled({optional}), "https://desk.example/rooms/") == "-");
  CHECK(events(compiled({optional}), "https://desk.example/rooms/abc") == "https://desk.example/events/abc");
}

TEST_CASE("an alternative in the pattern is anchored at both ends") {
  LinkRule rule = desk_rule();
  rule.link = "https://desk.example/a/(?P<room>[a-z]+)|/b/[a-z]+";
  const LinkRules rules = compiled({rule});
  CHECK(events(rules, "https://desk.example/a/x") == "https://desk.example/events/x");
  CHECK(events(rules, "https://desk.example/a/x/y") == "-");
  CHECK(events(rules, "https://desk.example/q/b/x") == "-");
}

TEST_CASE("a rule is for the feeds that it names") {
  const LinkRules rules = compiled({desk_rule()});
  const std::string link = "https://desk.example/rooms/r1";
  CHECK(events(rules, link, "hall") != "-");
  CHECK(events(rules, link, "second") != "-");
  CHECK(events(rules, link, "third") == "-");
  CHECK(events(rules, link, "") == "-");
  CHECK(events(rules, link, "hal") == "-");
  LinkRule none = desk_rule();
  none.feeds.clear();
  CHECK(events(compiled({none}), link, "hall") == "-");
}

TEST_CASE("the first link that any rule knows, by the first rule that knows it") {
  LinkRule general = desk_rule();
  general.events = "https://desk.example/general/{room}";
  LinkRule special = desk_rule();
  special.link = "https://desk.example/rooms/(?P<room>vip-[a-z]+)";
  special.events = "https://desk.example/special/{room}";
  CHECK(events(compiled({special, general}), "https://desk.example/rooms/vip-a") ==
        "https://desk.example/special/vip-a");
  CHECK(events(compiled({special, general}), "https://desk.example/rooms/b") == "https://desk.example/general/b");
  CHECK(events(compiled({general, special}), "https://desk.example/rooms/vip-a") ==
        "https://desk.example/general/vip-a");
  CHECK(events(compiled({special, general}), "https://desk.example/rooms/one https://desk.example/rooms/vip-two") ==
        "https://desk.example/general/one");
}

TEST_CASE("a text full of links is looked at only so far") {
  const LinkRules rules = compiled({desk_rule()});
  std::string text;
  for (int i = 0; i < 49; ++i) text += "https://other.example/x ";
  CHECK(events(rules, text + "https://desk.example/rooms/r1") == "https://desk.example/events/r1");
  CHECK(events(rules, text + "https://other.example/x https://desk.example/rooms/r1") == "-");
}

TEST_CASE("a rule that can not be right is refused with the reason") {
  struct Row {
    std::string reason;
    void (*spoil)(LinkRule&);
  };
  const Row rows[] = {
      {"scheme, server and a pattern", [](LinkRule& r) { r.link = "desk.example/rooms"; }},
      {"scheme, server and a pattern", [](LinkRule& r) { r.link = "https://desk.example"; }},
      {"must begin with https://", [](LinkRule& r) { r.link = "zoommtg://desk.example/x"; }},
      {"not a pattern", [](LinkRule& r) { r.link = "https://desk.example/(?P<room>[a-z"; }},
      {"not a pattern", [](LinkRule& r) { r.link = "https://desk.example/(?P<room>a(?=b))"; }},
      {"no seat", [](LinkRule& r) { r.seats.clear(); }},
      {"more than three seats", [](LinkRule& r) { r.seats.resize(4, r.seats[0]); }},
      {"neither \"publish\" nor \"play\"", [](LinkRule& r) { r.seats[0].publish = r.seats[0].play = ""; }},
      {"no group \"hall\"", [](LinkRule& r) { r.events = "https://desk.example/{hall}"; }},
      {"no group \"hall\"", [](LinkRule& r) { r.seats[0].play = "https://desk.example/{hall}"; }},
      {"must be written out", [](LinkRule& r) { r.events = "https://{room}.example/x"; }},
      {"must be written out", [](LinkRule& r) { r.events = "https://desk.example:{room}/x"; }},
      {"must be written out", [](LinkRule& r) { r.events = "{room}"; }},
      {"use https://", [](LinkRule& r) { r.seats[0].publish = "http://desk.example/whip/{room}"; }},
      {"user or password", [](LinkRule& r) { r.events = "https://me:pw@desk.example/{room}"; }},
      {"must begin with https://", [](LinkRule& r) { r.events = "ftp://desk.example/{room}"; }},
  };
  for (const Row& row : rows) {
    LinkRule rule = desk_rule();
    row.spoil(rule);
    CAPTURE(row.reason, rule.link, rule.events);
    const auto refused = LinkRules::compile({desk_rule(), rule});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::invalid);
    CHECK(refused.error().message.find("link rule 2: ") == 0);
    CHECK(refused.error().message.find(row.reason) != std::string::npos);
  }
}

TEST_CASE("a rule for this machine itself may use plain http") {
  LinkRule rule = desk_rule();
  rule.link = "http://127.0.0.1:8080/rooms/(?P<room>[^/]+)";
  rule.events = "http://127.0.0.1:8080/events/{room}";
  CHECK(events(compiled({rule}), "http://127.0.0.1:8080/rooms/r1") == "http://127.0.0.1:8080/events/r1");
  CHECK(events(compiled({rule}), "http://127.0.0.1:8081/rooms/r1") == "-");
  CHECK(events(compiled({rule}), "http://127.1:8080/rooms/r1") == "http://127.0.0.1:8080/events/r1");
}
