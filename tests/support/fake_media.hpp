// SPDX-License-Identifier: Apache-2.0
// A media process played by the test: the other end of the socket, on the test's loop and clock. By default it does what
// a healthy one does; a test switches parts of that off, or says things itself.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/seqpacket.hpp"
#include "base/unique_fd.hpp"
#include "firmware/session/child_life.hpp"
#include "media/protocol.hpp"

namespace madoguchi::test {

/// Has the form of an offer; nobody can connect to it.
extern const std::string_view kCannedOffer;

class FakeMedia {
 public:
  /// What a life does by itself; for lives that begin later, and for the present one.
  struct Habits {
    bool ready = true;      ///< answers MediaHello
    bool sandboxed = true;  ///< and says so
    bool beats = true;      ///< a Heartbeat each 250 ms once it was ready
    bool offers = true;     ///< MakeOffer -> Offered with kCannedOffer
    bool connects = true;   ///< ApplyAnswer -> Connected, then FirstRtp (publish) or FirstFrame (play)
    bool drops = true;      ///< DropLeg -> Dropped
    bool pictures = true;   ///< TakeScreenshot -> eight bytes into the descriptor, Screenshot
    bool people = false;    ///< and says that people are in it
    bool starts = true;     ///< false: the spawner fails
  };
  struct Received {
    std::uint32_t life;
    protocol::ToMedia message;
  };

  FakeMedia(boost::asio::any_io_executor executor, Clock& clock);
  ~FakeMedia();
  FakeMedia(const FakeMedia&) = delete;
  FakeMedia& operator=(const FakeMedia&) = delete;

  /// For MediaProcess. Must not be called after this object's end.
  [[nodiscard]] session::Spawner spawner();

  Habits habits;
  /// Hears each message before the habits act on it.
  std::function<void(const protocol::ToMedia&)> on_message;

  /// Of the present life. False: there is none, or its other end is closed.
  bool say(const protocol::FromMedia& message);
  bool say_text(std::string_view text);
  /// Neither beats nor reads nor answers any more, as under SIGSTOP.
  void hang();
  /// As by SIGKILL.
  void die();

  [[nodiscard]] std::uint32_t lives() const { return lives_; }
  [[nodiscard]] bool living() const { return life_ != nullptr; }
  /// All that was heard, of every life, in order.
  [[nodiscard]] const std::vector<Received>& received() const { return received_; }
  /// The messages of one kind in the present life.
  template <class M>
  [[nodiscard]] std::vector<M> heard() const {
    std::vector<M> found;
    for (const Received& one : received_) {
      if (one.life == lives_ && std::holds_alternative<M>(one.message)) found.push_back(std::get<M>(one.message));
    }
    return found;
  }
  /// Descriptors that came with FramesAttach in the present life.
  [[nodiscard]] const std::vector<UniqueFd>& frame_fds() const { return frame_fds_; }

 private:
  struct Life;
  static boost::asio::awaitable<void> listen(std::shared_ptr<Life> life);
  Result<session::SpawnedChild> begin();
  void hear(Message message);
  void act(const protocol::ToMedia& message, std::vector<UniqueFd> fds);
  void beat();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  std::shared_ptr<Life> life_;
  std::uint32_t lives_ = 0;
  std::vector<Received> received_;
  std::vector<UniqueFd> frame_fds_;
  std::vector<std::pair<protocol::LegKey, protocol::Direction>> legs_;
};

}  // namespace madoguchi::test
