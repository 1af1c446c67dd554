// SPDX-License-Identifier: Apache-2.0
// What the room sends: the camera's frames and the microphone, encoded once for all publish peers. Nothing runs while
// there is no publish peer. Main thread; samples leave on GStreamer's threads.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "media/frames.hpp"
#include "media/gst_ptr.hpp"
#include "media/peer.hpp"

namespace madoguchi::media {

struct SenderSettings {
  int width = 1280, height = 720, fps = 30;
  int video_kbps = 1500;
  double tone_hz = 440.0;  ///< of the simulated microphone
  std::string microphone = "simulated";
  GstClockTime base_time = 0;
};

/// The usable encoder elements for a codec ("h264", "vp8"), best first.
std::vector<std::string> encoders_for(const std::string& codec);

class Sender {
 public:
  explicit Sender(SenderSettings settings);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// A publish peer whose answer is known. Errc::unsupported when no encoder for its codec starts.
  Result<void> add(const std::shared_ptr<Peer>& peer);
  void remove(const Peer* peer);
  void want_key_frame(const std::string& codec);

  /// The simulated microphone is heard, or silence is sent.
  void set_microphone(bool open);
  /// Black and silence before the encoders, at once.
  void set_muted(bool muted);
  void attach(protocol::FrameReader frames);
  void detach();
  [[nodiscard]] std::uint64_t camera_frames() const { return camera_frames_; }
  [[nodiscard]] bool microphone_open() const { return microphone_open_; }
  /// The picture last sent is a camera's.
  [[nodiscard]] bool shows_camera() const { return shows_camera_; }
  /// The newest camera frame as I420, empty when there is none: for the self view.
  [[nodiscard]] const std::vector<std::byte>& self_view() const { return frame_; }
  [[nodiscard]] const SenderSettings& settings() const { return settings_; }

 private:
  struct Outlet;  ///< the peers that an encoder feeds; shared with its thread
  struct Encoder {
    ElementPtr pipeline, source, element;
    std::shared_ptr<Outlet> outlet;
  };
  Result<Encoder> start_video(const std::string& codec);
  Result<Encoder> start_audio();
  void stop(Encoder& encoder);
  void push_frame();
  static gboolean on_frame_time(gpointer self);
  void update_microphone();
  bool look_at_camera();

  SenderSettings settings_;
  std::map<std::string, Encoder> video_;
  std::optional<Encoder> audio_;
  std::map<const Peer*, std::string> codecs_;
  std::optional<protocol::FrameReader> frames_;
  std::vector<std::byte> frame_, black_, missing_;
  std::uint64_t last_number_ = 0, camera_frames_ = 0;
  gint64 frame_at_ = 0;
  guint timer_ = 0;
  bool microphone_open_ = false, muted_ = false, shows_camera_ = false;
};

}  // namespace madoguchi::media
