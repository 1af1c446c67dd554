// SPDX-License-Identifier: Apache-2.0
// What stands between a far end and the room until the far end has shown the certificate that its answer promised, which
// webrtcbin does not compare (RFC 8827 section 6.5), and between the room and packets that nobody agreed on.
#pragma once

#include <gst/gst.h>

#include <array>
#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "media/sdp.hpp"

namespace madoguchi::media {

/// Looks at the certificate of each transport that lines of the answer use, once it is connected. "" = all are those that
/// were promised; else what is wrong, for the log. Main thread.
std::string distrust(GstElement* webrtc, std::span<const std::vector<Fingerprint>> promised);

/// Lets RTP in that was agreed on, and holds what was received back until the verdict. Any thread.
class Gate {
 public:
  ~Gate();
  /// These payloads may come in from now on; before, none.
  void agree(std::span<const int> payloads);
  [[nodiscard]] bool is_agreed(GstBuffer* rtp) const;
  /// Blocks the pad's data until open() has been called; then it does nothing.
  void hold_back(GstPad* pad);
  /// The far end is the one that was promised.
  void open();
  [[nodiscard]] bool is_open() const { return open_; }

 private:
  std::array<std::atomic<bool>, 128> agreed_{};
  std::atomic<bool> open_{false};
  std::mutex mutex_;
  std::vector<std::pair<GstPad*, gulong>> held_;  ///< own their pads
};

}  // namespace madoguchi::media
