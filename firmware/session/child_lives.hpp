// SPDX-License-Identifier: Apache-2.0
// The lives of one program, one after the other: the next begins when the last is gone, or stuck for too long. When, is
// its owner's choice (MediaProcess, CameraProcess). On the daemon's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/lifetime.hpp"
#include "firmware/session/child_life.hpp"

namespace madoguchi::session {

class ChildLives {
 public:
  /// Called from the loop, never from inside a call of this class. None may destroy it.
  struct Ears {
    std::function<void()> begun;                           ///< a process was started: greet it
    std::function<void(const std::string& text)> message;  ///< of the present life only
    std::function<void(const Loss& loss)> lost;            ///< the present life, or none could be started
    std::function<void()> changed;                         ///< alive() may be another than before
    std::function<void(pid_t pid)> stuck = {};  ///< not gone after SIGKILL and gone_within; left behind. May be empty
  };

  ChildLives(boost::asio::any_io_executor executor, Clock& clock, ChildLife::Bounds bounds,
             std::chrono::milliseconds gone_within, Spawner spawner, Ears ears);
  ~ChildLives();
  ChildLives(const ChildLives&) = delete;
  ChildLives& operator=(const ChildLives&) = delete;

  /// Ends the present life, and begins the next `delay` after it is gone (or given up after gone_within).
  void next(std::chrono::milliseconds delay);
  /// Ends the present life; none follows.
  void end();

  /// Between two lives: the next begins without its delay. It still waits for the last to be gone.
  void hurry();

  /// nullptr between two lives.
  [[nodiscard]] ChildLife* present() const { return present_.get(); }
  /// Any process of any life, by the kernel's word.
  [[nodiscard]] bool alive() const;
  /// Of the processes that are alive, the present one first.
  [[nodiscard]] std::vector<pid_t> pids() const;
  /// How many were begun.
  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// Ends when all processes begun so far are gone. The object may be destroyed meanwhile.
  boost::asio::awaitable<void> until_gone();

 private:
  struct Past {
    std::shared_ptr<ChildLife> life;
    std::uint32_t number = 0;
    bool left_behind = false;
  };
  static boost::asio::awaitable<void> until_all_gone(std::vector<std::shared_ptr<ChildLife>> lives);
  void bury();
  void leave_behind();
  void go_on();
  void begin();
  void gone(std::uint32_t number);
  [[nodiscard]] bool waiting_for_past() const;

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  ChildLife::Bounds bounds_;
  std::chrono::milliseconds gone_within_;
  Spawner spawner_;
  Ears ears_;

  std::shared_ptr<ChildLife> present_;
  std::vector<Past> past_;                            ///< killed, not gone yet
  std::uint32_t count_ = 0;                           ///< and the number of the present life
  std::uint64_t plan_ = 0;                            ///< next() and end() overtake what was planned before
  std::optional<std::chrono::milliseconds> pending_;  ///< the delay of a next life that still waits for the last
  Alarm begin_alarm_, gone_deadline_;
  Lifetime<ChildLives> lifetime_{this};
};

}  // namespace madoguchi::session
