// SPDX-License-Identifier: Apache-2.0
// Feeds on a loop in virtual time, with a real server on loopback, the real reading child or a stand-in. On the test's
// thread.
#pragma once

#include <signal.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <set>

#include "firmware/schedule/feeds.hpp"
#include "tests/firmware/schedule/feed_child.hpp"
#include "tests/firmware/schedule/feed_server.hpp"

namespace madoguchi::test {

/// Virtual time that tells which waits were begun.
class WatchedClock final : public Clock {
 public:
  [[nodiscard]] BootTime boot() const override { return fake.boot(); }
  [[nodiscard]] WallTime wall() const override { return fake.wall(); }
  AlarmId set(BootTime when, std::function<void()> ring) override {
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(when - boot()));
    return fake.set(when, std::move(ring));
  }
  void clear(AlarmId id) override { fake.clear(id); }

  FakeClock fake{WallTime(std::chrono::hours(24 * 20549))};  ///< 2026-04-06 00:00 UTC
  std::vector<std::chrono::milliseconds> waits;
};

/// "agenda" for the first, a clock and a pool of its own; two of them may share a folder, one after the other.
class FeedsBench {
 public:
  explicit FeedsBench(const std::filesystem::path& folder, const std::vector<std::string>& names = {"hall"});
  ~FeedsBench() { stop(); }

  void start();  ///< spawns each feed's life
  void stop();   ///< cancels them and waits
  /// Runs until so many waits for the next poll have begun in all; false when that does not come.
  bool polled(std::size_t count);
  /// Runs until so many readings by the child have begun.
  bool reading(std::size_t count);
  /// Goes to the next poll and runs until it has ended.
  bool poll();
  [[nodiscard]] std::chrono::milliseconds last_sleep() const;
  /// "2026-04-06T01:00Z/... confirmed ROOM" as feed_child.hpp writes them.
  [[nodiscard]] std::vector<std::string> agenda() const;
  [[nodiscard]] std::string file(const std::string& name = "hall") const;
  void stand_in(const std::string& script);

  asio::io_context io;
  asio::thread_pool pool{1};
  WatchedClock clock;
  FeedServer server{io};
  HttpClient http{io.get_executor(), {}};
  HttpClient* client = &http;  ///< the one that start() gives the feeds
  std::filesystem::path folder;
  schedule::Settings settings;
  std::set<Fault> faults;
  int changes = 0;
  std::unique_ptr<schedule::Feeds> feeds;

 private:
  [[nodiscard]] std::size_t sleeps() const;
  std::vector<std::unique_ptr<asio::cancellation_signal>> stops_;
  std::size_t running_ = 0;
};

/// One event at this hour (UTC) of 2026-04-06, in this room.
std::string booking(int hour, const std::string& room, const std::string& more = {});

}  // namespace madoguchi::test
