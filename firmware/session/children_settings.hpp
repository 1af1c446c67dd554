// SPDX-License-Identifier: Apache-2.0
// Every bound on the media and camera processes, with its default. Filled by firmware/config from [media] and [camera].
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "media/protocol.hpp"

namespace madoguchi::session {

struct MediaProcessSettings {
  std::filesystem::path program = "/usr/libexec/madoguchi/madoguchi-media";
  /// On top of what base/child.hpp hands on. The allocator's two keep a long-lived GStreamer process from growing; add
  /// GST_REGISTRY where the image ships a ready-made one.
  std::vector<std::pair<std::string, std::string>> environment = {{"MALLOC_ARENA_MAX", "2"},
                                                                  {"MALLOC_TRIM_THRESHOLD_", "131072"}};
  std::chrono::milliseconds ready_within = protocol::kReadyWithin;
  std::chrono::milliseconds hung_after = protocol::kHungAfter;
  std::chrono::milliseconds gone_within{1000};  ///< after SIGKILL; then the next is started beside it
  std::size_t deaths_at_once = 5;               ///< more than these within deaths_window: wait before the next start
  std::chrono::milliseconds deaths_window{60000};
  std::chrono::milliseconds slow_retry{5000};
};

struct CameraProcessSettings {
  std::filesystem::path program = "/usr/libexec/madoguchi/madoguchi-camera";
  std::vector<std::pair<std::string, std::string>> environment = {{"MALLOC_ARENA_MAX", "2"}};
  std::chrono::milliseconds ready_within = protocol::kReadyWithin;
  std::chrono::milliseconds hung_after = protocol::kHungAfter;
  std::chrono::milliseconds gone_within{2000};  ///< after SIGKILL; then it counts as stuck and is left behind
  /// Before each new start; the last one for all that follow.
  std::array<std::chrono::milliseconds, 5> back_off = {std::chrono::milliseconds(0), std::chrono::milliseconds(500),
                                                       std::chrono::milliseconds(1000), std::chrono::milliseconds(2000),
                                                       std::chrono::milliseconds(5000)};
  std::chrono::milliseconds no_frame_after{1000};     ///< a camera that gives no picture for so long is started anew
  std::chrono::milliseconds same_frame_after{10000};  ///< the same picture again and again: likewise
  std::chrono::milliseconds steady_after{10000};      ///< ready for so long: the back-off begins anew
};

}  // namespace madoguchi::session
