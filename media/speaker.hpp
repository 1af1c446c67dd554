// SPDX-License-Identifier: Apache-2.0
// What the room hears: the far seats and the chimes, mixed. The simulated speaker plays nothing and measures what it
// would have played. Main thread; samples arrive on GStreamer's threads.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "media/gst_ptr.hpp"

namespace madoguchi::media {

struct SpeakerLevel {
  double rms_db = -100.0;   ///< dBFS over the last quarter of a second
  double strongest_hz = 0;  ///< 0 below -60 dBFS
};

/// The last second of sound, measured. Any thread.
class Meter {
 public:
  /// 48 kHz mono.
  void add(const float* samples, std::size_t count);
  [[nodiscard]] SpeakerLevel level() const;

 private:
  mutable std::mutex mutex_;
  std::vector<float> ring_ = std::vector<float>(48000, 0.0F);
  std::size_t at_ = 0;
  std::int64_t last_ = 0;  ///< monotonic_us of the newest samples
};

class Speaker {
 public:
  /// device: "simulated", "none", "window" (the desktop's default). chime_volume: 0 to 1.
  Speaker(const std::string& device, GstClockTime base_time, double chime_volume);
  ~Speaker();
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  /// A far seat's decoded sound (F32LE, mono, 48 kHz). Any thread.
  void play(std::uint32_t leg, GstSample* sample);
  void forget(std::uint32_t leg);
  /// "press", "connected", "ended", "trouble", "ready".
  void chime(std::string_view code);
  /// Measured now; it costs some milliseconds.
  [[nodiscard]] SpeakerLevel level() const { return meter_->level(); }

 private:
  struct Input {
    ElementPtr source;
    GstClockTime next = GST_CLOCK_TIME_NONE;  ///< running time at which what was given so far has been played
  };
  Input* input(std::uint32_t key);
  void push(std::uint32_t key, GstBuffer* buffer);
  double chime_volume_;
  ElementPtr pipeline_, mixer_;
  std::shared_ptr<Meter> meter_ = std::make_shared<Meter>();
  std::mutex mutex_;
  std::map<std::uint32_t, Input> inputs_;
};

/// Pleasant short tones, 48 kHz mono; empty for an unknown code.
std::vector<float> chime_samples(std::string_view code);

}  // namespace madoguchi::media
