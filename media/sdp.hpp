// SPDX-License-Identifier: Apache-2.0
// Looking at an answer before webrtcbin does: it accepts silently what then never works, and dies of some of the rest. Pure
// text.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/fingerprint.hpp"
#include "media/protocol.hpp"

namespace madoguchi::media {

struct CheckedAnswer {
  /// For webrtcbin: a=setup:actpass made active; what is refused, or goes the wrong way, has nothing left but its m-line;
  /// payloads that can't be received are gone from the lines that stay.
  std::string sdp;
  bool repaired = false;                       ///< it said actpass
  std::string codec;                           ///< "h264", "vp8"; "none" when the far end takes no video
  int video_payload = -1, audio_payload = -1;  ///< -1: refused
  std::vector<int> payloads;                   ///< all that may come or go, with those of retransmission
  /// By m-line, as in the offer (0 = picture, 1 = sound): what its transport's certificate must match. Empty = refused.
  std::vector<std::vector<Fingerprint>> fingerprints;
};

/// `mids`: of the offer's m-lines (mids_of). Errc::invalid: not an answer to an offer of picture and sound with these;
/// Errc::unsupported: everything in it is refused (port 0, inactive, or the wrong way).
Result<CheckedAnswer> check_answer(const std::string& sdp, protocol::Direction direction,
                                   const std::vector<std::string>& mids);
/// The a=mid of each m-line, "" where it has none.
std::vector<std::string> mids_of(const std::string& sdp);

/// Asks Chromium to begin with this bitrate instead of working up to it from 300 kbit/s: a parameter in the fmtp of each
/// H264 and VP8 payload (webrtcbin makes an attribute of it, which nobody reads).
std::string with_start_bitrate(const std::string& offer, int kbps);

/// Says of each H264 payload what the encoders write: constrained baseline, at most level 3.1, which is 1280x720 at 30
/// pictures a second (RFC 7742 section 6.2: MUST). In the text alone: webrtcbin would compare it with what x264 says of itself,
/// which is the same profile in other bits.
std::string with_h264_profile(const std::string& offer);

}  // namespace madoguchi::media
