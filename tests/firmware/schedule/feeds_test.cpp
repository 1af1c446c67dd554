// SPDX-License-Identifier: Apache-2.0
// Feeds with a server that is well: unchanged, changed, kept on disk, read again, clocks that jump. Virtual time.
#include <sys/stat.h>

#include "base/log.hpp"
#include "tests/firmware/schedule/feeds_bench.hpp"
#include "tests/firmware/schedule/private_words.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;
using Strings = std::vector<std::string>;

namespace {

std::string at(int hour, const std::string& room) {
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return "2026-04-06T" + two(hour) + ":00Z/2026-04-06T" + two(hour + 1) + ":00Z confirmed " + room;
}

/// Answers 304 when the ETag is the one it would send.
std::function<FeedReply(const FeedRequest&)> with_etag(const std::string& etag, const std::string& text) {
  return [etag, text](const FeedRequest& request) {
    FeedReply reply;
    reply.headers = {{"ETag", etag}, {"Last-Modified", "Sun, 05 Apr 2026 12:00:00 GMT"}};
    if (request.header("if-none-match") == etag) reply.status = 304;
    else reply.body = text;
    return reply;
  };
}

}  // namespace

TEST_CASE("a feed is fetched, read by the child, and lies on disk for its owner alone") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.settings.feeds[0].bearer = "bearer-word";
  bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1") + booking(3, "r3")));
  bench.start();
  CHECK(bench.changes == 1);  // what was on disk: nothing
  REQUIRE(bench.polled(1));
  CHECK(bench.agenda() == Strings{at(1, "r1"), at(3, "r3")});
  CHECK(bench.changes == 2);
  CHECK(bench.faults.empty());
  const auto states = bench.feeds->states();
  REQUIRE(states.size() == 1);
  CHECK(states[0].name == "hall");
  CHECK(states[0].error.empty());
  CHECK(states[0].read_at == bench.clock.wall());
  REQUIRE(bench.server.requests().size() == 1);
  const FeedRequest& request = bench.server.requests()[0];
  CHECK(request.target == "/calendars/secret-of-hall/bookings.ics");
  CHECK(request.header("accept") == "text/calendar");
  CHECK(request.header("authorization") == "Bearer bearer-word");
  CHECK(request.header("if-none-match").empty());
  CHECK(request.header("if-modified-since").empty());
  struct stat status {};
  REQUIRE(::stat((folder / "agenda-hall.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(consultations(json::parse_object(bench.file()).value_or(json::bj::object())) ==
        Strings{at(1, "r1"), at(3, "r3")});
}

TEST_CASE("a user and password are sent where they are configured") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.settings.feeds[0].user = "Aladdin";
  bench.settings.feeds[0].password = "open sesame";
  bench.server.answer = with_etag("\"1\"", calendar(""));
  bench.start();
  REQUIRE(bench.polled(1));
  CHECK(bench.server.requests()[0].header("authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_CASE("what is unchanged is not sent again, and what is changed replaces it") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
  bench.start();
  REQUIRE(bench.polled(1));
  const auto first_read = *bench.feeds->states()[0].read_at;
  const std::string file = bench.file();
  REQUIRE(bench.poll());
  REQUIRE(bench.server.requests().size() == 2);
  CHECK(bench.server.requests()[1].header("if-none-match") == "\"1\"");
  CHECK(bench.server.requests()[1].header("if-modified-since") == "Sun, 05 Apr 2026 12:00:00 GMT");
  CHECK(bench.agenda() == Strings{at(1, "r1")});
  CHECK(bench.changes == 2);
  CHECK(*bench.feeds->states()[0].read_at - first_read >= 60s);  // still known to be good
  CHECK(bench.file() == file);

  bench.server.answer = with_etag("\"2\"", calendar(booking(2, "r2")));
  REQUIRE(bench.poll());
  CHECK(bench.agenda() == Strings{at(2, "r2")});
  CHECK(bench.changes == 3);
  CHECK(bench.file().find("r2") != std::string::npos);
  CHECK(bench.file().find("r1") == std::string::npos);
  REQUIRE(bench.poll());
  CHECK(bench.server.requests().back().header("if-none-match") == "\"2\"");
}

TEST_CASE("after a restart an unchanged calendar is as young as its last answer") {
  Folder folder;
  const auto on_disk = [&folder] {
    const auto object = json::parse_object(read_text(folder / "agenda-hall.json"));
    REQUIRE(object);
    return WallTime(std::chrono::milliseconds(json::integer(*object, "read_at").value_or(0)));
  };
  FeedsBench bench(folder.path());
  bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
  bench.start();
  REQUIRE(bench.polled(1));
  const WallTime first = bench.clock.wall();
  std::set<WallTime> written;
  while (bench.clock.wall() - first < 3h) {
    REQUIRE(bench.poll());
    written.insert(on_disk());
    CHECK(bench.clock.wall() - on_disk() < 15min);
    CHECK(consultations(json::parse_object(bench.file()).value_or(json::bj::object())) == Strings{at(1, "r1")});
  }
  CHECK(written.size() <= 3 * 60 / 10 + 1);  // the disk is spared
  CHECK(bench.changes == 2);
  FeedsBench again(folder.path());
  again.clock.fake.jump_wall(bench.clock.wall() - again.clock.wall());
  again.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::close, 0, {}, {}}; };
  again.start();
  REQUIRE(again.polled(1));
  CHECK(again.clock.wall() - *again.feeds->states()[0].read_at < 15min);
}

TEST_CASE("each answer is written down where bookings are soon old or the clock went back") {
  struct Row {
    std::string what;
    std::chrono::milliseconds old_after;
    std::chrono::minutes jump;
  };
  for (const Row& row : {Row{"soon old", 2min, 0min}, Row{"back", 1h, -30min}}) {
    CAPTURE(row.what);
    Folder folder;
    FeedsBench bench(folder.path());
    bench.settings.old_after = row.old_after;
    bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
    bench.start();
    REQUIRE(bench.polled(1));
    const std::string before = bench.file();
    bench.clock.fake.jump_wall(row.jump);
    REQUIRE(bench.poll());
    CHECK(bench.file() != before);
  }
}

TEST_CASE("a booking that is gone from the calendar is gone from the agenda") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
  bench.start();
  REQUIRE(bench.polled(1));
  bench.server.answer = with_etag("\"2\"", calendar(""));
  REQUIRE(bench.poll());
  REQUIRE(bench.poll());  // said twice
  CHECK(bench.agenda().empty());
  CHECK(bench.file().find("r1") == std::string::npos);
}

TEST_CASE("polls come at their pace, up to a fifth later") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.settings.feeds[0].every = 100s;
  bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
  bench.start();
  REQUIRE(bench.polled(1));
  std::set<std::chrono::milliseconds> different;
  for (int i = 0; i < 5; ++i) {
    CHECK(bench.last_sleep() >= 100s);
    CHECK(bench.last_sleep() <= 120s);
    different.insert(bench.last_sleep());
    REQUIRE(bench.poll());
  }
  CHECK(different.size() > 1);
}

TEST_CASE("after a restart the agenda is there before the network is") {
  Folder folder;
  WallTime read_at;
  {
    FeedsBench bench(folder.path());
    bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
    bench.start();
    REQUIRE(bench.polled(1));
    read_at = *bench.feeds->states()[0].read_at;
  }
  FeedsBench bench(folder.path());
  bench.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::close, 0, {}, {}}; };
  bench.start();
  CHECK(bench.agenda() == Strings{at(1, "r1")});
  CHECK(bench.feeds->states()[0].read_at == read_at);
  REQUIRE(bench.polled(1));
  CHECK(bench.agenda() == Strings{at(1, "r1")});
  CHECK(bench.server.requests()[0].header("if-none-match").empty());  // all is read anew once
}

TEST_CASE("a file that is not an agenda is left alone until the feed is read") {
  for (const std::string text : {"", "{", "[]", "{\"consultations\":[{}]}", "\x01\x02"}) {
    CAPTURE(text);
    Folder folder;
    write_text(folder / "agenda-hall.json", text);
    FeedsBench bench(folder.path());
    bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
    bench.start();
    CHECK(bench.agenda().empty());
    REQUIRE(bench.polled(1));
    CHECK(bench.agenda() == Strings{at(1, "r1")});
  }
}

TEST_CASE("the wall clock jumps: the days that count are read anew") {
  struct Row {
    std::string what;
    std::chrono::hours jump;
    bool anew;
  };
  for (const Row& row :
       {Row{"an hour", 1h, false}, Row{"an hour back", -1h, false}, Row{"three years", 3 * 365 * 24h, true},
        Row{"three years back", -3 * 365 * 24h, true}, Row{"a day back", -24h, true}}) {
    CAPTURE(row.what);
    Folder folder;
    FeedsBench bench(folder.path());
    bench.clock.fake.jump_wall(-row.jump);  // it is wrong now, and 2026 after the jump
    bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
    bench.start();
    REQUIRE(bench.polled(1));
    bench.clock.fake.jump_wall(row.jump);
    REQUIRE(bench.poll());
    CHECK(bench.agenda() == Strings{at(1, "r1")});
    CHECK(bench.server.requests()[1].header("if-none-match").empty() == row.anew);
    REQUIRE(bench.poll());
    CHECK(bench.server.requests()[2].header("if-none-match") == "\"1\"");
  }
}

TEST_CASE("what is unchanged for long is read anew, since the horizon moves on") {
  Folder folder;
  FeedsBench bench(folder.path());
  // Ahead of the 14 days by two hours.
  bench.server.answer = with_etag("\"1\"", calendar(event("DTSTART:20260420T020000Z\nDURATION:PT1H\n"
                                                          "URL:https://desk.example/rooms/far\n")));
  bench.settings.feeds[0].every = 1h;
  bench.start();
  REQUIRE(bench.polled(1));
  CHECK(bench.agenda().empty());
  for (int i = 0; i < 7 && bench.agenda().empty(); ++i) REQUIRE(bench.poll());
  CHECK(bench.agenda() == Strings{"2026-04-20T02:00Z/2026-04-20T03:00Z confirmed far"});
}

TEST_CASE("several feeds make one agenda, sorted, each with its own file and rules") {
  Folder folder;
  FeedsBench bench(folder.path(), {"hall", "second"});
  bench.settings.links[0].feeds = {"hall", "second"};
  bench.server.answer = [](const FeedRequest& request) {
    FeedReply reply;
    const bool hall = request.target.find("hall") != std::string::npos;
    reply.body = calendar(hall ? booking(1, "h1") + booking(5, "h5") : booking(3, "s3"));
    return reply;
  };
  bench.start();
  REQUIRE(bench.polled(2));
  CHECK(bench.agenda() == Strings{at(1, "h1"), at(3, "s3"), at(5, "h5")});
  CHECK(bench.feeds->agenda().consultations[1].feed == "second");
  CHECK(bench.file("hall").find("h5") != std::string::npos);
  CHECK(bench.file("second").find("s3") != std::string::npos);
  CHECK(bench.file("second").find("h5") == std::string::npos);
}

TEST_CASE("a rule of another feed makes no legs") {
  Folder folder;
  FeedsBench bench(folder.path(), {"hall", "second"});
  bench.settings.links[0].feeds = {"second"};
  bench.server.answer = [](const FeedRequest&) {
    return FeedReply{FeedReply::whole, 200, calendar(booking(1, "r")), {}};
  };
  bench.start();
  REQUIRE(bench.polled(2));
  REQUIRE(bench.agenda() == Strings{at(1, "r")});
  CHECK(bench.feeds->agenda().consultations[0].feed == "second");
  CHECK(bench.feeds->states()[0].skipped == 1);
  CHECK(bench.feeds->states()[1].skipped == 0);
}

TEST_CASE("nothing private lies on disk, in the logs or in the states") {
  Folder folder;
  FeedsBench bench(folder.path());
  const std::string time = "DTSTART:20260406T010000Z\nDTEND:20260406T020000Z\nURL:https://desk.example/rooms/r1\n";
  const std::string text = calendar(event(private_lines(time), private_uid()));
  const std::string bodies[] = {text, text.substr(0, text.size() / 2), text + "BEGIN:VEVENT\n" + private_words()[0],
                                text};
  std::size_t turn = 0;
  bench.server.answer = [&](const FeedRequest&) { return FeedReply{FeedReply::whole, 200, bodies[turn++ % 4], {}}; };
  bench.start();
  REQUIRE(bench.polled(1));
  for (int i = 0; i < 3; ++i) REQUIRE(bench.poll());
  bench.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::whole, 500, private_words()[0], {}}; };
  REQUIRE(bench.poll());
  CHECK(bench.agenda() == Strings{at(1, "r1")});
  CHECK_FALSE(bench.feeds->states()[0].error.empty());
  std::string seen = bench.feeds->states()[0].error;
  for (const std::string& line : log::recorded()) seen += line + "\n";
  CHECK(seen.find("feed-failed") != std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) seen += read_text(entry.path());
  CHECK(private_words_in(seen).empty());
  CHECK(seen.find("secret-of-hall") == std::string::npos);
}

TEST_CASE("a calendar that is suddenly empty is asked a second time, whole, before it is believed") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
  bench.start();
  REQUIRE(bench.polled(1));
  bench.server.answer = with_etag("\"2\"", calendar(""));
  REQUIRE(bench.poll());
  CHECK(bench.agenda() == Strings{at(1, "r1")});
  CHECK(bench.last_sleep() < 40s);
  CHECK(bench.faults.empty());
  // It was the server's mistake.
  bench.server.answer = with_etag("\"1\"", calendar(booking(1, "r1")));
  REQUIRE(bench.poll());
  CHECK(bench.server.requests().back().header("if-none-match").empty());
  CHECK(bench.agenda() == Strings{at(1, "r1")});
  CHECK(bench.last_sleep() >= 60s);
  // It was not.
  bench.server.answer = with_etag("\"2\"", calendar(""));
  REQUIRE(bench.poll());
  CHECK(bench.agenda() == Strings{at(1, "r1")});
  REQUIRE(bench.poll());
  CHECK(bench.agenda() == Strings{});
  CHECK(bench.last_sleep() >= 60s);
  // One that never had any needs no second word.
  const auto asked = bench.server.requests().size();
  REQUIRE(bench.poll());
  CHECK(bench.server.requests().size() == asked + 1);
  CHECK(bench.last_sleep() >= 60s);
}
