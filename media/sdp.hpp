// SPDX-License-Identifier: Apache-2.0
// Looking at an answer before webrtcbin does: it accepts silently what then never works. Pure text.
#pragma once

#include <string>

#include "base/result.hpp"
#include "media/protocol.hpp"

namespace madoguchi::media {

struct CheckedAnswer {
  std::string sdp;                             ///< with a=setup:actpass made active
  bool repaired = false;                       ///< it was
  std::string codec;                           ///< "h264", "vp8"; "none" when the far end takes no video
  int video_payload = -1, audio_payload = -1;  ///< -1: refused
};

/// Errc::invalid: not an answer; Errc::unsupported: everything in it is refused (port 0, inactive, or the wrong way).
Result<CheckedAnswer> check_answer(const std::string& sdp, protocol::Direction direction);

/// Asks Chromium to begin with this bitrate instead of working up to it from 300 kbit/s: a parameter in the fmtp of each
/// H264 and VP8 payload (webrtcbin makes an attribute of it, which nobody reads).
std::string with_start_bitrate(const std::string& offer, int kbps);

}  // namespace madoguchi::media
