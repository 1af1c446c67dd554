// SPDX-License-Identifier: Apache-2.0
// The press on disk with all that it would join: good for one consultation and this boot of the machine, so that a
// restarted daemon goes on and a rebooted box waits for a person. Writes off the loop, on the pool that it is given.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "firmware/session/events.hpp"

namespace madoguchi::session {

/// A press that was not ended.
struct Remembered {
  Plan plan;  ///< without seats: an older daemon wrote down the id alone, and the agenda has to know the rest
  std::optional<BootTime> written;  ///< when the daemon last said that it goes on
};

/// A daemon that was away for longer does not open camera and microphone after the booked end: whoever sat there has gone.
inline constexpr std::chrono::minutes kGoesOnWithin{5};

/// Before its booked end in any case; after it when the daemon was away for a short while only.
bool goes_on(const Remembered& press, WallTime now, BootTime boot);

class PressBook {
 public:
  /// boot_id: /proc/sys/kernel/random/boot_id, passed in.
  PressBook(const std::filesystem::path& folder, std::string boot_id, const Clock& clock,
            boost::asio::thread_pool& pool);

  boost::asio::awaitable<Result<void>> remember(Plan plan);
  boost::asio::awaitable<Result<void>> forget();
  /// The press of this boot, read at the start. One of another boot is forgotten, one that is not understood set aside.
  /// Blocks.
  std::optional<Remembered> of_this_boot();

 private:
  std::filesystem::path file_;
  std::string boot_id_;
  const Clock& clock_;
  boost::asio::thread_pool& pool_;
};

/// The machine's own; "" where the kernel does not say.
std::string read_boot_id();

}  // namespace madoguchi::session
