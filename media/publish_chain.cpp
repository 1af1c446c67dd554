// SPDX-License-Identifier: Apache-2.0
// Pads, payloaders and sources of a publish peer. Main thread, but for the callback and the samples.
#include "media/publish_chain.hpp"

#include <fmt/format.h>
#include <gst/app/gstappsrc.h>
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>

#include "base/log.hpp"

namespace madoguchi::media {

namespace {

constexpr const char* kTransportWide = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

GstPadProbeReturn on_upstream(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (event != nullptr && gst_event_has_name(const_cast<GstEvent*>(event), "GstForceKeyUnit")) {
    (*static_cast<const std::function<void()>*>(data))();
  }
  return GST_PAD_PROBE_OK;
}

void forget(gpointer data) { delete static_cast<const std::function<void()>*>(data); }

/// One sample into an appsrc, with its caps.
void push(const ElementPtr& source, GstSample* sample) {
  if (!source) return;
  gst_app_src_push_sample(reinterpret_cast<GstAppSrc*>(source.get()), sample);
}

}  // namespace

GstCaps* audio_caps(guint32 ssrc) {
  GstCaps* caps = gst_caps_from_string(
      "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=111,"
      "minptime=(string)10,useinbandfec=(string)1");
  gst_caps_set_simple(caps, "extmap-1", G_TYPE_STRING, kTransportWide, nullptr);
  if (ssrc != 0) gst_caps_set_simple(caps, "ssrc", G_TYPE_UINT, ssrc, nullptr);
  return caps;
}

GstCaps* video_caps(const std::vector<std::string>& codecs, guint32 ssrc) {
  GstCaps* caps = gst_caps_new_empty();
  int payload = 96;
  for (const std::string& codec : codecs) {
    GstCaps* one =
        gst_caps_from_string(codec == "h264" ? "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,"
                                               "packetization-mode=(string)1,level-asymmetry-allowed=(string)1"
                                             : "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000");
    gst_caps_set_simple(one, "payload", G_TYPE_INT, payload, "extmap-1", G_TYPE_STRING, kTransportWide,
                        "rtcp-fb-nack-pli", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-ccm-fir", G_TYPE_BOOLEAN, TRUE,
                        "rtcp-fb-transport-cc", G_TYPE_BOOLEAN, TRUE, nullptr);
    if (ssrc != 0) gst_caps_set_simple(one, "ssrc", G_TYPE_UINT, ssrc, nullptr);
    gst_caps_append(caps, one);
    payload += 2;
  }
  return caps;
}

void PublishChain::add_pads(GstElement* webrtc, const std::vector<std::string>& codecs) {
  video_ssrc_ = static_cast<guint32>(g_random_int_range(1, G_MAXINT32));
  audio_ssrc_ = static_cast<guint32>(g_random_int_range(1, G_MAXINT32));
  // Retransmission for video alone: Chromium refuses an offer with RTX for audio, and Opus brings its own FEC.
  const auto add = [webrtc](const char* name, GstCaps* caps, bool repeats) {
    GstPadTemplate* pads = gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(webrtc), "sink_%u");
    GstPad* pad = gst_element_request_pad(webrtc, pads, name, caps);
    GstWebRTCRTPTransceiver* transceiver = nullptr;
    g_object_get(pad, "transceiver", &transceiver, nullptr);
    if (transceiver != nullptr) {
      g_object_set(transceiver, "codec-preferences", caps, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY,
                   "do-nack", repeats ? TRUE : FALSE, nullptr);
      gst_object_unref(transceiver);
    }
    gst_caps_unref(caps);
    gst_object_unref(pad);
  };
  add("sink_0", video_caps(codecs, video_ssrc_), true);
  add("sink_1", audio_caps(audio_ssrc_), false);
}

bool PublishChain::link(GstBin* pipeline, GstElement* webrtc, const CheckedAnswer& answer,
                        const std::function<void()>& key_frame) {
  const auto add = [&](const char* description, const char* name, const char* caps_text, int payload, guint32 ssrc,
                       const char* pad_name, ElementPtr& source) {
    GError* error = nullptr;
    GstElement* bin = gst_parse_bin_from_description(description, TRUE, &error);
    if (bin == nullptr) {
      log::error("payloader-missing", {{"error", error == nullptr ? "?" : error->message}});
      g_clear_error(&error);
      return false;
    }
    g_clear_error(&error);
    gst_element_set_name(bin, name);
    const ElementPtr held_bin = ElementPtr::ref(bin);
    const ElementPtr payloader = named(held_bin, "pay");
    g_object_set(payloader.get(), "pt", static_cast<guint>(payload), "ssrc", ssrc, nullptr);
    const ElementPtr filter = named(held_bin, "caps");
    GstCaps* caps = gst_caps_from_string(caps_text);
    gst_caps_set_simple(caps, "payload", G_TYPE_INT, payload, "ssrc", G_TYPE_UINT, ssrc, "extmap-1", G_TYPE_STRING,
                        kTransportWide, nullptr);
    g_object_set(filter.get(), "caps", caps, nullptr);
    gst_caps_unref(caps);
    source = named(held_bin, "in");
    gst_bin_add(pipeline, bin);
    GstPad* from = gst_element_get_static_pad(bin, "src");
    GstPad* to = gst_element_get_static_pad(webrtc, pad_name);
    const bool linked = gst_pad_link(from, to) == GST_PAD_LINK_OK;
    gst_object_unref(from);
    gst_object_unref(to);
    GstPad* source_pad = gst_element_get_static_pad(source.get(), "src");
    gst_pad_add_probe(source_pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, new std::function<void()>(key_frame),
                      forget);
    gst_object_unref(source_pad);
    gst_element_sync_state_with_parent(bin);
    return linked;
  };
  const char* kSource = "appsrc name=in is-live=true format=time max-buffers=60 leaky-type=downstream ! ";
  const std::string video =
      answer.codec == "h264"
          ? fmt::format(
                "{}h264parse config-interval=-1 ! rtph264pay name=pay config-interval=-1 "
                "aggregate-mode=zero-latency ! capsfilter name=caps",
                kSource)
          : fmt::format("{}rtpvp8pay name=pay picture-id-mode=15-bit ! capsfilter name=caps", kSource);
  const std::string audio = fmt::format("{}rtpopuspay name=pay ! capsfilter name=caps", kSource);
  bool linked = true;
  if (answer.video_payload >= 0) {
    linked = add(video.c_str(), "video", "application/x-rtp,media=video", answer.video_payload, video_ssrc_, "sink_0",
                 video_);
  }
  if (linked && answer.audio_payload >= 0) {
    linked = add(audio.c_str(), "audio", "application/x-rtp,media=audio", answer.audio_payload, audio_ssrc_, "sink_1",
                 audio_);
  }
  return linked;
}

void PublishChain::push_video(GstSample* sample) const { push(video_, sample); }
void PublishChain::push_audio(GstSample* sample) const { push(audio_, sample); }

}  // namespace madoguchi::media
