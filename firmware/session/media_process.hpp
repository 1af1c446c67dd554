// SPDX-License-Identifier: Apache-2.0
// The media process across its lives: started, greeted, watched, replaced when it dies or hangs and when the session
// wants a fresh one. Messages of an old life are never heard. On the daemon's loop; owned by the composition root.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "firmware/session/child_lives.hpp"
#include "firmware/session/children_settings.hpp"
#include "media/protocol.hpp"

namespace madoguchi::session {

class MediaProcess {
 public:
  /// Called from the loop, never from inside a call of this class. None may destroy it.
  struct Handlers {
    std::function<void(const protocol::Ready& ready)> on_ready;          ///< of each life; say everything (again) now
    std::function<void(const protocol::FromMedia& message)> on_message;  ///< all but Ready and Heartbeat
    std::function<void(const Loss& loss)> on_lost;  ///< not after replace() or stop(); the next life comes by itself
  };

  /// `spawner`: by default the program of the settings.
  MediaProcess(boost::asio::any_io_executor executor, Clock& clock, MediaProcessSettings settings,
               protocol::MediaHello hello, Handlers handlers, Spawner spawner = {});

  /// The first life; on_ready tells.
  void start();
  /// A new life for an old one: the old is killed, the new one starts once it is gone. Not counted as a death, and no
  /// way around the wait after many deaths. Nothing before start().
  void replace();
  /// No further life (until start()). Ends when no process is left.
  boost::asio::awaitable<void> stop();

  /// The descriptors stay the caller's. Errc::unreachable while there is no ready life. Errc::busy: it does not read,
  /// and is replaced as hung.
  Result<void> send(const protocol::ToMedia& message, std::span<const int> fds = {});

  /// False from the moment of its death on, also while its last words are still to be read.
  [[nodiscard]] bool ready() const { return ready_ && lives_.present()->alive(); }
  /// It died so often that the next life waits.
  [[nodiscard]] bool slowed() const { return slowed_; }
  /// Of the present life, and of old ones that are not gone yet.
  [[nodiscard]] std::vector<pid_t> pids() const { return lives_.pids(); }
  /// How many lives there were, for status.
  [[nodiscard]] std::uint32_t lives() const { return lives_.count(); }

 private:
  void hear(const std::string& text);
  void lost(const Loss& loss);

  Clock& clock_;
  MediaProcessSettings settings_;
  protocol::MediaHello hello_;
  Handlers handlers_;
  bool wanted_ = false, ready_ = false, slowed_ = false;
  std::deque<BootTime> deaths_;  ///< within the window
  ChildLives lives_;
};

}  // namespace madoguchi::session
