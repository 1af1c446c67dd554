// SPDX-License-Identifier: Apache-2.0
// Feeds when the server, the calendar, the reading child or the disk is not well: which fault, and that the last good
// agenda stays. Virtual time but for the fetch's own deadline.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <sstream>

#include "base/log.hpp"
#include "tests/firmware/schedule/feeds_bench.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;
using Strings = std::vector<std::string>;
using Faults = std::set<Fault>;

namespace {

const Strings kGood = {"2026-04-06T01:00Z/2026-04-06T02:00Z confirmed r1"};

FeedReply good(const FeedRequest&) { return {FeedReply::whole, 200, calendar(booking(1, "r1")), {}}; }

/// Children of this process that the kernel still knows as running.
std::size_t children() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::istringstream pids(read_text(task.path() / "children"));
    for (std::string pid; pids >> pid;) ++count;
  }
  return count;
}

/// Larger than a pipe: a reader that does not read blocks the writer.
std::string large() { return calendar(booking(1, "r1") + std::string(300000, '\n')); }

}  // namespace

TEST_CASE("each failure has its fault, and the last good agenda stays in memory and on disk") {
  struct Row {
    std::string what;
    FeedReply reply;
    Fault fault;
    std::string error;
  };
  const auto with = [](int status, std::string body) {
    return FeedReply{FeedReply::whole, status, std::move(body), {}};
  };
  const auto how = [](FeedReply::How what) { return FeedReply{what, 200, calendar(booking(2, "r2")), {}}; };
  const auto to = [&with](const std::string& location) {
    FeedReply reply = with(302, "");
    reply.headers = {{"Location", location}};
    return reply;
  };
  std::string hostile;
  for (int i = 0; i < 20; ++i) hostile += "RRULE:FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2SU\n";
  const std::vector<Row> rows = {
      {"not found", with(404, "no"), Fault::feed_refused, "HTTP 404"},
      {"gone", with(410, "no"), Fault::feed_refused, "HTTP 410"},
      {"a token that was changed", with(401, "no"), Fault::feed_refused, "HTTP 401"},
      {"forbidden", with(403, "no"), Fault::feed_refused, "HTTP 403"},
      {"sent elsewhere", to("http://127.0.0.1:9/secret-of-hall"), Fault::feed_refused, "another server"},
      {"sent in a circle", to("/calendars/secret-of-hall/bookings.ics"), Fault::feed_server_error, "in a circle"},
      {"sent to nothing", to("ftp://desk.example/secret-of-hall"), Fault::feed_server_error, "not a URL"},
      {"asked too often", with(429, "no"), Fault::feed_server_error, "HTTP 429"},
      {"too slow for itself", with(408, "no"), Fault::feed_server_error, "HTTP 408"},
      {"server error", with(500, "no"), Fault::feed_server_error, "HTTP 500"},
      {"server away", with(503, "no"), Fault::feed_server_error, "HTTP 503"},
      {"too slow", how(FeedReply::hang), Fault::feed_late, "timeout"},
      {"closed", how(FeedReply::close), Fault::feed_server_error, "empty"},
      {"cut", how(FeedReply::cut), Fault::feed_unreachable, "cut"},
      {"no content", with(204, ""), Fault::feed_unreadable, "HTTP 204"},
      {"unchanged, which was not asked", with(304, ""), Fault::feed_unreadable, "HTTP 304"},
      {"too large", with(200, std::string(5 << 20, 'x')), Fault::feed_unreadable, "too-large"},
      {"a page", with(200, "<html>please log in</html>"), Fault::feed_unreadable, "calendar"},
      {"nothing", with(200, ""), Fault::feed_unreadable, "calendar"},
      {"half a calendar", with(200, calendar(booking(2, "r2")).substr(0, 150)), Fault::feed_unreadable, "calendar"},
      {"a calendar that never ends", with(200, calendar(booking(2, "r2", hostile))), Fault::feed_child_killed,
       "cut off"},
  };
  Folder folder;
  FeedsBench bench(folder.path());
  bench.settings.fetch_within = 500ms * kSlow;
  bench.server.answer = good;
  bench.start();
  REQUIRE(bench.polled(1));
  const std::string file = bench.file();
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto read_at = bench.feeds->states()[0].read_at;
    bench.server.answer = [reply = row.reply](const FeedRequest&) { return reply; };
    REQUIRE(bench.poll());
    CHECK(bench.faults == Faults{row.fault});
    const std::string error = bench.feeds->states()[0].error;
    CAPTURE(error);
    CHECK(error.find(row.error) != std::string::npos);
    CHECK(error.find("secret-of-hall") == std::string::npos);
    CHECK(bench.feeds->states()[0].read_at == read_at);
    CHECK(bench.agenda() == kGood);
    CHECK(bench.file().find("r2") == std::string::npos);
    CHECK(children() == 0);
    bench.server.answer = good;
    REQUIRE(bench.poll());
    CHECK(bench.faults.empty());
    CHECK(bench.feeds->states()[0].error.empty());
    CHECK(bench.agenda() == kGood);
  }
}

TEST_CASE("a server that cannot be verified is not a matter of cables") {
  Folder folder;
  FeedsBench bench(folder.path());
  std::string& url = bench.settings.feeds[0].url;
  url.replace(0, 5, "https:");  // it does not speak TLS
  bench.server.answer = good;
  bench.start();
  REQUIRE(bench.polled(1));
  CHECK(bench.faults == Faults{Fault::feed_tls});
  const std::string error = bench.feeds->states()[0].error;
  CAPTURE(error);
  CHECK(error.find("fetching it from 127.0.0.1: tls (") == 0);
  CHECK(bench.server.requests().empty());
}

TEST_CASE("a name that nobody knows, a server that is down and a certificate are three faults, each with its host") {
  struct Row {
    std::string url;
    Fault fault;
    std::string error;
  };
  Folder folder;
  const std::string unknown = "https://no-such-host.invalid/secret-of-hall";  // RFC 6761 section 6.4
  const Row rows[] = {
      {unknown, Fault::feed_host_unknown,
       "fetching it from no-such-host.invalid: host-unknown (no name server knows this name)"},
      {"http://127.0.0.1:9/secret-of-hall", Fault::feed_down,
       "fetching it from 127.0.0.1: refused (nobody listens there)"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url);
    FeedsBench bench(folder.path());
    bench.settings.feeds[0].url = row.url;
    bench.settings.fetch_within = 15s;  // a machine without a network may take its time to say so
    bench.start();
    REQUIRE(bench.polled(1));
    CHECK(bench.faults == Faults{row.fault});
    CHECK(bench.feeds->states()[0].error == row.error);
  }
}

TEST_CASE("a certificate of another authority, and one that is over, are a matter of the clock and of IT") {
  const TestCa ours, another;
  const Folder folder;
  write_text(folder / "ca.pem", ours.pem());
  TestCa::Wanted over;
  over.until = std::chrono::seconds(-60);
  for (const TestCertificate& certificate : {another.issue(), ours.issue(over)}) {
    FeedsBench bench(folder.path());
    ScriptedServer server(bench.io, certificate);
    server.script(ServerReply(200, calendar(booking(1, "r1"))));
    HttpClient http(bench.io.get_executor(), HttpSettings{(folder / "ca.pem").native()});
    bench.settings.feeds[0].url = server.url("/secret-of-hall");
    bench.client = &http;
    bench.start();
    REQUIRE(bench.polled(1));
    CHECK(bench.faults == Faults{Fault::feed_tls});
    const std::string error = bench.feeds->states()[0].error;
    CAPTURE(error);
    CHECK(error.find("fetching it from 127.0.0.1: tls (the server could not be verified") == 0);
    CHECK(error.find("secret-of-hall") == std::string::npos);
    bench.stop();
  }
}

TEST_CASE("one fault gives way to another") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::whole, 503, "", {}}; };
  bench.start();
  REQUIRE(bench.polled(1));
  CHECK(bench.faults == Faults{Fault::feed_server_error});
  bench.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::whole, 200, "x", {}}; };
  REQUIRE(bench.poll());
  CHECK(bench.faults == Faults{Fault::feed_unreadable});
}

TEST_CASE("a fault that two feeds have is cleared when neither has it") {
  Folder folder;
  FeedsBench bench(folder.path(), {"hall", "second"});
  std::set<std::string> ill = {"hall", "second"};
  bench.server.answer = [&ill](const FeedRequest& request) {
    const bool bad = std::any_of(ill.begin(), ill.end(), [&](const std::string& name) {
      return request.target.find("secret-of-" + name) != std::string::npos;
    });
    return bad ? FeedReply{FeedReply::whole, 500, "", {}} : good(request);
  };
  bench.settings.feeds[1].every = 600s;
  bench.start();
  REQUIRE(bench.polled(2));
  CHECK(bench.faults == Faults{Fault::feed_server_error});
  const BootTime start = bench.clock.fake.boot();
  ill.erase("hall");
  REQUIRE(bench.clock.waits.size() == 2);
  const auto hall = std::min(bench.clock.waits[0], bench.clock.waits[1]);
  const auto second = std::max(bench.clock.waits[0], bench.clock.waits[1]);
  bench.clock.fake.advance(hall, [&bench] { bench.io.poll(); });
  REQUIRE(bench.polled(3));
  CHECK(bench.agenda() == kGood);
  CHECK(bench.faults == Faults{Fault::feed_server_error});  // the second feed's
  ill.clear();
  while (bench.server.requests().size() < 3 || bench.clock.fake.boot() < start + second) {
    const std::size_t polls = bench.server.requests().size();
    const auto left = start + second - bench.clock.fake.boot();
    bench.clock.fake.advance(std::min<BootClock::duration>(bench.last_sleep(), left), [&bench] { bench.io.poll(); });
    REQUIRE(bench.polled(polls + 1));
  }
  CHECK(bench.faults.empty());
}

TEST_CASE("a server that is ill is asked ever less often, and a well one at the old pace") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::whole, 500, "", {}}; };
  bench.start();
  REQUIRE(bench.polled(1));
  for (const auto least : {60s, 120s, 240s, 480s, 600s, 600s}) {
    CHECK(bench.last_sleep() >= least);
    CHECK(bench.last_sleep() <= least + least / 5);
    REQUIRE(bench.poll());
  }
  bench.server.answer = good;
  REQUIRE(bench.poll());
  CHECK(bench.last_sleep() <= 72s);
}

TEST_CASE("a child that hangs is killed after its time, wherever it hangs") {
  struct Row {
    std::string what, script, body;
  };
  const Row rows[] = {
      {"before it reads", "kill -STOP $$\n", calendar(booking(2, "r2"))},
      {"before it reads, and the calendar is large", "kill -STOP $$\n", large()},
      {"after it has read", "cat > /dev/null\nkill -STOP $$\n", calendar(booking(2, "r2"))},
      {"while it writes", "cat > /dev/null\necho '{\"consultations\":['\nkill -STOP $$\n", calendar(booking(2, "r2"))},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Folder folder;
    {
      FeedsBench before(folder.path());
      before.server.answer = good;
      before.start();
      REQUIRE(before.polled(1));
    }
    FeedsBench bench(folder.path());
    bench.stand_in(row.script);
    bench.server.answer = [&row](const FeedRequest&) { return FeedReply{FeedReply::whole, 200, row.body, {}}; };
    bench.start();
    REQUIRE(bench.reading(1));
    CHECK(bench.clock.waits.back() == 5s);
    bench.clock.fake.advance(4999ms, [&bench] { bench.io.poll(); });
    CHECK(children() == 1);
    CHECK(bench.faults.empty());
    bench.clock.fake.advance(1ms, [&bench] { bench.io.poll(); });
    REQUIRE(bench.polled(1));
    CHECK(bench.faults == Faults{Fault::feed_child_killed});
    CHECK(children() == 0);
    CHECK(bench.agenda() == kGood);
    CHECK(bench.file().find("r1") != std::string::npos);
  }
}

TEST_CASE("a child that makes addresses of its own is not believed") {
  const auto said = [](const std::string& events, const std::string& publish, const std::string& play) {
    return fmt::format(R"({{"consultations":[{{"id":"0123456789abcdef","feed":"hall","start":1775440800000,)"
                       R"("end":1775444400000,"status":"confirmed","events":"{}","seats":[{{"id":"counsellor",)"
                       R"("role":"x","publish":"{}","play":"{}"}}]}}],"skipped":[]}})",
                       events, publish, play);
  };
  const std::string ours = "https://desk.example/";
  struct Row {
    std::string what, output;
    Faults faults;
  };
  const Row rows[] = {
      {"ours", said(ours + "e", ours + "w", ours + "p"), {}},
      {"its own publish", said(ours + "e", "https://attacker.example/w", ours + "p"), {Fault::feed_unreadable}},
      {"its own play", said(ours + "e", ours + "w", "https://attacker.example/p"), {Fault::feed_unreadable}},
      {"its own events", said("https://attacker.example/e", ours + "w", ours + "p"), {Fault::feed_unreadable}},
      {"another port", said(ours + "e", "https://desk.example:8443/w", ours + "p"), {Fault::feed_unreadable}},
      {"another scheme", said(ours + "e", "http://desk.example/w", ours + "p"), {Fault::feed_unreadable}},
      {"a name before it", said(ours + "e", "https://desk.example@attacker.example/w", ""), {Fault::feed_unreadable}},
      {"no URL", said(ours + "e", "desk.example/w", ours + "p"), {Fault::feed_unreadable}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Folder folder;
    FeedsBench bench(folder.path());
    bench.stand_in("cat > /dev/null\ncat <<'END'\n" + row.output + "\nEND\n");
    bench.server.answer = good;
    bench.start();
    REQUIRE(bench.polled(1));
    CHECK(bench.faults == row.faults);
    CHECK(bench.agenda().size() == (row.faults.empty() ? 1 : 0));
  }
}

TEST_CASE("what an earlier configuration's rule made is not kept") {
  const Folder folder;
  {
    FeedsBench before(folder.path());
    before.server.answer = good;
    before.start();
    REQUIRE(before.polled(1));
    REQUIRE(before.agenda() == kGood);
  }
  FeedsBench same(folder.path());
  schedule::Feeds again(same.io.get_executor(), same.http, same.clock, same.settings, folder.path(), same.pool, {});
  again.load();
  CHECK(again.agenda().consultations.size() == 1);
  for (schedule::LinkRule& rule : same.settings.links) {
    for (std::string* text : {&rule.events, &rule.seats[0].publish, &rule.seats[0].play}) {
      if (const auto at = text->find("desk.example"); at != std::string::npos) text->replace(at, 4, "kiosk");
    }
  }
  schedule::Feeds moved(same.io.get_executor(), same.http, same.clock, same.settings, folder.path(), same.pool, {});
  moved.load();
  CHECK(moved.agenda().consultations.empty());
}

TEST_CASE("a child's child that keeps the pipe open does not keep the feed") {
  Folder folder;
  FeedsBench bench(folder.path());
  // The grandchild keeps both pipes, and outlives its parent.
  bench.stand_in("sh -c 'trap \"\" HUP; echo $$ > " + (folder / "pid").native() +
                 "; exec tail -f /dev/null' &\nkill -STOP $$\n");
  bench.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::whole, 200, large(), {}}; };
  bench.start();
  REQUIRE(bench.reading(1));
  REQUIRE(until(
      bench.io, [&folder] { return !read_text(folder / "pid").empty(); }, 20s * kSlow));
  const pid_t grandchild = std::stoi(read_text(folder / "pid"));
  bench.clock.fake.advance(5s, [&bench] { bench.io.poll(); });
  CHECK(bench.polled(1));
  CHECK(bench.faults == Faults{Fault::feed_child_killed});
  ::kill(grandchild, SIGKILL);
}

TEST_CASE("a child that writes without end, nonsense, or not at all") {
  struct Row {
    std::string what, script;
    Fault fault;
  };
  const Row rows[] = {
      {"without end", "cat > /dev/null\nexec yes\n", Fault::feed_child_killed},
      {"nonsense", "cat > /dev/null\necho nonsense\n", Fault::feed_unreadable},
      {"nothing", "cat > /dev/null\n", Fault::feed_unreadable},
      {"an agenda that is none", "cat > /dev/null\necho '{\"consultations\":[{}]}'\n", Fault::feed_unreadable},
      {"no agenda", "cat > /dev/null\necho '{}'\n", Fault::feed_unreadable},
      {"killed by a signal", "cat > /dev/null\nkill -SEGV $$\n", Fault::feed_child_killed},
      {"ended before it read", "exit 0\n", Fault::feed_unreadable},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Folder folder;
    FeedsBench bench(folder.path());
    bench.stand_in(row.script);
    bench.server.answer = [](const FeedRequest&) { return FeedReply{FeedReply::whole, 200, large(), {}}; };
    bench.start();
    REQUIRE(bench.polled(1));
    CHECK(bench.faults == Faults{row.fault});
    CHECK(bench.agenda().empty());
    CHECK(children() == 0);
  }
}

TEST_CASE("a reader that is not there is a fault, not the end") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.settings.reader = folder / "nothing";
  bench.server.answer = good;
  bench.start();
  REQUIRE(bench.polled(1));
  CHECK(bench.faults == Faults{Fault::feed_unreadable});
  CHECK(bench.feeds->states()[0].error.find("nothing") != std::string::npos);
}

TEST_CASE("a reader that may not be run is not the server's refusal") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.stand_in("exit 0\n");
  std::filesystem::permissions(bench.settings.reader, std::filesystem::perms::owner_read);
  bench.server.answer = good;
  bench.start();
  REQUIRE(bench.polled(1));
  CHECK(bench.faults == Faults{Fault::feed_unreadable});
}

TEST_CASE("ended while the child reads: no child is left") {
  Folder folder;
  FeedsBench bench(folder.path());
  bench.stand_in("kill -STOP $$\n");
  bench.server.answer = good;
  bench.start();
  REQUIRE(bench.reading(1));
  CHECK(children() == 1);
  bench.stop();
  CHECK(children() == 0);
  CHECK(bench.clock.fake.pending() == 0);
}

TEST_CASE("a disk that takes nothing is a fault, and the agenda is in memory") {
  Folder folder;
  FeedsBench bench(folder / "missing");
  std::vector<bool> asked_if_new;
  bench.server.answer = [&asked_if_new](const FeedRequest& request) {
    asked_if_new.push_back(request.headers.contains("if-none-match"));
    FeedReply reply = good(request);
    reply.headers = {{"ETag", "\"1\""}};
    return reply;
  };
  bench.start();
  REQUIRE(bench.polled(1));
  CHECK(bench.agenda() == kGood);
  CHECK(bench.faults == Faults{Fault::disk_full});
  std::filesystem::create_directory(folder / "missing");
  REQUIRE(bench.poll());
  CHECK(bench.faults.empty());
  CHECK(bench.file().find("r1") != std::string::npos);
  REQUIRE(bench.poll());
  // What was not saved is fetched whole; only then may the server say that nothing is new.
  CHECK(asked_if_new == std::vector<bool>{false, false, true});
}
