// SPDX-License-Identifier: Apache-2.0
// The machine's clocks on Asio timers, and the virtual one. Lives on the loop's thread.
#include "base/clock.hpp"

#include <sys/timex.h>
#include <time.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace madoguchi {

namespace asio = boost::asio;

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

BootTime boot_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return BootTime(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

std::chrono::steady_clock::time_point steady_now() { return std::chrono::steady_clock::now(); }

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(steady_now().time_since_epoch()).count();
}

std::int64_t monotonic_us() { return monotonic_ns() / 1000; }

void Alarm::after(BootClock::duration delay, std::function<void()> ring) {
  clear();
  id_ = clock_->set(clock_->boot() + delay, [this, ring = std::move(ring)] {
    id_ = 0;
    auto keep = ring;  // the callback may destroy this alarm
    keep();
  });
}

void Alarm::clear() {
  if (id_ != 0) clock_->clear(id_);
  id_ = 0;
}

asio::awaitable<void> sleep_for(Clock& clock, BootClock::duration delay) {
  auto executor = co_await asio::this_coro::executor;
  // The timer itself never expires: the clock's alarm ends the wait, a cancellation does so with an error.
  asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
  bool rang = false;
  Alarm alarm(clock);
  alarm.after(delay, [&rang, &timer] {
    rang = true;
    timer.cancel();
  });
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (!rang) throw boost::system::system_error(asio::error::operation_aborted);
}

SystemClock::SystemClock(asio::any_io_executor executor) : executor_(std::move(executor)) {}
SystemClock::~SystemClock() = default;

BootTime SystemClock::boot() const { return boot_now(); }

bool SystemClock::synchronised() const {
  timex now{};
  const int state = ::adjtimex(&now);
  return state >= 0 && state != TIME_ERROR && (now.status & STA_UNSYNC) == 0;
}

WallTime SystemClock::wall() const { return wall_now(); }

Clock::AlarmId SystemClock::set(BootTime when, std::function<void()> ring) {
  const AlarmId id = next_++;
  const auto delay = std::chrono::duration_cast<std::chrono::steady_clock::duration>(when - boot());
  auto timer = std::make_unique<asio::steady_timer>(executor_, delay);
  timer->async_wait([this, id, ring = std::move(ring)](const boost::system::error_code& error) {
    if (error || timers_.erase(id) == 0) return;
    ring();
  });
  timers_.emplace(id, std::move(timer));
  return id;
}

void SystemClock::clear(AlarmId id) { timers_.erase(id); }

Clock::AlarmId FakeClock::set(BootTime when, std::function<void()> ring) {
  const AlarmId id = next_++;
  alarms_.emplace(when, Entry{id, std::move(ring)});
  return id;
}

void FakeClock::clear(AlarmId id) {
  std::erase_if(alarms_, [id](const auto& alarm) { return alarm.second.id == id; });
}

void FakeClock::advance(BootClock::duration by, const std::function<void()>& settle) {
  const BootTime until = boot_ + by;
  const auto move_to = [this](BootTime to) {
    const std::int64_t nanoseconds = wall_rest_ns_ + (to - boot_).count();
    wall_ += std::chrono::milliseconds(nanoseconds / 1'000'000);
    wall_rest_ns_ = nanoseconds % 1'000'000;
    boot_ = to;
  };
  if (settle) settle();
  while (!alarms_.empty() && alarms_.begin()->first <= until) {
    auto first = alarms_.extract(alarms_.begin());
    if (first.key() > boot_) move_to(first.key());
    first.mapped().ring();
    if (settle) settle();
  }
  move_to(until);
}

}  // namespace madoguchi
