// SPDX-License-Identifier: Apache-2.0
// The press on disk: all of it comes back, to this boot alone, whatever lies there.
#include "firmware/session/press_book.hpp"

#include <sys/stat.h>

#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace madoguchi::session;
using namespace std::chrono_literals;

namespace {

Plan booked() {
  Plan plan = two_seats();
  plan.start = WallTime(1'800'000'000'000ms);
  plan.end = plan.start + 30min;
  return plan;
}

struct Disk {
  asio::io_context io;
  asio::thread_pool pool{1};
  Folder folder;
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  PressBook book{folder.path(), "boot-1", clock, pool};

  ~Disk() { pool.join(); }
  std::filesystem::path file() const { return folder / "press.json"; }
  std::optional<Remembered> after_restart(const std::string& boot = "boot-1") {
    return PressBook(folder.path(), boot, clock, pool).of_this_boot();
  }
};

}  // namespace

TEST_CASE("the whole plan comes back, with the time when it was written, and lies there for its owner alone") {
  Disk disk;
  disk.clock.advance(7s);
  REQUIRE(await(disk.io, disk.book.remember(booked())));
  struct stat status {};
  REQUIRE(::stat(disk.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  disk.clock.advance(1min);
  const auto press = disk.after_restart();
  REQUIRE(press);
  CHECK(press->written == disk.clock.boot() - 1min);
  const Plan &plan = press->plan, wanted = booked();
  CHECK(plan.consultation == wanted.consultation);
  CHECK(plan.start == wanted.start);
  CHECK(plan.end == wanted.end);
  CHECK(plan.events == wanted.events);
  REQUIRE(plan.seats.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(plan.seats[i].id == wanted.seats[i].id);
    CHECK(plan.seats[i].role == wanted.seats[i].role);
    CHECK(plan.seats[i].publish == wanted.seats[i].publish);
    CHECK(plan.seats[i].play == wanted.seats[i].play);
  }
  REQUIRE(await(disk.io, disk.book.forget()));
  CHECK_FALSE(disk.after_restart());
}

TEST_CASE("a press of another boot is forgotten, and so is one of a machine that names none") {
  Disk disk;
  REQUIRE(await(disk.io, disk.book.remember(booked())));
  CHECK_FALSE(disk.after_restart("boot-2"));
  CHECK_FALSE(std::filesystem::exists(disk.file()));
  PressBook nameless(disk.folder.path(), "", disk.clock, disk.pool);
  REQUIRE(await(disk.io, nameless.remember(booked())));
  CHECK_FALSE(nameless.of_this_boot());
}

TEST_CASE("the bare id of an older daemon is read: its plan is the agenda's to know") {
  Disk disk;
  write_text(disk.file(), R"({"boot":"boot-1","consultation":"0123456789abcdef"})");
  const auto press = disk.after_restart();
  REQUIRE(press);
  CHECK(press->plan.consultation == "0123456789abcdef");
  CHECK(press->plan.seats.empty());
  CHECK_FALSE(press->written);
}

TEST_CASE("what is not understood is no press, and is set aside") {
  const std::string seat = R"({"id":"a","role":"b","publish":"c","play":"d"})";
  const std::string head = R"({"boot":"boot-1","version":1,"written":5,"plan":{"consultation":"c","start":1,"end":2,)";
  const std::string good = head + R"("events":"e","seats":[)" + seat + "]}}";
  const std::string rows[] = {
      "",
      "{",
      "[]",
      R"({"boot":"boot-1"})",
      R"({"boot":"boot-1","consultation":7})",
      R"({"boot":"boot-1","version":2,"written":5,"plan":{}})",
      R"({"boot":"boot-1","version":1,"written":5})",
      R"({"boot":"boot-1","version":1,"written":5,"plan":{}})",
      head + R"("events":"e","seats":[]}})",
      head + R"("events":"e","seats":[1]}})",
      head + R"("events":"e","seats":[{"id":"a"}]}})",
      head + R"("seats":[)" + seat + "]}}",
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    Disk disk;
    write_text(disk.file(), row);
    CHECK_FALSE(disk.after_restart());
    CHECK_FALSE(std::filesystem::exists(disk.file()));
    CHECK(read_text(disk.folder / "press.json.damaged-1") == row);
  }
  Disk disk;
  write_text(disk.file(), good);
  CHECK(disk.after_restart());
}

TEST_CASE("a press goes on before its booked end, and after it when the daemon was not away for long") {
  struct Row {
    std::chrono::minutes into;  ///< the booking, whose end is at 30
    std::chrono::seconds away;
    bool goes_on;
  };
  const Row rows[] = {{0min, 1h, true},
                      {30min - 1min, 1h, true},
                      {30min, 1h, false},
                      {30min, 5min, false},
                      {30min, 5min - 1s, true},
                      {90min, 10s, true},
                      {30min, std::chrono::seconds(0), true}};
  for (const Row& row : rows) {
    CAPTURE(row.into.count(), row.away.count());
    Remembered press;
    press.plan = booked();
    const BootTime now{10h};
    press.written = now - row.away;
    CHECK(goes_on(press, booked().start + row.into, now) == row.goes_on);
    press.written.reset();  // an older daemon's
    CHECK(goes_on(press, booked().start + row.into, now) == (row.into < 30min));
  }
}
