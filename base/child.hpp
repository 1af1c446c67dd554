// SPDX-License-Identifier: Apache-2.0
// A child process and its pidfd. It leaves no core file: its memory may hold pictures, voices, names. It dies with its owner and with the daemon (PR_SET_PDEATHSIG). On the loop's thread.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace madoguchi {

struct ChildSpec {
  std::filesystem::path program;
  std::vector<std::string> arguments;         ///< without argv[0]
  std::vector<std::pair<int, UniqueFd>> fds;  ///< number in the child, ours to hand over; 2 is kept, 0 and 1 are
                                              ///< /dev/null unless named; all others are closed
  std::vector<std::pair<std::string, std::string>> environment;  ///< on top of PATH, LANG, HOME, TZ, and GST_*, XDG_*,
                                                                 ///< MADOGUCHI_*, *SAN_OPTIONS of ours; nothing else
  std::optional<std::uint64_t> cpu_seconds;                      ///< RLIMIT_CPU
  std::optional<std::uint64_t> address_space_bytes;  ///< RLIMIT_AS; ignored under the address and thread sanitizers
};

class Child {
 public:
  static Result<Child> spawn(boost::asio::any_io_executor executor, ChildSpec spec);

  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&& other) noexcept;
  ~Child();  ///< SIGKILL, and reaped (by a detached wait if it will not die at once)

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Asks the kernel (pidfd), not a variable.
  [[nodiscard]] bool alive() const;
  void signal(int number) const;
  /// Ends when the process has: its wait status, as waitpid(2) gives it. Once. Cancellation throws operation_aborted.
  boost::asio::awaitable<int> wait();

 private:
  void end();
  Child(pid_t pid, boost::asio::posix::stream_descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  pid_t pid_ = -1;
  boost::asio::posix::stream_descriptor pidfd_;
};

/// Words for a wait status: "exit status 3", "killed by SIGKILL".
std::string describe_wait_status(int status);

}  // namespace madoguchi
