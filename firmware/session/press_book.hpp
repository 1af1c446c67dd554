// SPDX-License-Identifier: Apache-2.0
// The press on disk: good for one consultation and this boot of the machine, so that a restarted daemon goes on and a
// rebooted box waits for a person. Writes off the loop, on the pool that it is given.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace madoguchi::session {

class PressBook {
 public:
  /// boot_id: /proc/sys/kernel/random/boot_id, passed in.
  PressBook(const std::filesystem::path& folder, std::string boot_id, boost::asio::thread_pool& pool);

  boost::asio::awaitable<Result<void>> remember(std::string consultation);
  boost::asio::awaitable<Result<void>> forget();
  /// The consultation of a press of this boot, read at the start; a press of another boot is forgotten. Blocks.
  std::optional<std::string> of_this_boot();

 private:
  std::filesystem::path file_;
  std::string boot_id_;
  boost::asio::thread_pool& pool_;
};

/// The machine's own; "" where the kernel does not say.
std::string read_boot_id();

}  // namespace madoguchi::session
