// SPDX-License-Identifier: Apache-2.0
// What the desk keeps: its file's versions, and that time in it is what it is told, never the machine's.
#include "provisioning/desk/store.hpp"

#include <sqlite3.h>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;

TEST_CASE("an older version's file goes on with what is in it - a newer one's is refused") {
  test::Folder folder;
  std::filesystem::create_directories(folder / "data");
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
    const auto booking = store->booking_of_room("room");
    REQUIRE(booking);
    CHECK(booking->receipt == "1001");
    CHECK(booking->held);
    CHECK(booking->ended_at.has_value() == (opened == 1));
    store->mark_ended("room", WallTime(2000000ms));
    CHECK(store->booking_of_room("room")->ended_at == WallTime(2000000ms));
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
    CHECK(store->login("first", start + 12h - 1s));
    CHECK_FALSE(store->login("first", start + 12h));
    CHECK(put("second", start + 35h));
    CHECK(store->has_login("first"));  // a consultation that is on outlives its login by up to a day
    CHECK(put("third", start + 37h));
    CHECK_FALSE(store->has_login("first"));
    CHECK(store->login("second", start + 37h));
    CHECK(store->login("third", start + 37h));
  }
}
