// SPDX-License-Identifier: Apache-2.0
// The book of connections that an office keeps for us: on disk, private, bounded, and robust against what it finds.
#include "firmware/signalling/resource_book.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace madoguchi::signalling;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kNow = 1700000000;

bool any_server(const std::string&) { return true; }

struct Desk {
  asio::io_context io;
  asio::thread_pool pool{1};
  Folder folder;
  FakeClock clock{WallTime(std::chrono::seconds(kNow))};
  ResourceBook book{folder.path(), clock, pool};

  ~Desk() { pool.join(); }
  std::filesystem::path file() const { return folder / "resources.json"; }
  /// How many the next life would find.
  std::size_t reread() {
    ResourceBook next(folder.path(), clock, pool);
    next.load(any_server);
    return next.size();
  }
};

asio::awaitable<bool> swept(ResourceBook& book, std::function<asio::awaitable<Result<void>>(std::string)> end) {
  co_await book.sweep(std::move(end));
  co_return true;
}

/// Ends all but what is in `stuck`, and keeps what it was asked.
struct Office {
  std::vector<std::string> asked;
  std::string stuck;
  asio::awaitable<Result<void>> end(std::string url) {
    asked.push_back(url);
    if (url == stuck) co_return fail(Errc::unreachable, "not now");
    co_return Result<void>();
  }
};

bool sweep(Desk& desk, ResourceBook& book, Office& office) {
  return await(desk.io, swept(book, [&office](std::string url) { return office.end(std::move(url)); }));
}

}  // namespace

TEST_CASE("what is remembered is on disk for the owner alone, what is forgotten is not") {
  Desk desk;
  const auto old_mask = ::umask(0);
  const auto remembered = await(desk.io, desk.book.remember("https://h.example/r/1"));
  ::umask(old_mask);
  REQUIRE(remembered);
  REQUIRE(await(desk.io, desk.book.remember("https://h.example/r/2")));
  CHECK(desk.book.size() == 2);
  CHECK(desk.reread() == 2);
  struct stat status {};
  REQUIRE(::stat(desk.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  REQUIRE(await(desk.io, desk.book.remember("https://h.example/r/2")));  // twice is once
  CHECK(desk.reread() == 2);
  REQUIRE(await(desk.io, desk.book.forget("https://h.example/r/1")));
  CHECK(desk.reread() == 1);
  REQUIRE(await(desk.io, desk.book.forget("https://h.example/unknown")));
  CHECK(desk.reread() == 1);
  CHECK(read_text(desk.file()).find("r/2") != std::string::npos);
  CHECK(read_text(desk.file()).find("r/1") == std::string::npos);
}

TEST_CASE("the next life ends what an earlier one left, and keeps what it cannot reach") {
  Desk desk;
  for (const char* url : {"https://h.example/1", "https://h.example/2", "https://h.example/3"}) {
    REQUIRE(await(desk.io, desk.book.remember(url)));
  }
  ResourceBook next(desk.folder.path(), desk.clock, desk.pool);
  next.load(any_server);
  Office office;
  office.stuck = "https://h.example/2";
  REQUIRE(sweep(desk, next, office));
  CHECK(office.asked == std::vector<std::string>{"https://h.example/1", "https://h.example/2", "https://h.example/3"});
  CHECK(next.size() == 1);
  CHECK(desk.reread() == 1);
  office.stuck.clear();
  REQUIRE(sweep(desk, next, office));
  CHECK(office.asked.size() == 4);
  CHECK(office.asked.back() == "https://h.example/2");
  CHECK(desk.reread() == 0);
}

TEST_CASE("a book that cannot be read is set aside, and a new one written") {
  const std::string rows[] = {"",
                              "{",
                              R"({"resources":[{"url":"https://h.example/1","si)",
                              "[]",
                              "{}",
                              R"({"resources":{}})",
                              R"({"resources":"x"})",
                              std::string(64, '\0'),
                              std::string(2 * 1024 * 1024, 'x')};
  for (const std::string& row : rows) {
    CAPTURE(row.substr(0, 60));
    Desk desk;
    write_text(desk.file(), row);
    desk.book.load(any_server);
    CHECK(desk.book.size() == 0);
    CHECK(read_text(desk.folder / "resources.json.damaged-1") == row);
    REQUIRE(await(desk.io, desk.book.remember("https://h.example/1")));
    CHECK(desk.reread() == 1);
  }
}

TEST_CASE("of a book that is half right the right half counts") {
  Desk desk;
  write_text(desk.file(),
             fmt::format(R"({{"resources":[1,{{}},{{"url":7,"since":{0}}},{{"url":"https://h.example/1"}},)"
                         R"({{"url":"https://h.example/2","since":{0}}}]}})",
                         kNow));
  desk.book.load(any_server);
  CHECK(desk.book.size() == 1);
}

TEST_CASE("what is older than a week no office keeps") {
  Desk desk;
  const std::int64_t week = 7 * 24 * 3600;
  write_text(desk.file(), fmt::format(R"({{"resources":[{{"url":"https://h.example/1","since":{}}},)"
                                      R"({{"url":"https://h.example/2","since":{}}}]}})",
                                      kNow - week - 1, kNow - week));
  desk.book.load(any_server);
  CHECK(desk.book.size() == 1);
}

TEST_CASE("the book has an end: the oldest goes first") {
  Desk desk;
  const std::size_t beyond = ResourceBook::kMost + 3;
  for (std::size_t i = 0; i < beyond; ++i) {
    REQUIRE(await(desk.io, desk.book.remember(fmt::format("https://h.example/{}", i))));
  }
  CHECK(desk.book.size() == ResourceBook::kMost);
  ResourceBook next(desk.folder.path(), desk.clock, desk.pool);
  next.load(any_server);
  Office office;
  REQUIRE(sweep(desk, next, office));
  REQUIRE(office.asked.size() == ResourceBook::kMost);
  CHECK(office.asked.front() == "https://h.example/3");
  CHECK(office.asked.back() == fmt::format("https://h.example/{}", beyond - 1));
}

TEST_CASE("a book that was made too long is read up to its bound") {
  Desk desk;
  std::string text = R"({"resources":[)";
  for (int i = 0; i < 500; ++i) {
    text += fmt::format(R"({}{{"url":"https://h.example/{}","since":{}}})", i == 0 ? "" : ",", i, kNow);
  }
  write_text(desk.file(), text + "]}");
  desk.book.load(any_server);
  CHECK(desk.book.size() == ResourceBook::kMost);
}

TEST_CASE("a book that cannot be written says so and is still known in memory") {
  Desk desk;
  ResourceBook lost(desk.folder / "no such folder", desk.clock, desk.pool);
  CHECK_FALSE(await(desk.io, lost.remember("https://h.example/1")));
  CHECK(lost.size() == 1);
}

TEST_CASE("saves that overlap leave the last list on the disk") {
  Desk desk;
  int done = 0;
  const auto count = [&done](std::exception_ptr, const Result<void>&) { ++done; };
  constexpr int kRounds = 40;
  for (int i = 0; i < kRounds; ++i) {
    const std::string url = fmt::format("https://h.example/{}", i);
    asio::co_spawn(desk.io, desk.book.remember(url), count);
    asio::co_spawn(desk.io, desk.book.forget(url), count);
  }
  asio::co_spawn(desk.io, desk.book.remember("https://h.example/last"), count);
  REQUIRE(until(
      desk.io, [&done] { return done == 2 * kRounds + 1; }, 30s));
  CHECK(desk.reread() == 1);
  CHECK(read_text(desk.file()).find("/last") != std::string::npos);
}

TEST_CASE("a save whose caller is cancelled is made all the same") {
  Desk desk;
  asio::cancellation_signal signal;
  bool over = false;
  const auto end = [&over](std::exception_ptr, const Result<void>&) { over = true; };
  asio::co_spawn(desk.io, desk.book.remember("https://h.example/1"), asio::bind_cancellation_slot(signal.slot(), end));
  desk.io.poll_one();  // it is on its way to the pool
  signal.emit(asio::cancellation_type::terminal);
  REQUIRE(until(
      desk.io, [&over] { return over; }, 30s));
  CHECK(desk.reread() == 1);
}
