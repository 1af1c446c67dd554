// SPDX-License-Identifier: Apache-2.0
// What the desk keeps: its file's versions, and that time in it is what it is told, never the machine's.
#include "provisioning/desk/store.hpp"

#include <sqlite3.h>

#include <fstream>
#include <iterator>
#include <random>

#include "base/private_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;

TEST_CASE("an older version's file goes on with what is in it - a newer one's is refused") {
  test::Folder folder;
  REQUIRE(private_folder(folder / "data"));
  const auto run = [&](const char* sql) {
    sqlite3* database = nullptr;
    REQUIRE(::sqlite3_open((folder / "data/desk.sqlite3").c_str(), &database) == SQLITE_OK);
    CHECK(::sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    ::sqlite3_close(database);
  };
  run(R"sql(
CREATE TABLE halls(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, token TEXT NOT NULL UNIQUE, calendar TEXT NOT NULL UNIQUE);
CREATE TABLE bookings(
  receipt INTEGER PRIMARY KEY AUTOINCREMENT, hall TEXT NOT NULL REFERENCES halls(id), start INTEGER NOT NULL,
  "end" INTEGER NOT NULL, room TEXT NOT NULL UNIQUE, cancelled INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL);
INSERT INTO halls VALUES('south', 'South', 'digest', 'secret');
INSERT INTO bookings VALUES(1001, 'south', 1000000, 2800000, 'room', 0, 1, 5000);
)sql");
  for (int opened = 0; opened < 2; ++opened) {
    auto store = Store::open(folder / "data").value();
    const auto booking = store->booking_of_room("room").value();
    REQUIRE(booking);
    CHECK(booking->receipt == "1001");
    CHECK(booking->held);
    CHECK(booking->ended_at.has_value() == (opened == 1));
    REQUIRE(store->mark_ended("room", WallTime(2000000ms)));
    CHECK(store->booking_of_room("room").value()->ended_at == WallTime(2000000ms));
  }
  run("PRAGMA user_version = 1000");
  const auto newer = Store::open(folder / "data");
  REQUIRE_FALSE(newer.has_value());
  CHECK(newer.error().message.find("newer madoguchi-desk") != std::string::npos);
}

TEST_CASE("logins end by the time that the store is told, whatever the machine's clock says") {
  for (const int year : {1999, 2023, 2044}) {
    CAPTURE(year);
    test::Folder folder;
    auto store = Store::open(folder / "data").value();
    const WallTime start = std::chrono::sys_days(std::chrono::year(year) / 2 / 28) + 23h + 59min;
    const auto put = [&](const std::string& cookie, WallTime now) {
      return store->put_login(cookie, {"sato", "csrf"}, now + 12h, now).has_value();
    };
    CHECK(put("first", start));
    CHECK(store->login("first", start + 12h - 1s).value());
    CHECK_FALSE(store->login("first", start + 12h).value());
    CHECK(put("second", start + 35h));
    CHECK(store->has_login("first").value());  // a consultation that is on outlives its login by up to a day
    CHECK(put("third", start + 37h));
    // Nor does a clock that jumped forget the newest: only among many the old ones go.
    CHECK(store->has_login("first").value());
    for (int i = 0; i < 200; ++i) CHECK(put("later " + std::to_string(i), start + 37h));
    CHECK_FALSE(store->has_login("first").value());
    CHECK(store->login("second", start + 37h).value());
    CHECK(store->login("third", start + 37h).value());
  }
}

namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("a damaged file is refused and kept, or has every booking - it never has fewer") {
  const WallTime start = std::chrono::sys_days(std::chrono::year(2027) / 4 / 1);
  constexpr int kBookings = 300;
  test::Folder folder;
  {
    auto store = Store::open(folder / "data").value();
    for (const char* hall : {"north", "south", "west"}) REQUIRE(store->put_hall(hall, hall, hall));
    REQUIRE(store->put_counsellor("sato", "hash"));
    for (int i = 0; i < kBookings; ++i) {
      REQUIRE(store->book({"north", start + i * 1h, 30min}, "", start));
    }
  }
  const std::string whole = bytes_of(folder / "data/desk.sqlite3");
  REQUIRE(whole.size() > 32 * 1024);
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same damage each time
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    CAPTURE(i);
    std::string damaged = whole;
    const std::size_t length = i % 3 == 0 ? 4096 : i % 3 == 1 ? 512 : 16;
    const std::size_t at = i < 4 ? static_cast<std::size_t>(i) * 20 : random() % (damaged.size() - length);
    for (std::size_t k = 0; k < length; ++k) {
      damaged[at + k] = static_cast<char>(i % 2 == 0 ? 0 : random());
    }
    if (i % 10 == 9) damaged.resize(damaged.size() / 2);
    write_bytes(folder / "data/desk.sqlite3", damaged);
    {
      const auto store = Store::open(folder / "data");
      if (!store) {
        ++refused;
        CHECK(store.error().message.find("damaged") != std::string::npos);
        CHECK(store.error().message.find("backup") != std::string::npos);
        CHECK(bytes_of(folder / "data/desk.sqlite3") == damaged);
      } else {
        const auto bookings = (*store)->bookings(start - 24h, start + 24h * 400);
        CHECK((!bookings || bookings->size() == kBookings));
        const auto halls = (*store)->halls();
        CHECK((!halls || halls->size() == 3));
      }
    }
    for (const char* beside : {"data/desk.sqlite3-wal", "data/desk.sqlite3-shm"})
      std::filesystem::remove(folder / beside);
  }
  CHECK(refused > 30);
  write_bytes(folder / "data/desk.sqlite3", whole);
  CHECK(Store::open(folder / "data").value()->bookings(start, start + 24h * 400).value().size() == kBookings);
}

TEST_CASE("a folder that others may enter is not closed to them, and nothing is kept there") {
  test::Folder folder;
  const std::filesystem::path open = folder / "open";
  std::filesystem::create_directory(open);
  std::filesystem::permissions(open, std::filesystem::perms(01777));
  const auto store = Store::open(open);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::permission);
  CHECK(store.error().message.find("chmod 700 " + open.native()) != std::string::npos);
  CHECK(std::filesystem::status(open).permissions() == std::filesystem::perms(01777));
  CHECK(std::filesystem::is_empty(open));
}

TEST_CASE("a call is one row, from the press to its end, however often it is told") {
  test::Folder folder;
  auto store = Store::open(folder / "data").value();
  const WallTime now = std::chrono::sys_days(std::chrono::year(2027) / 4 / 1);
  REQUIRE(store->put_hall("north", "North", "token"));
  const Booking booking = store->book({"north", now, 30min}, "", now).value();
  const auto calls = [&] { return store->calls(now - 1h, now + 24h).value(); };
  REQUIRE(store->call_ends(booking, "lost", now));  // none is open
  CHECK(calls().empty());
  REQUIRE(store->call_begins(booking, now + 1s));
  REQUIRE(store->call_begins(booking, now + 5s));
  REQUIRE(calls().size() == 1);
  CHECK(calls()[0].hall == "north");
  CHECK(calls()[0].receipt == booking.receipt);
  CHECK(calls()[0].pressed == now + 1s);
  CHECK_FALSE(calls()[0].answered);
  REQUIRE(store->call_answered(booking, "sato", now + 9s));
  REQUIRE(store->call_answered(booking, "suzuki", now + 12s));
  CHECK(calls()[0].answered == now + 9s);
  CHECK(calls()[0].by == "sato");
  CHECK_FALSE(calls()[0].ended);
  store = Store::open(folder / "data").value();  // a restart
  REQUIRE(store->call_begins(booking, now + 20s));
  REQUIRE(store->call_ends(booking, "counsellor", now + 60s));
  REQUIRE(store->call_ends(booking, "over", now + 61s));
  REQUIRE(calls().size() == 1);
  CHECK(calls()[0].ended == now + 60s);
  CHECK(calls()[0].how == "counsellor");
  // Another press, which nobody answers; and a talk whose call was never told of.
  REQUIRE(store->call_begins(booking, now + 90s));
  REQUIRE(store->call_ends(booking, "cancelled", now + 99s));
  REQUIRE(store->call_answered(booking, "sato", now + 120s));
  REQUIRE(calls().size() == 3);
  CHECK_FALSE(calls()[1].answered);
  CHECK(calls()[1].how == "cancelled");
  CHECK(calls()[2].pressed == now + 120s);
  CHECK(calls()[2].answered == now + 120s);
}
