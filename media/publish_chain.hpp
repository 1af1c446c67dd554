// SPDX-License-Identifier: Apache-2.0
// What a publish peer sends: the pads of its offer, then payloaders for what the answer chose, fed with encoded samples.
// Private to the peer. Main thread; samples come on GStreamer's threads.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <string>
#include <vector>

#include "media/gst_ptr.hpp"
#include "media/sdp.hpp"

namespace madoguchi::media {

/// What an offer says of picture and sound; `ssrc` 0 = none. The caller owns them.
GstCaps* video_caps(const std::vector<std::string>& codecs, guint32 ssrc);
GstCaps* audio_caps(guint32 ssrc);

class PublishChain {
 public:
  /// Before the offer: one sendonly m-line for picture, one for sound.
  void add_pads(GstElement* webrtc, const std::vector<std::string>& codecs);
  /// After the answer, into the pipeline that holds `webrtc`. False: there is no payloader for what it chose. The far end's
  /// wishes for a key frame are heard on GStreamer's threads.
  bool link(GstBin* pipeline, GstElement* webrtc, const CheckedAnswer& answer, const std::function<void()>& key_frame);
  /// Encoded samples with their caps; dropped before link(). Any thread.
  void push_video(GstSample* sample) const;
  void push_audio(GstSample* sample) const;

 private:
  ElementPtr video_, audio_;  ///< the sources
  guint32 video_ssrc_ = 0, audio_ssrc_ = 0;
};

}  // namespace madoguchi::media
