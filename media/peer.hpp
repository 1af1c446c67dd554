// SPDX-License-Identifier: Apache-2.0
// One leg: a webrtcbin in a pipeline of its own, on the room's clock. Publish takes encoded samples from the room, play
// gives decoded ones to it. All methods on the main thread; samples cross on GStreamer's threads.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/gst_ptr.hpp"
#include "media/protocol.hpp"
#include "media/publish_chain.hpp"

struct _GstWebRTCSessionDescription;

namespace madoguchi::media {

struct PeerOptions {
  protocol::Direction direction{};
  std::vector<std::string> codecs;  ///< "h264", "vp8" in order of preference
  std::vector<protocol::IceServer> ice_servers;
  bool loopback = false;
  GstClockTime base_time = 0;  ///< the room's: its timestamps are ours
};

/// Called on the main thread, none from inside a call of this class, none after close().
struct PeerEvents {
  std::function<void(std::string sdp)> offered;
  std::function<void(protocol::LegFailure failure, std::string message)> failed;
  std::function<void()> repaired;
  std::function<void()> connected;
  std::function<void()> first_rtp;
  std::function<void(int width, int height)> first_frame;
  std::function<void()> wants_key_frame;
};

/// Called on GStreamer's threads.
struct PeerSinks {
  std::function<void(GstSample* i420)> picture;
  std::function<void(GstSample* f32_mono_48k)> sound;
};

struct PeerStats {
  std::int64_t media_age_ms = -1;    ///< play: inbound RTP; publish: feedback
  std::int64_t sound_age_ms = -1;    ///< play: inbound RTP of sound
  std::int64_t picture_age_ms = -1;  ///< play: decoded
  std::uint64_t frames = 0;
  std::uint64_t sound_packets = 0, sound_lost = 0, picture_packets = 0, picture_lost = 0;  ///< play
  std::uint64_t bytes = 0;
  int width = 0, height = 0;
};

struct Fingerprint;

class Peer : public std::enable_shared_from_this<Peer> {
 public:
  static std::shared_ptr<Peer> make(PeerOptions options, PeerEvents events, PeerSinks sinks);
  ~Peer();

  /// Offered (all candidates, at most 300 ms later) or failed follows.
  void offer();
  /// Connected, to whom the answer promised, or failed within 8 s, follows.
  void answer(const std::string& sdp);
  /// The codec that the answer chose, "" before.
  [[nodiscard]] const std::string& codec() const { return codec_; }
  [[nodiscard]] bool is_connected() const { return connected_; }
  /// Encoded samples for the far end; dropped until it is connected. Any thread.
  void push_video(GstSample* sample);
  void push_audio(GstSample* sample);
  [[nodiscard]] PeerStats stats() const;
  /// Each second. Where packets of a picture came and none could be decoded, a whole one is asked for again: what was
  /// lost may be the request.
  void look();
  /// Takes everything down away from the main thread; `done` on the main thread when its sockets are closed.
  void close(std::function<void()> done);

  // From its own callbacks, posted to the main thread.
  struct Port;
  void heard_first_frame(int width, int height);
  void heard_failure(protocol::LegFailure failure, const std::string& message);
  void heard_first_rtp();
  void heard_key_frame_request();
  void heard_offer(_GstWebRTCSessionDescription* offer);
  void heard_gathering_done();
  void heard_connection(int state);

 private:
  Peer(PeerOptions options, PeerEvents events, PeerSinks sinks);
  void add_play_transceivers();
  void send_offer();
  void stop_timers();

  PeerOptions options_;
  PeerEvents events_;
  std::shared_ptr<Port> port_;
  ElementPtr pipeline_, webrtc_;
  PublishChain chain_;
  std::string codec_;
  std::vector<std::string> mids_;                       ///< of the offer's m-lines
  std::vector<std::vector<Fingerprint>> fingerprints_;  ///< by m-line, as the answer promised
  bool offered_ = false, connected_ = false, closed_ = false, distrusted_ = false;
  std::uint64_t looked_packets_ = 0, looked_frames_ = 0;
  guint gathering_timer_ = 0, connect_timer_ = 0;
};

}  // namespace madoguchi::media
