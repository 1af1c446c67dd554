// SPDX-License-Identifier: Apache-2.0
// The closed list of what an office may say. Pure.
#include "firmware/signalling/office_events.hpp"

#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::signalling;

namespace {

template <class T>
T heard(const std::string& text) {
  const auto event = parse_office_event(text);
  REQUIRE(event);
  REQUIRE(std::holds_alternative<T>(*event));
  return std::get<T>(*event);
}

std::string seats_of(int count) {
  std::string text = R"({"type":"seats","seats":[)";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + std::string(R"({"seat":"s","present":true})");
  return text + "]}";
}

}  // namespace

TEST_CASE("every event of the list") {
  const Seats seats = heard<Seats>(
      R"({"type":"seats","seats":[{"seat":"counsellor","present":true,"session":"s1"},{"seat":"guest","present":false}]})");
  REQUIRE(seats.seats.size() == 2);
  CHECK(seats.seats[0].seat == "counsellor");
  CHECK(seats.seats[0].present);
  CHECK(seats.seats[0].session == "s1");
  CHECK_FALSE(seats.seats[1].present);
  CHECK(seats.seats[1].session.empty());
  CHECK(heard<Seats>(seats_of(0)).seats.empty());
  const SeatJoined joined = heard<SeatJoined>(R"({"type":"seat-joined","seat":"counsellor","session":"s2"})");
  CHECK(joined.seat == "counsellor");
  CHECK(joined.session == "s2");
  CHECK(heard<SeatLeft>(R"({"type":"seat-left","seat":"counsellor"})").seat == "counsellor");
  CHECK_FALSE(heard<SeatLeft>(R"({"type":"seat-left","seat":"counsellor"})").handover);
  CHECK(heard<SeatLeft>(R"({"type":"seat-left","seat":"counsellor","handover":true})").handover);
  CHECK(heard<Ringing>(R"({"type":"ringing","seat":"counsellor"})").seat == "counsellor");
  CHECK(heard<Ringing>(R"({"type":"ringing"})").seat.empty());
  CHECK(heard<Hold>(R"({"type":"hold","on":true})").on);
  CHECK_FALSE(heard<Hold>(R"({"type":"hold","on":false})").on);
  CHECK(heard<Banner>(R"({"type":"banner","text":"Back in a minute"})").text == "Back in a minute");
  CHECK(heard<Ended>(R"({"type":"ended","by":"counsellor"})").by == "counsellor");
  CHECK(heard<Ended>(R"({"type":"ended"})").by.empty());
  CHECK_FALSE(heard<Hold>(R"({"type":"hold","on":false,"new":1})").on);  // an office may say more than we know
}

TEST_CASE("a type that is not in the list is unsupported, whatever it asks for") {
  for (const char* type : {"", "open-camera", "Seats", "hold ", "seat_joined", "exec"}) {
    CAPTURE(type);
    const auto event = parse_office_event(std::string(R"({"type":")") + type + R"(","on":true,"seat":"x"})");
    REQUIRE_FALSE(event);
    CHECK(name(event.error().code) == name(Errc::unsupported));
  }
}

TEST_CASE("an event without what it needs is invalid") {
  const std::string rows[] = {
      "",
      "null",
      "[]",
      "{",
      R"({"type":"hold","on":true)",
      "{}",
      R"({"type":1})",
      R"({"type":null})",
      R"({"type":"seats"})",
      R"({"type":"seats","seats":{}})",
      R"({"type":"seats","seats":[1]})",
      R"({"type":"seats","seats":[{"present":true}]})",
      R"({"type":"seats","seats":[{"seat":"x"}]})",
      R"({"type":"seats","seats":[{"seat":1,"present":true}]})",
      R"({"type":"seats","seats":[{"seat":"x","present":1}]})",
      R"({"type":"seats","seats":[{"seat":"x","present":true,"session":1}]})",
      R"({"type":"seat-joined","seat":"x"})",
      R"({"type":"seat-joined","session":"x"})",
      R"({"type":"seat-joined","seat":["x"],"session":"x"})",
      R"({"type":"seat-left"})",
      R"({"type":"seat-left","seat":7})",
      R"({"type":"hold"})",
      R"({"type":"hold","on":"true"})",
      R"({"type":"banner"})",
      R"({"type":"banner","text":{}})",
      R"({"type":"ringing","seat":7})",
      R"({"type":"ended","by":7})",
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    const auto event = parse_office_event(row);
    REQUIRE_FALSE(event);
    CHECK(name(event.error().code) == name(Errc::invalid));
  }
}

TEST_CASE("names and lists are capped") {
  const std::string fits(64, 'x'), beyond(65, 'x');
  const auto left = [](const std::string& seat) {
    return parse_office_event(R"({"type":"seat-left","seat":")" + seat + R"("})");
  };
  const auto joined = [](const std::string& session) {
    return parse_office_event(R"({"type":"seat-joined","seat":"x","session":")" + session + R"("})");
  };
  const auto sits = [](const std::string& session) {
    return parse_office_event(R"({"type":"seats","seats":[{"seat":"x","present":true,"session":")" + session +
                              R"("}]})");
  };
  CHECK(left(fits));
  CHECK_FALSE(left(beyond));
  CHECK(joined(fits));
  CHECK_FALSE(joined(beyond));
  CHECK(sits(fits));
  CHECK_FALSE(sits(beyond));
  for (const std::string start : {R"({"type":"ringing","seat":")", R"({"type":"ended","by":")"}) {
    CHECK(parse_office_event(start + fits + R"("})"));
    CHECK_FALSE(parse_office_event(start + beyond + R"("})"));
  }
  CHECK(parse_office_event(seats_of(16)));
  CHECK_FALSE(parse_office_event(seats_of(17)));
}

TEST_CASE("what the far side stops is two plain facts") {
  CHECK(heard<Paused>(R"({"type":"paused","sound":true,"picture":false})").sound);
  CHECK(heard<Paused>(R"({"type":"paused","sound":false,"picture":true})").picture);
  CHECK_FALSE(parse_office_event(R"({"type":"paused","sound":true})"));
  CHECK_FALSE(parse_office_event(R"({"type":"paused","sound":1,"picture":false})"));
}

TEST_CASE("staff wanted and listeners are read strictly") {
  CHECK(heard<Staff>(R"({"type":"staff","on":true})").on);
  CHECK_FALSE(parse_office_event(R"({"type":"staff"})"));
  CHECK(heard<Listeners>(R"({"type":"listeners","names":["A","B"]})").names == std::vector<std::string>{"A", "B"});
  CHECK(heard<Listeners>(R"({"type":"listeners","names":[")" + std::string(30, 'x') + R"("]})").names.front().size() ==
        20);
  CHECK_FALSE(parse_office_event(R"({"type":"listeners"})"));
  CHECK_FALSE(parse_office_event(R"({"type":"listeners","names":[1]})"));
  CHECK_FALSE(parse_office_event(R"({"type":"listeners","names":["a","b","c","d","e"]})"));
}

TEST_CASE("a banner is shortened to whole characters and loses its controls") {
  const auto shown = [](const std::string& text) {
    return heard<Banner>(R"({"type":"banner","text":")" + text + R"("})").text;
  };
  CHECK(shown(std::string(120, 'x')).size() == 120);
  CHECK(shown(std::string(121, 'x')) == std::string(120, 'x'));
  std::string kanji;
  for (int i = 0; i < 130; ++i) kanji += "\xe7\xaa\x93";
  CHECK(shown(kanji) == kanji.substr(0, 360));
  CHECK(shown("x" + kanji) == "x" + kanji.substr(0, 357));
  CHECK(shown(R"(a\u0000b\u001b[31mc\nd\u007fe)") == "ab[31mcde");
  // Nor controls of two bytes, nor what turns the direction of writing round.
  CHECK(shown(R"(a\u0085b\u009bc)") == "abc");
  CHECK(shown(R"(a\u202eb\u2066c\u200fd)") == "abcd");
  std::string faces;
  for (int i = 0; i < 130; ++i) faces += "\xf0\x9f\x98\x80";
  CHECK(shown("x" + faces) == "x" + faces.substr(0, 476));
}
