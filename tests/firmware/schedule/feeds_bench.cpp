// SPDX-License-Identifier: Apache-2.0
// What every test of Feeds stands on. On the test's thread.
#include "tests/firmware/schedule/feeds_bench.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace madoguchi::test {

using namespace std::chrono_literals;

namespace {
constexpr auto kBound = 20s * kSlow;
}

FeedsBench::FeedsBench(const std::filesystem::path& where, const std::vector<std::string>& names) : folder(where) {
  ::signal(SIGPIPE, SIG_IGN);  // as the daemon does
  settings.reader = MADOGUCHI_BIN "/madoguchi-feed";
  for (const std::string& name : names) {
    schedule::FeedSettings feed;
    feed.name = name;
    feed.url = server.url("/calendars/secret-of-" + name + "/bookings.ics");
    settings.feeds.push_back(feed);
  }
  schedule::LinkRule rule;
  rule.feeds = names;
  rule.link = "https://desk.example/rooms/(?P<room>[^/]+)";
  rule.events = "https://desk.example/events/{room}";
  rule.seats.resize(1);
  rule.seats[0].publish = "https://desk.example/whip/{room}";
  rule.seats[0].play = "https://desk.example/whep/{room}";
  settings.links = {rule};
}

void FeedsBench::start() {
  schedule::Feeds::Handlers handlers;
  handlers.changed = [this] { ++changes; };
  handlers.raise = [this](Fault fault) { faults.insert(fault); };
  handlers.clear = [this](Fault fault) { faults.erase(fault); };
  feeds =
      std::make_unique<schedule::Feeds>(io.get_executor(), *client, clock, settings, folder, pool, std::move(handlers));
  feeds->load();
  for (std::size_t i = 0; i < feeds->count(); ++i) {
    stops_.push_back(std::make_unique<asio::cancellation_signal>());
    ++running_;
    auto life = feeds->run(i);
    asio::co_spawn(io, std::move(life),
                   asio::bind_cancellation_slot(stops_.back()->slot(), [this](std::exception_ptr) { --running_; }));
  }
}

void FeedsBench::stop() {
  for (const auto& each : stops_) each->emit(asio::cancellation_type::terminal);
  until(
      io, [this] { return running_ == 0; }, kBound);
  stops_.clear();
}

std::size_t FeedsBench::sleeps() const {
  return static_cast<std::size_t>(
      std::count_if(clock.waits.begin(), clock.waits.end(), [](auto wait) { return wait >= 30s; }));
}

std::chrono::milliseconds FeedsBench::last_sleep() const {
  const auto last = std::find_if(clock.waits.rbegin(), clock.waits.rend(), [](auto wait) { return wait >= 30s; });
  return last == clock.waits.rend() ? 0ms : *last;
}

bool FeedsBench::polled(std::size_t count) {
  return until(
      io, [this, count] { return sleeps() >= count; }, kBound);
}

bool FeedsBench::reading(std::size_t count) {
  return until(
      io, [this, count] { return clock.waits.size() - sleeps() >= count; }, kBound);
}

bool FeedsBench::poll() {
  const std::size_t before = sleeps();
  clock.fake.advance(last_sleep(), [this] { io.poll(); });
  return polled(before + 1);
}

std::vector<std::string> FeedsBench::agenda() const { return consultations(schedule::to_json(feeds->agenda())); }

std::string FeedsBench::file(const std::string& name) const {
  return read_text(folder / fmt::format("agenda-{}.json", name));
}

void FeedsBench::stand_in(const std::string& script) {
  const auto program = folder / "stand-in";
  write_text(program, "#!/bin/sh\n" + script);
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  settings.reader = program;
}

std::string booking(int hour, const std::string& room, const std::string& more) {
  return event(fmt::format("DTSTART:20260406T{:02}0000Z\nDURATION:PT1H\nURL:https://desk.example/rooms/{}\n{}", hour,
                           room, more),
               room);
}

}  // namespace madoguchi::test
