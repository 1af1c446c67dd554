// SPDX-License-Identifier: Apache-2.0
// One life of one child process: its channel, its deadlines and its end. MediaProcess and CameraProcess string lives
// together. On the daemon's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/child.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/seqpacket.hpp"
#include "base/unique_fd.hpp"

namespace madoguchi::session {

struct SpawnedChild {
  std::optional<Child> process;  ///< none where a test plays the child
  UniqueFd channel;              ///< ours
  bool unkillable = false;       ///< a test's child that even SIGKILL does not end: stuck in the kernel
};
/// Starts a child and gives its process and our end of the channel.
using Spawner = std::function<Result<SpawnedChild>()>;

/// The program at `path`, its end of the channel at protocol::kChannelFd.
Spawner program_spawner(boost::asio::any_io_executor executor, std::filesystem::path path,
                        std::vector<std::pair<std::string, std::string>> environment);

struct Loss {
  enum Reason {
    died,         ///< the process ended, or closed its channel
    hung,         ///< silent for too long, not ready in time, or it does not read
    broken,       ///< it does not speak the protocol
    not_started,  ///< there was no life: the program could not be started
  };
  Reason reason{};
  std::string words;
};
std::string_view name(Loss::Reason reason);

/// Ends (by SIGKILL) when it is lost or when its owner says so; afterwards nothing of it is heard but `gone`.
class ChildLife : public std::enable_shared_from_this<ChildLife> {
 public:
  struct Bounds {
    std::chrono::milliseconds ready_within, hung_after;
  };
  /// Called from the loop, never from inside a call of this class.
  struct Ears {
    std::function<void(const std::string& text)> message;
    std::function<void(const Loss& loss)> lost;  ///< once, unless end() came first
    std::function<void()> gone;                  ///< once: the kernel has no such process any more
  };

  static std::shared_ptr<ChildLife> begin(boost::asio::any_io_executor executor, Clock& clock, Bounds bounds,
                                          SpawnedChild child, Ears ears);
  ChildLife(boost::asio::any_io_executor executor, Clock& clock, Bounds bounds, SpawnedChild child, Ears ears);
  ChildLife(const ChildLife&) = delete;
  ChildLife& operator=(const ChildLife&) = delete;

  /// Errc::busy: it does not read, and is lost as hung. Errc::cut: it has ended.
  Result<void> send(std::string_view text, std::span<const int> fds = {});
  /// Its Ready came: from now on silence is the deadline.
  void is_ready();
  /// What it said makes no sense.
  void break_off(std::string words);
  /// SIGKILL, without `lost`. `gone` still comes.
  void end();
  /// As end(), and none of the ears is called any more.
  void forget();

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool gone() const { return gone_; }
  /// The kernel's word; without a process: not yet gone.
  [[nodiscard]] bool alive() const;
  [[nodiscard]] std::optional<pid_t> pid() const;
  /// Ends when the process is gone.
  static boost::asio::awaitable<void> until_gone(std::shared_ptr<ChildLife> life);

 private:
  static boost::asio::awaitable<void> listen(std::shared_ptr<ChildLife> life);
  static boost::asio::awaitable<void> watch(std::shared_ptr<ChildLife> life);
  void heard(const std::string& text);
  void closed();
  void exited(int status);
  void expect_word(std::chrono::milliseconds within);
  void silent();
  void lose(const Loss& loss);
  void is_gone();

  boost::asio::any_io_executor executor_;
  Bounds bounds_;
  std::optional<Child> process_;
  Channel channel_;
  Ears ears_;
  Alarm deadline_;
  boost::asio::steady_timer gone_signal_;
  bool unkillable_ = false;
  bool ready_ = false, ended_ = false, gone_ = false, closed_ = false;
  std::optional<int> status_;
};

}  // namespace madoguchi::session
