// SPDX-License-Identifier: Apache-2.0
// The simulated camera's beat: a timerfd; pictures that nobody was there to take are skipped. In the camera process.
#include "media/camera/simulated_source.hpp"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/clock.hpp"
#include "media/frames.hpp"

namespace madoguchi::camera {

namespace {

std::chrono::milliseconds local_time_of_day() {
  const WallTime now = wall_now();
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  const std::time_t seconds = whole.time_since_epoch().count();
  tm local{};
  ::localtime_r(&seconds, &local);
  return std::chrono::hours(local.tm_hour) + std::chrono::minutes(local.tm_min) + std::chrono::seconds(local.tm_sec) +
         (now - whole);
}

}  // namespace

OrFailed<std::unique_ptr<CameraSource>> SimulatedSource::open(int width, int height, int fps) {
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const itimerspec beat{{0, 1'000'000'000L / fps}, {0, 1}};
  if (!timer.valid() || ::timerfd_settime(timer.get(), 0, &beat, nullptr) != 0) {
    return tl::unexpected(protocol::CameraFailed{"broken", errno_error("setting the frame timer", errno).message});
  }
  return std::unique_ptr<CameraSource>(new SimulatedSource(std::move(timer), width, height));
}

OrFailed<std::optional<std::int64_t>> SimulatedSource::take(std::span<std::byte> room) {
  std::uint64_t beats = 0;
  if (::read(timer_.get(), &beats, sizeof beats) != sizeof beats) return std::nullopt;
  const std::int64_t now = monotonic_ns();
  picture_.draw(room, std::chrono::nanoseconds(now), local_time_of_day());
  return now;
}

}  // namespace madoguchi::camera
