// SPDX-License-Identifier: Apache-2.0
// Well-formed calendars through the real reading child: times, recurrences, states, where the link is looked for.
#include <fmt/format.h>

#include <set>

#include "tests/firmware/schedule/feed_child.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using Strings = std::vector<std::string>;

namespace {

const std::string kLink = "URL:https://desk.example/rooms/r1\n";

const std::string kTokyo =
    "BEGIN:VTIMEZONE\nTZID:Tokyo Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0900\n"
    "TZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n";

const std::string kNewYork =
    "BEGIN:VTIMEZONE\nTZID:Eastern\nBEGIN:STANDARD\nDTSTART:20071104T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\n"
    "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:20070311T020000\n"
    "TZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\nEND:DAYLIGHT\nEND:VTIMEZONE\n";

struct Row {
  std::string what, lines;
  Strings wanted;
  Strings left_out = {};
};

/// libical's releases differ: left out with a word, or taken for a time that is far away.
const Strings kEither = {"either"};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const ChildEnd end = run_feed_child(feed_header() + calendar(row.lines));
    CHECK(end.exited(0));
    CHECK(end.err.empty());
    CHECK(consultations(end.object()) == row.wanted);
    if (row.left_out != kEither) CHECK(skipped(end.object()) == row.left_out);
  }
}

std::string timed(const std::string& start, const std::string& end) {
  return "DTSTART" + start + "\nDTEND" + end + "\n" + kLink;
}

}  // namespace

TEST_CASE("each way to write a time is the right instant") {
  const std::string one = "2026-04-06T01:00Z/2026-04-06T02:00Z confirmed r1";
  const std::string eastern = "2026-04-06T13:00Z/2026-04-06T14:00Z confirmed r1";
  check({
      {"in UTC", event(timed(":20260406T010000Z", ":20260406T020000Z")), {one}},
      {"the system's zone by name",
       event(timed(";TZID=Asia/Tokyo:20260406T100000", ";TZID=Asia/Tokyo:20260406T110000")),
       {one}},
      {"a zone that the calendar brings",
       kTokyo + event(timed(";TZID=Tokyo Standard Time:20260406T100000", ";TZID=Tokyo Standard Time:20260406T110000")),
       {one}},
      {"a zone after its use",
       event(timed(";TZID=Tokyo Standard Time:20260406T100000", ";TZID=Tokyo Standard Time:20260406T110000")) + kTokyo,
       {one}},
      {"without a zone: the configured one", event(timed(":20260406T100000", ":20260406T110000")), {one}},
      {"summer time, the system's",
       event(timed(";TZID=America/New_York:20260406T090000", ";TZID=America/New_York:20260406T100000")),
       {eastern}},
      {"summer time, the calendar's",
       kNewYork + event(timed(";TZID=Eastern:20260406T090000", ";TZID=Eastern:20260406T100000")),
       {eastern}},
      {"start and end in different zones",
       event(timed(";TZID=America/New_York:20260405T210000", ";TZID=Asia/Tokyo:20260406T110000")),
       {one}},
      {"a length instead of an end, in UTC", event("DTSTART:20260406T010000Z\nDURATION:PT1H\n" + kLink), {one}},
      {"a length, floating", event("DTSTART:20260406T100000\nDURATION:PT1H\n" + kLink), {one}},
      {"a length, the system's zone",
       event("DTSTART;TZID=America/New_York:20260406T090000\nDURATION:PT1H\n" + kLink),
       {eastern}},
      {"a length, the calendar's zone",
       kNewYork + event("DTSTART;TZID=Eastern:20260406T090000\nDURATION:PT1H\n" + kLink),
       {eastern}},
      {"a whole day",
       event("DTSTART;VALUE=DATE:20260406\nDTEND;VALUE=DATE:20260407\n" + kLink),
       {"2026-04-05T15:00Z/2026-04-06T15:00Z confirmed r1"}},
      {"a whole day without an end (RFC 5545 3.6.1)",
       event("DTSTART;VALUE=DATE:20260406\n" + kLink),
       {"2026-04-05T15:00Z/2026-04-06T15:00Z confirmed r1"}},
      {"a zone that nobody knows",
       event(timed(";TZID=Atlantis:20260406T100000", ";TZID=Atlantis:20260406T110000")),
       {},
       {"1 no-start"}},
      {"no start", event("DTEND:20260406T020000Z\n" + kLink), {}, {"1 no-start"}},
      {"no end", event("DTSTART:20260406T010000Z\n" + kLink), {}, {"1 no-end"}},
      {"an end before the start", event(timed(":20260406T020000Z", ":20260406T010000Z")), {}, {"1 no-end"}},
      {"three days", event("DTSTART;VALUE=DATE:20260406\nDTEND;VALUE=DATE:20260409\n" + kLink), {}, {"1 too-long"}},
      {"a month that does not exist", event(timed(":20261306T010000Z", ":20261306T020000Z")), {}, kEither},
  });
}

TEST_CASE("only what is near comes out, sorted by its start") {
  const std::string late = timed(":20260408T010000Z", ":20260408T020000Z");
  const std::string early = timed(":20260407T010000Z", ":20260407T020000Z");
  check({
      {"sorted",
       event(late, "a") + event(early, "b"),
       {"2026-04-07T01:00Z/2026-04-07T02:00Z confirmed r1", "2026-04-08T01:00Z/2026-04-08T02:00Z confirmed r1"}},
      {"past, far ahead, and at the borders",
       event(timed(":20260404T220000Z", ":20260405T000000Z"), "ends at the border") +
           event(timed(":20260404T230000Z", ":20260405T003000Z"), "reaches in") +
           event(timed(":20260419T233000Z", ":20260420T003000Z"), "reaches out") +
           event(timed(":20260420T000000Z", ":20260420T003000Z"), "starts at the border") +
           event(timed(":20200101T000000Z", ":20200101T003000Z"), "years ago"),
       {"2026-04-04T23:00Z/2026-04-05T00:30Z confirmed r1", "2026-04-19T23:30Z/2026-04-20T00:30Z confirmed r1"}},
      {"an empty calendar", "", {}},
      {"only a task", "BEGIN:VTODO\nUID:t\nDTSTART:20260406T010000Z\n" + kLink + "END:VTODO\n", {}},
  });
}

TEST_CASE("what repeats, with its exceptions") {
  const std::string weekly = "DTSTART;TZID=Asia/Tokyo:20260330T100000\nDTEND;TZID=Asia/Tokyo:20260330T110000\n" + kLink;
  const std::string six = "2026-04-06T01:00Z/2026-04-06T02:00Z confirmed r1";
  const std::string thirteen = "2026-04-13T01:00Z/2026-04-13T02:00Z confirmed r1";
  const std::string moved = event("RECURRENCE-ID;TZID=Asia/Tokyo:20260406T100000\n" +
                                  timed(";TZID=Asia/Tokyo:20260407T150000", ";TZID=Asia/Tokyo:20260407T160000"));
  const std::string moved_there = "2026-04-07T06:00Z/2026-04-07T07:00Z confirmed r1";
  const std::string whole_days = "DTSTART;VALUE=DATE:20260405\nDTEND;VALUE=DATE:20260406\n" + kLink;
  check({
      {"weekly", event(weekly + "RRULE:FREQ=WEEKLY\n"), {six, thirteen}},
      {"weekly, the calendar's zone",
       kTokyo + event(timed(";TZID=Tokyo Standard Time:20260330T100000", ";TZID=Tokyo Standard Time:20260330T110000") +
                      "RRULE:FREQ=WEEKLY\n"),
       {six, thirteen}},
      {"weekly, floating",
       event(timed(":20260330T100000", ":20260330T110000") + "RRULE:FREQ=WEEKLY\n"),
       {six, thirteen}},
      {"weekly, UTC", event(timed(":20260330T010000Z", ":20260330T020000Z") + "RRULE:FREQ=WEEKLY\n"), {six, thirteen}},
      {"begun in winter, summer time now",
       event(timed(";TZID=America/New_York:20260202T090000", ";TZID=America/New_York:20260202T100000") +
             "RRULE:FREQ=WEEKLY\n"),
       {"2026-04-06T13:00Z/2026-04-06T14:00Z confirmed r1", "2026-04-13T13:00Z/2026-04-13T14:00Z confirmed r1"}},
      {"until", event(weekly + "RRULE:FREQ=WEEKLY;UNTIL=20260410T000000Z\n"), {six}},
      {"a number of times", event(weekly + "RRULE:FREQ=WEEKLY;COUNT=2\n"), {six}},
      {"whole days",
       event(whole_days + "RRULE:FREQ=DAILY;COUNT=2\n"),
       {"2026-04-04T15:00Z/2026-04-05T15:00Z confirmed r1", "2026-04-05T15:00Z/2026-04-06T15:00Z confirmed r1"}},
      {"whole days but one",
       event(whole_days + "RRULE:FREQ=DAILY;COUNT=2\nEXDATE;VALUE=DATE:20260405\n"),
       {"2026-04-05T15:00Z/2026-04-06T15:00Z confirmed r1"}},
      {"left out, in its zone",
       event(weekly + "RRULE:FREQ=WEEKLY\nEXDATE;TZID=Asia/Tokyo:20260406T100000\n"),
       {thirteen}},
      {"left out, the calendar's zone",
       kTokyo + event(timed(";TZID=Tokyo Standard Time:20260330T100000", ";TZID=Tokyo Standard Time:20260330T110000") +
                      "RRULE:FREQ=WEEKLY\nEXDATE;TZID=Tokyo Standard Time:20260406T100000\n"),
       {thirteen}},
      {"left out, in UTC", event(weekly + "RRULE:FREQ=WEEKLY\nEXDATE:20260406T010000Z\n"), {thirteen}},
      {"left out, floating",
       event(timed(":20260330T100000", ":20260330T110000") + "RRULE:FREQ=WEEKLY\nEXDATE:20260406T100000\n"),
       {thirteen}},
      {"two left out in one line",
       event(weekly + "RRULE:FREQ=WEEKLY\nEXDATE;TZID=Asia/Tokyo:20260406T100000,20260413T100000\n"),
       {}},
      {"a day left out", event(weekly + "RRULE:FREQ=WEEKLY\nEXDATE;VALUE=DATE:20260406\n"), {thirteen}},
      {"one moved", event(weekly + "RRULE:FREQ=WEEKLY\n") + moved, {moved_there, thirteen}},
      {"one moved, told first", moved + event(weekly + "RRULE:FREQ=WEEKLY\n"), {moved_there, thirteen}},
      {"one moved, named in UTC",
       event(weekly + "RRULE:FREQ=WEEKLY\n") +
           event("RECURRENCE-ID:20260406T010000Z\n" + timed(":20260407T060000Z", ":20260407T070000Z")),
       {moved_there, thirteen}},
      {"one cancelled",
       event(weekly + "RRULE:FREQ=WEEKLY\n") +
           event("RECURRENCE-ID;TZID=Asia/Tokyo:20260406T100000\nSTATUS:CANCELLED\n" +
                 timed(";TZID=Asia/Tokyo:20260406T100000", ";TZID=Asia/Tokyo:20260406T110000")),
       {"2026-04-06T01:00Z/2026-04-06T02:00Z cancelled r1", thirteen}},
      {"one moved of another series",
       event(weekly + "RRULE:FREQ=WEEKLY\n") +
           event("RECURRENCE-ID;TZID=Asia/Tokyo:20260406T100000\n" + timed(":20260407T060000Z", ":20260407T070000Z"),
                 "other"),
       {six, moved_there, thirteen}},
      {"all cancelled",
       event(weekly + "RRULE:FREQ=WEEKLY\nSTATUS:CANCELLED\n"),
       {"2026-04-06T01:00Z/2026-04-06T02:00Z cancelled r1", "2026-04-13T01:00Z/2026-04-13T02:00Z cancelled r1"}},
      {"extra dates",
       event(timed(":20260406T010000Z", ":20260406T020000Z") + "RDATE:20260413T010000Z\n"),
       {six, thirteen}},
      {"extra dates in a zone",
       event(weekly + "RDATE;TZID=Asia/Tokyo:20260406T100000,20260413T100000\n"),
       {six, thirteen}},
      {"an extra period",
       event(timed(":20260406T010000Z", ":20260406T020000Z") + "RDATE;VALUE=PERIOD:20260413T010000Z/PT1H\n"),
       {six, thirteen}},
      {"the old rule for exceptions",
       event(weekly + "RRULE:FREQ=WEEKLY\nEXRULE:FREQ=WEEKLY;INTERVAL=2\n"),
       {},
       {"1 exrule"}},
      {"a hundred times a day is nobody's calendar", event(weekly + "RRULE:FREQ=MINUTELY\n"), {}, {"1 too-often"}},
      {"a rule and one too often", event(weekly + "RRULE:FREQ=WEEKLY\nRRULE:FREQ=SECONDLY\n"), {}, {"1 too-often"}},
  });
}

TEST_CASE("the link: CONFERENCE, URL, LOCATION, DESCRIPTION, in that order") {
  const std::string time = "DTSTART:20260406T010000Z\nDTEND:20260406T020000Z\n";
  const auto in = [](const std::string& room) {
    return Strings{"2026-04-06T01:00Z/2026-04-06T02:00Z confirmed " + room};
  };
  const std::string conference = "CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:https://desk.example/rooms/conference\n";
  const std::string url = "URL:https://desk.example/rooms/url\n";
  const std::string location = "LOCATION:3階\\, https://desk.example/rooms/location\n";
  const std::string description = "DESCRIPTION:こちらへ\\nhttps://desk.example/rooms/description\\nどうぞ\n";
  check({
      {"all four", event(time + description + location + url + conference), in("conference")},
      {"three", event(time + description + location + url), in("url")},
      {"two", event(time + description + location), in("location")},
      {"one", event(time + description), in("description")},
      {"none", event(time), {}, {"1 no-link"}},
      {"a conference by telephone, then one that is known",
       event(time + "CONFERENCE;VALUE=URI;FEATURE=PHONE:tel:+81-3-0000-0000\n" + conference), in("conference")},
      {"a strange conference does not hide the address",
       event(time + "CONFERENCE;VALUE=URI:https://elsewhere.example/x\n" + location), in("location")},
      {"a label on the conference",
       event(time + "CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL=\"a: b; c\":https://desk.example/rooms/labelled\n"),
       in("labelled")},
      {"folded in the middle of the link",
       event(time + "DESCRIPTION:see https://desk.exa\n mple/rooms/fol\n ded for it\n"), in("folded")},
      {"a second description",
       event(time + "DESCRIPTION:none\nDESCRIPTION:https://desk.example/rooms/second\n"),
       {},
       {"1 no-link"}},
      {"elsewhere is not looked",
       event(time + "SUMMARY:https://desk.example/rooms/a\nCOMMENT:https://desk.example/rooms/b\n"
                    "X-LINK:https://desk.example/rooms/c\nATTACH:https://desk.example/rooms/d\n"),
       {},
       {"1 no-link"}},
  });
}

TEST_CASE("the event's state") {
  const std::string time = timed(":20260406T010000Z", ":20260406T020000Z");
  const auto as = [](const std::string& status) {
    return Strings{"2026-04-06T01:00Z/2026-04-06T02:00Z " + status + " r1"};
  };
  check({
      {"none", event(time), as("confirmed")},
      {"confirmed", event(time + "STATUS:CONFIRMED\n"), as("confirmed")},
      {"tentative", event(time + "STATUS:TENTATIVE\n"), as("tentative")},
      {"cancelled", event(time + "STATUS:CANCELLED\n"), as("cancelled")},
  });
}

TEST_CASE("the event's sequence, as far as it is one") {
  const std::string time = timed(":20260406T010000Z", ":20260406T020000Z");
  for (const auto& [text, wanted] : std::initializer_list<std::pair<std::string, int>>{
           {"", 0}, {"SEQUENCE:0\n", 0}, {"SEQUENCE:7\n", 7}, {"SEQUENCE:-7\n", 0}, {"SEQUENCE:x\n", 0}}) {
    CAPTURE(text);
    const auto object = run_feed_child(feed_header() + calendar(event(time + text))).object();
    const auto& found = object.at("consultations").as_array().at(0).as_object();
    CHECK((found.contains("sequence") ? found.at("sequence").as_int64() : 0) == wanted);
  }
}

TEST_CASE("of the summary the receipt number comes out, and nothing else") {
  const std::string time = timed(":20260406T010000Z", ":20260406T020000Z");
  const auto object =
      run_feed_child(feed_header() + calendar(event(time + "SUMMARY:受付番号 20417\\, 山田花子 様\n"))).object();
  const auto& found = object.at("consultations").as_array().at(0).as_object();
  CHECK(found.at("receipt").as_string() == "20417");
  CHECK(json::bj::serialize(object).find("山田") == std::string::npos);
  const auto none = run_feed_child(feed_header() + calendar(event(time + "SUMMARY:山田花子 様 20417\n"))).object();
  CHECK_FALSE(none.at("consultations").as_array().at(0).as_object().contains("receipt"));
}

TEST_CASE("ids are stable, one for each feed, event and occurrence") {
  const auto ids = [](const std::string& feed, const std::string& uid) {
    const std::string lines = timed(":20260406T010000Z", ":20260406T020000Z") + "RRULE:FREQ=DAILY;COUNT=3\n";
    const auto object = run_feed_child(feed_header(feed) + calendar(event(lines, uid))).object();
    std::set<std::string> result;
    for (const auto& each : object.at("consultations").as_array()) {
      result.emplace(each.as_object().at("id").as_string());
      CHECK(each.as_object().at("feed").as_string() == feed);
    }
    return result;
  };
  const auto first = ids("hall", "u1");
  REQUIRE(first.size() == 3);
  for (const auto& id : first) CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(first.begin()->size() == 16);
  CHECK(ids("hall", "u1") == first);
  for (const auto& other : {ids("other", "u1"), ids("hall", "u2")}) {
    CHECK(other.size() == 3);
    for (const auto& id : other) CHECK(first.count(id) == 0);
  }
}

TEST_CASE("large calendars") {
  const auto many = [](int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      const int day = 6 + i % 10;
      const int hour = i / 10 % 20;
      lines += event(
          timed(fmt::format(":202604{:02}T{:02}0000Z", day, hour), fmt::format(":202604{:02}T{:02}3000Z", day, hour)),
          fmt::format("u{}", i));
    }
    return run_feed_child(feed_header() + calendar(lines));
  };
  CHECK(consultations(many(500).object()).size() == 500);
  const ChildEnd most = many(5000);
  CHECK(most.exited(0));
  CHECK(consultations(most.object()).size() == 2000);
  REQUIRE(skipped(most.object()).size() == 100);
  CHECK(skipped(most.object()).front() == "2001 too-many");
  const ChildEnd over = many(5001);
  CHECK(over.exited(1));
  CHECK(over.object()["message"].as_string() == "the calendar has more than 5,000 events");
}
