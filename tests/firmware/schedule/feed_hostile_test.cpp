// SPDX-License-Identifier: Apache-2.0
// Calendars that mean harm, and calendars that hold what is nobody's business, through the real reading child.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <random>

#include "tests/firmware/schedule/feed_child.hpp"
#include "tests/firmware/schedule/private_words.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

const std::string kTime = "DTSTART:20260406T010000Z\nDTEND:20260406T020000Z\nURL:https://desk.example/rooms/r1\n";
const std::string kOne = "2026-04-06T01:00Z/2026-04-06T02:00Z confirmed r1";

/// The limits and errors are words of its own; anything else is a crash.
std::string verdict(const ChildEnd& end) {
  if (end.exited(0)) return consultations(end.object()) == std::vector<std::string>{"no agenda"} ? "?" : "agenda";
  if (end.exited(1)) return end.object().contains("error") ? "error" : "?";
  if (WIFSIGNALED(end.status) && (WTERMSIG(end.status) == SIGXCPU || WTERMSIG(end.status) == SIGKILL))
    return "processor";
  if (WIFSIGNALED(end.status) && (WTERMSIG(end.status) == SIGSEGV || WTERMSIG(end.status) == SIGABRT)) return "crash";
  return fmt::format("wait status {}", end.status);
}

}  // namespace

TEST_CASE("hostile calendars end within the limits, as an agenda, an error or the limit's signal") {
  const std::string rule = "RRULE:FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2SU\n";
  const auto crowd_of = [](const std::string& line) {
    std::string lines;
    while (lines.size() < 3900000) lines += line;
    return "BEGIN:VCALENDAR\n" + event(lines) + "END:VCALENDAR\n";
  };
  std::string twenty;
  for (int i = 0; i < 20; ++i) twenty += rule;
  std::string crowd;
  for (int i = 0; i < 4000; ++i) {
    crowd +=
        event("DTSTART:19700101T010000Z\nDTEND:19700101T020000Z\nURL:https://desk.example/rooms/r1\nRRULE:FREQ=DAILY\n",
              fmt::format("u{}", i));
  }
  std::string nested;
  for (int i = 0; i < 100000; ++i) nested += "BEGIN:VEVENT\n";
  std::string alarms = "BEGIN:VEVENT\nUID:n\n" + kTime;
  for (int i = 0; i < 50000; ++i) alarms += "BEGIN:VALARM\n";
  std::string parameters = "X-A";
  for (int i = 0; i < 1500; ++i) parameters += ";A=B";
  std::string exceptions;
  for (int i = 0; i < 100000; ++i) exceptions += "EXDATE:20260406T010000Z\n";
  std::string links;
  for (int i = 0; i < 300; ++i) links += "https://desk.example/" + std::string(5, 'a') + "/ ";
  std::string zeros = calendar(event(kTime));
  zeros[60] = '\0';
  std::string binary;
  std::uint32_t seed = 1;
  for (int i = 0; i < 1 << 20; ++i) binary += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  struct Row {
    std::string what, body, wanted;  ///< the verdict, "" = any of them
  };
  const std::vector<Row> rows = {
      {"nothing", "", "error"},
      {"every second of 30 February", calendar(event(kTime + "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\n")),
       "agenda"},
      {"a day that never comes", calendar(event(kTime + rule)), ""},
      {"twenty of them", calendar(event(kTime + twenty)), ""},
      {"every day of 30 February", calendar(event(kTime + "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\n")), ""},
      {"every year of week 54", calendar(event(kTime + "RRULE:FREQ=YEARLY;BYWEEKNO=54;BYDAY=MO\n")), ""},
      {"thousands since 1970", calendar(crowd), ""},
      {"the year 0 on",
       calendar(event("DTSTART:00010101T010000Z\nDURATION:PT1H\nURL:https://desk.example/rooms/r1\n"
                      "RRULE:FREQ=DAILY\n")),
       ""},
      {"a count beyond all numbers", calendar(event(kTime + "RRULE:FREQ=DAILY;COUNT=99999999999999999999\n")), ""},
      {"an interval of nothing", calendar(event(kTime + "RRULE:FREQ=DAILY;INTERVAL=0\n")), ""},
      {"a length beyond all numbers",
       calendar(event("DTSTART:20260406T010000Z\nDURATION:P99999999999999W\n"
                      "URL:https://desk.example/rooms/r1\n")),
       "agenda"},
      {"a hundred thousand exceptions", calendar(event(kTime + "RRULE:FREQ=DAILY\n" + exceptions)), ""},
      {"one line of 20 MB", calendar(event(kTime + "DESCRIPTION:" + std::string(20 << 20, 'x') + "\n")), "error"},
      {"one line of 3 MB", calendar(event(kTime + "DESCRIPTION:" + std::string(3 << 20, 'x') + "\n")), "error"},
      {"5 MB of short lines", calendar(std::string(5 << 20, '\n')), "error"},
      {"deep nesting", calendar(nested), "error"},
      {"deep nesting of alarms", calendar(alarms), ""},
      {"a crowd of parameters", calendar(event(kTime + parameters + ":x\n")), "agenda"},
      {"a crowd of links",
       calendar(event("DTSTART:20260406T010000Z\nDURATION:PT1H\nDESCRIPTION:" + links.substr(0, 8000) + "\n")),
       "agenda"},
      // libical does not look at what malloc gives: the limit on memory ends it as a crash.
      {"a million properties", crowd_of("X:1\n"), "memory"},
      {"a million parameters", crowd_of("X;A=B:1\n"), "memory"},
      {"half a million comments", crowd_of("COMMENT:\n"), "memory"},
      {"binary", binary, "error"},
      {"a zero byte", zeros, "error"},
      {"a page", "<!DOCTYPE html><html><body>login</body></html>", "error"},
      {"JSON", R"({"consultations":[]})", "error"},
      {"two calendars", calendar(event(kTime)) + calendar(event(kTime)), "error"},
      {"an event without a calendar", event(kTime), "error"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const ChildEnd end = run_feed_child(feed_header() + row.body);
    const std::string said = verdict(end);
    CAPTURE(end.out.substr(0, 300), end.err.substr(0, 300));
    const bool bounded = said == "agenda" || said == "error" || said == "processor";
    if (row.wanted.empty()) CHECK(bounded);
    else if (row.wanted == "memory") CHECK((bounded || said == "crash"));
    else CHECK(said == row.wanted);
    CHECK(end.out.size() < (2 << 20));
    CHECK(end.err.empty());
  }
}

TEST_CASE("a calendar cut off anywhere is an error, not an empty agenda") {
  const std::string whole = calendar(
      "BEGIN:VTIMEZONE\nTZID:T\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0900\nTZOFFSETTO:+0900\n"
      "END:STANDARD\nEND:VTIMEZONE\n" +
      event("DTSTART;TZID=T:20260330T100000\nDTEND;TZID=T:20260330T110000\nRRULE:FREQ=WEEKLY\n"
            "EXDATE;TZID=T:20260413T100000\nDESCRIPTION:山田 https://desk.example/rooms/r1\nSUMMARY:相談\n") +
      event(
          kTime +
              "CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:https://desk.example/rooms/r2\nATTENDEE;CN=\"a\":mailto:b@c\n",
          "u2"));
  for (std::size_t length = 0; length < whole.size(); length += 97) {
    CAPTURE(length);
    const ChildEnd end = run_feed_child(feed_header() + whole.substr(0, length));
    CHECK(verdict(end) == "error");
    CHECK(end.err.empty());
  }
  CHECK(consultations(run_feed_child(feed_header() + whole).object()).size() == 2);
}

TEST_CASE("a calendar with bytes changed at random is an agenda or an error, never a crash") {
  const std::string whole = calendar(
      "BEGIN:VTIMEZONE\nTZID:T\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0900\nTZOFFSETTO:+0900\n"
      "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU\nEND:STANDARD\nEND:VTIMEZONE\n" +
      event("DTSTART;TZID=T:20260330T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=9\n"
            "EXDATE;TZID=T:20260413T100000\nDESCRIPTION:山田 https://desk.example/rooms/r1\nSUMMARY:相談\n") +
      event("RECURRENCE-ID;TZID=T:20260406T100000\n" + kTime));
  std::mt19937 random(20261123);
  const auto any = [&random](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  int agendas = 0, errors = 0;
  for (int i = 0; i < rounds(60, 3000); ++i) {
    std::string text = whole;
    for (std::size_t changes = 1 + any(8); changes > 0; --changes) {
      switch (any(5)) {
        case 0: text[any(text.size())] = static_cast<char>(any(256)); break;
        case 1: text[any(text.size())] = "0123456789:;=,-+\r\n\\\""[any(20)]; break;
        case 2: text.erase(any(text.size()), any(40)); break;
        case 3: text.insert(any(text.size()), std::string(any(30), static_cast<char>(any(256)))); break;
        default: text.insert(any(text.size()), text.substr(any(text.size()), any(200))); break;
      }
    }
    const ChildEnd end = run_feed_child(feed_header() + text);
    CAPTURE(i, text, end.err);
    const std::string said = verdict(end);
    REQUIRE((said == "agenda" || said == "error"));
    REQUIRE(end.err.empty());
    ++(said == "agenda" ? agendas : errors);
  }
  CHECK(agendas > 5);
  CHECK(errors > 5);
}

TEST_CASE("a broken event does not take the good ones with it") {
  const std::string good = event(kTime, "good");
  const std::string broken[] = {
      event("DTSTART:yesterday\nDTEND:tomorrow\nURL:https://desk.example/rooms/r9\n", "b"),
      event("RRULE:FREQ=NEVER\nDTSTART:20260406T010000Z\n", "b"),
      event(":\n;\n=\n:::\n", "b"),
      "BEGIN:VEVENT\nEND:VEVENT\n",
      "NO COLON HERE\n",
      event("DTSTART;TZID=:20260406T010000\nDTEND;TZID=:20260406T020000\nURL:https://desk.example/rooms/r9\n", "b"),
      event("STATUS:UNHEARD-OF\nSEQUENCE:x\nDTSTART:20260406T010000Z\n", "b"),
  };
  for (const std::string& bad : broken) {
    CAPTURE(bad);
    for (const std::string& lines : {bad + good, good + bad}) {
      const ChildEnd end = run_feed_child(feed_header() + calendar(lines));
      CHECK(end.exited(0));
      CHECK(end.err.empty());
      const auto list = consultations(end.object());
      CHECK(std::count(list.begin(), list.end(), kOne) == 1);
    }
  }
}

TEST_CASE("a header that is not ours is an error") {
  const std::string body = calendar(event(kTime));
  for (const std::string header : {"", "\n", "{}\n", "no JSON\n", "[]\n", R"({"links":1})",
                                   R"({"feed":"f","links":[1]})"
                                   "\n",
                                   R"({"feed":"f","links":[{"link":"x"}]})"
                                   "\n",
                                   R"({"feed":"f","links":[{"link":"x","seats":[1]}]})"
                                   "\n"}) {
    CAPTURE(header);
    CHECK(verdict(run_feed_child(header + body)) == "error");
  }
}

TEST_CASE("nothing private comes out, of a good calendar, a broken one or one that is refused") {
  const std::string good = calendar(event(private_lines(kTime), private_uid()));
  const std::string without_link =
      calendar(event(private_lines("DTSTART:20260406T010000Z\nDURATION:PT1H\n"), private_uid()));
  const std::string bodies[] = {
      good,
      without_link,
      good + good,
      calendar(event(private_lines("DTSTART:x\n"), private_uid())),
      calendar(event(private_lines(kTime + "RRULE:FREQ=SECONDLY\n"), private_uid())),
      calendar(event(private_lines(kTime + "RRULE:" + private_words()[0] + "\n"), private_uid())),
      calendar("X-WR-CALNAME:" + private_words()[0] + "\n" + private_words()[1] + "\n" + event(kTime)),
      private_lines("") + private_uid(),
      good.substr(0, good.size() / 2),
      calendar(event(private_lines(kTime) + "COMMENT:" + std::string(9000, 'x') + "\n", private_uid())),
      calendar("BEGIN:" + private_words()[0] + "\n" + event(kTime) + "END:" + private_words()[1] + "\n"),
      calendar(event(kTime + "DTSTART;TZID=" + private_words()[0] + ":20260406T010000\n")),
      calendar(event(kTime + "STATUS:" + private_words()[0] + "\n")),
  };
  for (const std::string& body : bodies) {
    REQUIRE_FALSE(private_words_in(body).empty());  // the bait is there
    const ChildEnd end = run_feed_child(feed_header() + body);
    CAPTURE(body.substr(0, 200), end.out, end.err);
    CHECK(private_words_in(end.out).empty());
    CHECK(private_words_in(end.err).empty());
    CHECK(verdict(end) != "?");
  }
  CHECK(consultations(run_feed_child(feed_header() + good).object()) == std::vector<std::string>{kOne});
}
