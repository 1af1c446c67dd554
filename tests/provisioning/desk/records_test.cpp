// SPDX-License-Identifier: Apache-2.0
// The store on its thread: whoever holds the file holds up nobody but those who ask for it, and not for ever.
#include "provisioning/desk/records.hpp"

#include <future>

#include "tests/provisioning/desk/virtual_desk.hpp"

using namespace madoguchi;
using namespace madoguchi::desk;

namespace {

/// The store's thread is busy until this ends.
struct Busy {
  std::promise<void> end;
  std::shared_future<void> ended = end.get_future().share();
  std::function<Result<int>(Store&)> work = [until = ended](Store&) -> Result<int> {
    until.wait();
    return 1;
  };
};

struct Thread {
  asio::io_context io;
  test::Folder folder;
  std::unique_ptr<Store> store = std::move(Store::open(folder / "data").value());
  std::vector<std::string> answers;

  void ask(Records& records, std::function<Result<int>(Store&)> work) {
    asio::co_spawn(io, records.ask(std::move(work)), [this](std::exception_ptr failure, const Result<int>& result) {
      answers.push_back(failure ? "thrown" : result ? std::to_string(*result) : result.error().message);
    });
    io.restart();
    io.poll();
  }
  bool answered(std::size_t count) {
    return test::until(
        io, [&] { return answers.size() == count; }, std::chrono::seconds(20 * test::kSlow));
  }
};

}  // namespace

TEST_CASE("work is done in the order of the calls, off the loop's thread") {
  Thread it;
  Records records(*it.store);
  const auto loop = std::this_thread::get_id();
  Busy busy;
  it.ask(records, busy.work);
  for (const int number : {2, 3}) {
    it.ask(records, [number, loop](Store&) -> Result<int> { return std::this_thread::get_id() == loop ? 0 : number; });
  }
  CHECK(records.waiting() == 3);
  CHECK(it.answers.empty());
  busy.end.set_value();
  REQUIRE(it.answered(3));
  CHECK(it.answers == std::vector<std::string>{"1", "2", "3"});
  CHECK(records.waiting() == 0);
}

TEST_CASE("more than its places is refused at once, and nothing of it is done") {
  Thread it;
  Records records(*it.store, {2, 5s});
  Busy busy;
  bool done = false;
  it.ask(records, busy.work);
  it.ask(records, [](Store&) -> Result<int> { return 2; });
  it.ask(records, [&done](Store&) -> Result<int> {
    done = true;
    return 3;
  });
  CHECK(it.answers == std::vector<std::string>{"too many wait for the desk's file"});
  busy.end.set_value();
  REQUIRE(it.answered(3));
  CHECK_FALSE(done);
  it.ask(records, [](Store&) -> Result<int> { return 4; });
  REQUIRE(it.answered(4));
  CHECK(it.answers.back() == "4");
}

TEST_CASE("what could not begin in time never begins") {
  Thread it;
  Records records(*it.store, {8, 0s});
  Busy busy;
  bool done = false;
  it.ask(records, [&done](Store&) -> Result<int> {
    done = true;
    return 1;
  });
  REQUIRE(it.answered(1));
  CHECK(it.answers == std::vector<std::string>{"the desk's file was held for too long"});
  CHECK_FALSE(done);
}

TEST_CASE("while another process holds the file's lock, the desk's page and its streams go on") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply seat = desk.sit();
  sqlite3* other = nullptr;
  REQUIRE(::sqlite3_open((desk.folder / "data/desk.sqlite3").c_str(), &other) == SQLITE_OK);
  REQUIRE(::sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const std::string events = "/events/" + desk.booking.room;
  // It waits for the lock in the store's thread; the loop is free.
  const auto calling = desk.begin_only("POST", events, R"({"type":"calling"})");
  const auto page = desk.begin_only("GET", "/index.html", {});
  REQUIRE(page->reply);
  CHECK(page->reply->status == 200);
  CHECK_FALSE(calling->reply);
  CHECK_FALSE(Desk::heard(seat, "calling"));
  REQUIRE(::sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  ::sqlite3_close(other);
  desk.settle();
  REQUIRE(calling->reply);
  CHECK(calling->reply->status == 204);
  CHECK(Desk::heard(seat, "calling"));
}

TEST_CASE("a ring whose writing took a while still says which hall rings") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply list = desk.page("GET", "/api/stream");
  REQUIRE(list.stream);
  sqlite3* other = nullptr;
  REQUIRE(::sqlite3_open((desk.folder / "data/desk.sqlite3").c_str(), &other) == SQLITE_OK);
  REQUIRE(::sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  // Its booking has been read, and its writing waits for the lock; the box has no stream, so no room is open yet.
  const auto calling = desk.begin_only("POST", "/events/" + desk.booking.room, R"({"type":"calling"})");
  int ticks = 0;
  test::until(
      desk.io,
      [&] {
        desk.api->tick();
        return ++ticks == 20;
      },
      20s * test::kSlow);
  REQUIRE_FALSE(calling->reply);
  REQUIRE(::sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  ::sqlite3_close(other);
  desk.settle();
  REQUIRE(calling->reply);
  CHECK(calling->reply->status == 204);
  CHECK(Desk::heard(list, R"("hall_name":"South")"));
}
