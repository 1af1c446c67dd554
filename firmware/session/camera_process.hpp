// SPDX-License-Identifier: Apache-2.0
// The camera process, which lives only while the room's camera is wanted. Started with a frame memory of its own for
// each life, watched, started again when it dies or hangs. The steady lamp follows alive(). On the daemon's loop; owned
// by the composition root.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "firmware/session/child_lives.hpp"
#include "firmware/session/children_settings.hpp"
#include "media/protocol.hpp"

namespace madoguchi::session {

class CameraProcess {
 public:
  /// Called from the loop, never from inside a call of this class. None may destroy it.
  struct Handlers {
    /// The first frame of a life is in `frames` (valid until the next on_lost, start() or stop()): hand
    /// `readable` to the media process with FramesAttach.
    std::function<void(const protocol::CameraReady& ready, const protocol::FrameMemory& frames)> on_ready;
    std::function<void(const protocol::CameraFailed& failed)> on_failed;  ///< why; on_lost follows
    std::function<void(const Loss& loss)> on_lost;  ///< the next life comes by itself, after the back-off
    std::function<void()> on_alive_changed;         ///< look at alive() again
    /// Where the camera is now, before each life: a node's number changes when it is plugged in again. "": there is none,
    /// and no process is started. Without this handler the hello's own device.
    std::function<std::string()> find_device = {};
    std::function<void(bool dark)> on_dark = {};
    std::function<void()> on_stuck = {};  ///< a process survived SIGKILL and was left behind: its driver hangs
  };

  /// `spawner`: by default the program of the settings.
  CameraProcess(boost::asio::any_io_executor executor, Clock& clock, CameraProcessSettings settings, Handlers handlers,
                Spawner spawner = {});

  /// From now on there is a camera process, until stop(). While one is wanted already: a new one with this hello.
  void start(protocol::CameraHello hello);
  /// Devices came or went: try again now, and at once a few times more.
  void hurry();
  /// SIGKILL, and none follows. Ends when every camera process is gone.
  boost::asio::awaitable<void> stop();

  /// Asks the kernel: any camera process of ours, also one that was killed and is not gone yet.
  [[nodiscard]] bool alive() const { return lives_.alive(); }
  [[nodiscard]] bool wanted() const { return wanted_; }
  /// Of the present life once it is ready, else null. For a media process that was replaced meanwhile.
  [[nodiscard]] const protocol::FrameMemory* frames() const;
  [[nodiscard]] const protocol::CameraHello& hello() const { return hello_; }
  /// What the present life takes from its device, "" before it is ready.
  [[nodiscard]] const std::string& mode() const { return mode_; }
  [[nodiscard]] std::vector<pid_t> pids() const { return lives_.pids(); }
  [[nodiscard]] std::uint32_t lives() const { return lives_.count(); }

 private:
  void greet();
  void hear(const std::string& text);
  void lost(const Loss& loss);
  [[nodiscard]] std::chrono::milliseconds back_off();
  [[nodiscard]] Spawner where_there_is_one(Spawner spawner);

  Clock& clock_;
  CameraProcessSettings settings_;
  Handlers handlers_;
  protocol::CameraHello hello_;
  bool wanted_ = false;
  std::optional<BootTime> ready_since_;
  std::optional<protocol::FrameMemory> frames_;
  std::string mode_;
  std::string failure_;  ///< what CameraFailed said in this life
  std::size_t losses_ = 0;
  ChildLives lives_;
};

}  // namespace madoguchi::session
