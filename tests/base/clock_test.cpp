// SPDX-License-Identifier: Apache-2.0
// Virtual time: alarms in their order, owners, waits that are cancelled, a wall clock that jumps. And the machine's clock.
#include "base/clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <optional>
#include <string>

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
namespace asio = boost::asio;

namespace {

constexpr WallTime kStart = std::chrono::sys_days(std::chrono::year(2026) / 4 / 6);

asio::awaitable<void> wait_and_note(Clock& clock, BootClock::duration delay, std::string& notes, char note) {
  co_await sleep_for(clock, delay);
  notes += note;
}

}  // namespace

TEST_CASE("time stands still until it is told") {
  FakeClock clock(kStart);
  const BootTime boot = clock.boot();
  CHECK(clock.wall() == kStart);
  clock.advance(90s);
  CHECK(clock.boot() - boot == 90s);
  CHECK(clock.wall() - kStart == 90s);
  clock.jump_wall(-1h);
  CHECK(clock.boot() - boot == 90s);
  CHECK(clock.wall() - kStart == 90s - 1h);
}

TEST_CASE("the wall clock keeps the parts of a millisecond") {
  FakeClock clock(kStart);
  for (int i = 0; i < 10; ++i) clock.advance(300us);
  CHECK(clock.wall() - kStart == 3ms);
}

TEST_CASE("alarms ring in the order of their times, each at its time") {
  FakeClock clock(kStart);
  const BootTime start = clock.boot();
  std::string rung;
  const auto note = [&](char name, BootClock::duration at) {
    clock.set(start + at, [&clock, &rung, start, name, at] {
      CHECK(clock.boot() == start + at);
      rung += name;
    });
  };
  note('c', 30ms);
  note('a', 10ms);
  note('d', 30ms);  // the same time: the order they were set in
  note('b', 20ms);
  note('e', 40ms);
  clock.advance(9ms);
  CHECK(rung.empty());
  clock.advance(1ms);
  CHECK(rung == "a");
  clock.advance(20ms);
  CHECK(rung == "abcd");
  CHECK(clock.pending() == 1);
  clock.advance(1h);
  CHECK(rung == "abcde");
  CHECK(clock.pending() == 0);
}

TEST_CASE("an alarm never rings from inside set, not even one that is due") {
  FakeClock clock(kStart);
  bool rung = false;
  clock.set(clock.boot() - 1h, [&rung] { rung = true; });
  CHECK_FALSE(rung);
  const BootTime before = clock.boot();
  clock.advance(0ms);
  CHECK(rung);
  CHECK(clock.boot() == before);  // and time does not go back for it
}

TEST_CASE("a cleared alarm does not ring, also when another clears it at the same time") {
  FakeClock clock(kStart);
  int rung = 0;
  const auto id = clock.set(clock.boot() + 1s, [&rung] { ++rung; });
  clock.clear(id);
  clock.clear(id);
  clock.clear(12345);
  Clock::AlarmId second = 0;
  clock.set(clock.boot() + 2s, [&] { clock.clear(second); });
  second = clock.set(clock.boot() + 2s, [&rung] { ++rung; });
  clock.advance(3s);
  CHECK(rung == 0);
  CHECK(clock.pending() == 0);
}

TEST_CASE("an alarm that sets the next one keeps its pace within one advance") {
  FakeClock clock(kStart);
  int beats = 0;
  std::function<void()> beat = [&] {
    ++beats;
    clock.set(clock.boot() + 250ms, beat);
  };
  clock.set(clock.boot() + 250ms, beat);
  clock.advance(1s);
  CHECK(beats == 4);
}

TEST_CASE("settle runs before the first alarm, after each") {
  FakeClock clock(kStart);
  std::string order;
  clock.set(clock.boot() + 1s, [&] { order += 'a'; });
  clock.set(clock.boot() + 2s, [&] { order += 'b'; });
  clock.advance(5s, [&] { order += '.'; });
  CHECK(order == ".a.b.");
}

TEST_CASE("an owner's alarm: the new one replaces the old, its end clears it") {
  FakeClock clock(kStart);
  std::string rung;
  {
    Alarm alarm(clock);
    CHECK_FALSE(alarm.is_set());
    alarm.after(1s, [&] { rung += 'a'; });
    alarm.after(2s, [&] { rung += 'b'; });
    CHECK(alarm.is_set());
    clock.advance(1500ms);
    CHECK(rung.empty());
    clock.advance(500ms);
    CHECK(rung == "b");
    CHECK_FALSE(alarm.is_set());
    alarm.after(1s, [&] { rung += 'c'; });
    alarm.clear();
    alarm.after(1s, [&] { rung += 'd'; });
  }
  clock.advance(1h);
  CHECK(rung == "b");
  CHECK(clock.pending() == 0);
}

TEST_CASE("an alarm may set itself again, or end its owner, when it rings") {
  FakeClock clock(kStart);
  int rung = 0;
  Alarm again(clock);
  std::function<void()> ring = [&] {
    if (++rung < 3) again.after(1s, ring);
  };
  again.after(1s, ring);
  clock.advance(10s);
  CHECK(rung == 3);

  auto owner = std::make_unique<Alarm>(clock);
  const std::string words(100, 'x');
  std::size_t length = 0;
  owner->after(1s, [&owner, &length, words] {
    owner.reset();
    length = words.size();  // what the callback holds outlives the alarm
  });
  clock.advance(1s);
  CHECK(owner == nullptr);
  CHECK(length == 100);
}

TEST_CASE("waits end in virtual time, in their order") {
  asio::io_context io;
  FakeClock clock(kStart);
  std::string notes;
  const auto settle = [&io] {
    io.restart();
    io.poll();
  };
  asio::co_spawn(io, wait_and_note(clock, 3h, notes, 'c'), asio::detached);
  asio::co_spawn(io, wait_and_note(clock, 1s, notes, 'a'), asio::detached);
  asio::co_spawn(io, wait_and_note(clock, 0s, notes, '0'), asio::detached);
  asio::co_spawn(io, wait_and_note(clock, -5s, notes, '-'), asio::detached);
  asio::co_spawn(io, wait_and_note(clock, 2s, notes, 'b'), asio::detached);
  settle();
  CHECK(notes.empty());
  clock.advance(0s, settle);
  CHECK(notes == "-0");
  clock.advance(999ms, settle);
  CHECK(notes == "-0");
  clock.advance(1ms, settle);
  CHECK(notes == "-0a");
  clock.advance(24h, settle);
  CHECK(notes == "-0abc");
}

TEST_CASE("a cancelled wait throws and leaves no alarm") {
  asio::io_context io;
  FakeClock clock(kStart);
  std::string notes;
  asio::cancellation_signal signal;
  std::optional<boost::system::error_code> error;
  auto ended = [&error](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& thrown) {
      error = thrown.code();
    }
  };
  asio::co_spawn(io, wait_and_note(clock, 1h, notes, 'x'), asio::bind_cancellation_slot(signal.slot(), ended));
  io.poll();
  CHECK(clock.pending() == 1);
  signal.emit(asio::cancellation_type::terminal);
  io.restart();
  io.poll();
  CHECK(error == asio::error::operation_aborted);
  CHECK(clock.pending() == 0);
  CHECK(notes.empty());
}

TEST_CASE("the machine's clock rings on the loop, and forgets what is cleared") {
  asio::io_context io;
  SystemClock clock(io.get_executor());
  const BootTime start = clock.boot();
  std::string rung;
  clock.set(start + 30ms, [&] { rung += 'b'; });
  clock.set(start - 1s, [&] { rung += 'a'; });
  const auto cleared = clock.set(start + 10ms, [&] { rung += 'x'; });
  clock.clear(cleared);
  CHECK(rung.empty());
  io.run_for(10s);
  CHECK(rung == "ab");
  CHECK(clock.boot() - start >= 30ms);
  CHECK(clock.boot() - start < 10s);
}

TEST_CASE(
    "an alarm of the machine's clock that was due is still forgotten when it is cleared before the loop came to it") {
  asio::io_context io;
  SystemClock clock(io.get_executor());
  bool rung = false;
  Clock::AlarmId late = 0;
  clock.set(clock.boot() - 2s, [&] { clock.clear(late); });
  late = clock.set(clock.boot() - 1s, [&] { rung = true; });
  io.run_for(10s);
  CHECK_FALSE(rung);
}
