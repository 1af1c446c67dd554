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

#include "media/gst_ptr.hpp"
#include "media/peer.hpp"
#include "media/pictures.hpp"

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
  /// Where the cameras' frames come in, and the self view goes out.
  [[nodiscard]] Pictures& pictures() { return pictures_; }
  [[nodiscard]] bool microphone_open() const { return microphone_open_; }
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
  void feed_encoders();
  void update_microphone();

  SenderSettings settings_;
  std::map<std::string, Encoder> video_;
  std::optional<Encoder> audio_;
  std::map<const Peer*, std::string> codecs_;
  Pictures pictures_;
  bool microphone_open_ = false, muted_ = false;
};

}  // namespace madoguchi::media
