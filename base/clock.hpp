// SPDX-License-Identifier: Apache-2.0
// Time as it is passed in: durations on the boot clock (runs through suspend, never jumps), appointments on the wall
// clock. SystemClock is the machine's; FakeClock is driven by a test. One thread: that of the executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace madoguchi {

struct BootClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Japan Standard Time, east of UTC: no summer time since 1951.
inline constexpr std::chrono::hours kJapan{9};

/// The machine's wall clock, for programs that have no loop; whoever has a Clock asks that.
WallTime wall_now();
/// The machine's boot clock: CLOCK_BOOTTIME.
BootTime boot_now();
/// What Asio's timers count by, and drivers and GStreamer stamp with: CLOCK_MONOTONIC.
std::chrono::steady_clock::time_point steady_now();
/// The same in nanoseconds, in microseconds.
std::int64_t monotonic_ns();
std::int64_t monotonic_us();

class Clock {
 public:
  using AlarmId = std::uint64_t;

  virtual ~Clock() = default;
  [[nodiscard]] virtual BootTime boot() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
  /// Something (NTP, say) has set the wall clock lately and says that it is right.
  [[nodiscard]] virtual bool synchronised() const { return true; }

  /// Calls `ring` once on the loop when boot() has reached `when`, unless cleared. Never calls it from inside set().
  virtual AlarmId set(BootTime when, std::function<void()> ring) = 0;
  /// Forgets an alarm; an unknown or rung one is fine.
  virtual void clear(AlarmId id) = 0;
};

/// One alarm with an owner: a new one replaces the old, destruction clears it.
class Alarm {
 public:
  explicit Alarm(Clock& clock) : clock_(&clock) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { clear(); }

  void after(BootClock::duration delay, std::function<void()> ring);
  void clear();
  [[nodiscard]] bool is_set() const { return id_ != 0; }

 private:
  Clock* clock_;
  Clock::AlarmId id_ = 0;
};

/// Waits on `clock`. Cancellation throws operation_aborted, as Asio's timers do.
boost::asio::awaitable<void> sleep_for(Clock& clock, BootClock::duration delay);

class SystemClock final : public Clock {
 public:
  explicit SystemClock(boost::asio::any_io_executor executor);
  ~SystemClock() override;
  [[nodiscard]] BootTime boot() const override;
  [[nodiscard]] WallTime wall() const override;
  /// As the kernel says (adjtimex(2)); false where it does not say.
  [[nodiscard]] bool synchronised() const override;
  AlarmId set(BootTime when, std::function<void()> ring) override;
  void clear(AlarmId id) override;

 private:
  boost::asio::any_io_executor executor_;
  AlarmId next_ = 1;
  std::map<AlarmId, std::unique_ptr<boost::asio::steady_timer>> timers_;
};

/// Stands still until it is told to go on. Alarms ring inside advance(), in the order of their times.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime start) : wall_(start) {}
  [[nodiscard]] BootTime boot() const override { return boot_; }
  [[nodiscard]] WallTime wall() const override { return wall_; }
  [[nodiscard]] bool synchronised() const override { return synced; }
  AlarmId set(BootTime when, std::function<void()> ring) override;
  void clear(AlarmId id) override;

  /// Moves both clocks. `settle` runs after each alarm: pass something that drains the io_context.
  void advance(BootClock::duration by, const std::function<void()>& settle = {});
  /// Someone set the wall clock.
  void jump_wall(std::chrono::milliseconds by) { wall_ += by; }
  [[nodiscard]] std::size_t pending() const { return alarms_.size(); }
  bool synced = true;

 private:
  struct Entry {
    AlarmId id;
    std::function<void()> ring;
  };
  BootTime boot_{std::chrono::hours(1)};
  WallTime wall_;
  std::int64_t wall_rest_ns_ = 0;
  AlarmId next_ = 1;
  std::multimap<BootTime, Entry> alarms_;
};

}  // namespace madoguchi
