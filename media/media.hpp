// SPDX-License-Identifier: Apache-2.0
// The media process's state: sender, speaker, screen and the peers, moved by the daemon's messages. Main thread.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "media/link.hpp"
#include "media/peer.hpp"
#include "media/screen.hpp"
#include "media/sender.hpp"
#include "media/speaker.hpp"
#include "media/worker.hpp"

namespace madoguchi::media {

class Media {
 public:
  Media(int channel, GMainLoop* loop, protocol::Ready ready);
  ~Media();
  Media(const Media&) = delete;
  Media& operator=(const Media&) = delete;

 private:
  struct LegKeyLess {
    bool operator()(const protocol::LegKey& a, const protocol::LegKey& b) const {
      return a.leg != b.leg ? a.leg < b.leg : a.epoch < b.epoch;
    }
  };
  struct Leg {
    protocol::Direction direction{};
    std::shared_ptr<Peer> peer;
  };

  void hear(protocol::ToMedia message, std::vector<UniqueFd> fds);
  void on(const protocol::MediaHello& hello, std::vector<UniqueFd>& fds);
  void on(const protocol::ShowCard& card, std::vector<UniqueFd>& fds);
  void on(const protocol::SetMicrophone& message, std::vector<UniqueFd>& fds);
  void on(const protocol::SetMute& message, std::vector<UniqueFd>& fds);
  void on(const protocol::FramesAttach& message, std::vector<UniqueFd>& fds);
  void on(const protocol::FramesDetach& message, std::vector<UniqueFd>& fds);
  void on(const protocol::MakeOffer& message, std::vector<UniqueFd>& fds);
  void on(const protocol::ApplyAnswer& message, std::vector<UniqueFd>& fds);
  void on(const protocol::DropLeg& message, std::vector<UniqueFd>& fds);
  void on(const protocol::TakeScreenshot& message, std::vector<UniqueFd>& fds);
  void on(const protocol::MeasureSpeaker& message, std::vector<UniqueFd>& fds);
  void on(const protocol::Quit& message, std::vector<UniqueFd>& fds);
  void warm_up();
  void report();
  static gboolean on_second(gpointer self);
  static gboolean on_repeat(gpointer self);
  /// From now on this chime again and again, "" = none; the same again keeps its pace.
  void repeat(const std::string& chime, int ms);

  GMainLoop* loop_;
  protocol::Ready ready_;
  Link link_;
  protocol::MediaHello hello_;
  GstClockTime base_time_ = 0;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Speaker> speaker_;
  std::shared_ptr<Screen> screen_;  ///< from the hello on
  std::map<protocol::LegKey, Leg, LegKeyLess> legs_;
  Worker drawing_;  ///< last: it is done before what it draws goes
  guint second_ = 0;
  std::string repeats_;
  guint repeating_ = 0;
};

}  // namespace madoguchi::media
