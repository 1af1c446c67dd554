// SPDX-License-Identifier: Apache-2.0
// What a play peer receives: from webrtcbin's pad through depayloader and decoder to the room's sinks. On GStreamer's
// threads.
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "media/peer_port.hpp"

namespace madoguchi::media {

namespace {

constexpr int kMostGap = 1000;  ///< packets; a larger one is a stream that began anew

GstFlowReturn on_picture(GstAppSink* sink, gpointer data) {
  const PortPtr& port = held(data);
  GstSample* sample = gst_app_sink_pull_sample(sink);
  if (sample == nullptr) return GST_FLOW_OK;
  GstVideoInfo info;
  if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) != FALSE) {
    port->width = GST_VIDEO_INFO_WIDTH(&info);
    port->height = GST_VIDEO_INFO_HEIGHT(&info);
  }
  port->picture_at = monotonic_us();
  // On the screen first, then told: who hears of the first picture may look for it at once.
  if (!port->closed && port->sinks.picture) port->sinks.picture(sample);
  if (port->frames.fetch_add(1) == 0) {
    const int width = port->width;
    const int height = port->height;
    Peer::Port::tell(port, [width, height](Peer& peer) { peer.heard_first_frame(width, height); });
  }
  gst_sample_unref(sample);
  return GST_FLOW_OK;
}

GstFlowReturn on_sound(GstAppSink* sink, gpointer data) {
  const PortPtr& port = held(data);
  GstSample* sample = gst_app_sink_pull_sample(sink);
  if (sample == nullptr) return GST_FLOW_OK;
  if (!port->closed && port->sinks.sound) port->sinks.sound(sample);
  gst_sample_unref(sample);
  return GST_FLOW_OK;
}

GstPadProbeReturn on_rtp(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const PortPtr& port = held(data);
  if (!port->gate.is_open()) return GST_PAD_PROBE_OK;  // held back: nobody's media yet
  port->media_at = monotonic_us();
  if (GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info)) port->bytes += gst_buffer_get_size(buffer);
  return GST_PAD_PROBE_OK;
}

/// The sequence number of RFC 3550 section 5.1; -1 for what is no packet.
int sequence_of(GstBuffer* buffer) {
  guint8 header[4] = {};
  if (buffer == nullptr || gst_buffer_extract(buffer, 0, header, sizeof header) != sizeof header) return -1;
  return header[2] << 8 | header[3];
}

/// Behind the jitter buffer packets come in order: a gap is what will never come.
void count(Peer::Port::Came& came, GstBuffer* buffer) {
  const int sequence = sequence_of(buffer);
  if (sequence < 0) return;
  ++came.packets;
  const int gap = (sequence - came.last_sequence - 1) & 0xffff;
  if (came.last_sequence >= 0 && gap < kMostGap) came.lost += static_cast<std::uint64_t>(gap);
  came.last_sequence = sequence;
}

GstPadProbeReturn on_sound_rtp(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const PortPtr& port = held(data);
  if (!port->gate.is_open()) return GST_PAD_PROBE_OK;
  port->sound_at = monotonic_us();
  count(port->sound_came, GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn on_picture_rtp(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const PortPtr& port = held(data);
  if (port->gate.is_open()) count(port->picture_came, GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

std::string chain_for(const std::string& encoding) {
  if (encoding == "H264") {
    GstElementFactory* libav = gst_element_factory_find("avdec_h264");
    const std::string decoder = libav != nullptr ? "avdec_h264 max-threads=1" : "openh264dec";
    if (libav != nullptr) gst_object_unref(libav);
    return "rtph264depay request-keyframe=true wait-for-keyframe=true ! h264parse ! " + decoder;
  }
  if (encoding == "VP8") return "rtpvp8depay request-keyframe=true wait-for-keyframe=true ! vp8dec";
  if (encoding == "OPUS") return "rtpopusdepay ! opusdec plc=true use-inband-fec=true";
  return {};
}

}  // namespace

void decode_pad(const PortPtr& port, GstBin* pipeline, GstPad* pad) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) caps = gst_pad_query_caps(pad, nullptr);
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const char* name = gst_structure_get_string(structure, "encoding-name");
  const std::string encoding = name == nullptr ? "" : name;
  gst_caps_unref(caps);
  std::string chain = chain_for(encoding);
  const bool audio = encoding == "OPUS";
  if (chain.empty()) {
    chain = "fakesink async=false";
  } else if (audio) {
    chain +=
        " ! audioconvert ! audioresample ! audio/x-raw,format=F32LE,channels=1,rate=48000"
        " ! appsink name=out sync=false max-buffers=50 drop=true async=false";
  } else {
    chain +=
        " ! videoconvert ! video/x-raw,format=I420"
        " ! appsink name=out sync=true max-buffers=2 drop=true async=false qos=false";
  }
  GError* error = nullptr;
  GstElement* bin = gst_parse_bin_from_description(("queue ! " + chain).c_str(), TRUE, &error);
  if (bin == nullptr) {
    const std::string message = error == nullptr ? "no decoder" : error->message;
    g_clear_error(&error);
    Peer::Port::tell(port, [message](Peer& peer) { peer.heard_failure(protocol::LegFailure::codec, message); });
    return;
  }
  g_clear_error(&error);
  if (GstElement* out = gst_bin_get_by_name(GST_BIN(bin), "out")) {
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = audio ? on_sound : on_picture;
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, hold(port), let_go);
    gst_object_unref(out);
  }
  gst_bin_add(pipeline, bin);
  gst_element_sync_state_with_parent(bin);
  GstPad* sink = gst_element_get_static_pad(bin, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_rtp, hold(port), let_go);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, audio ? on_sound_rtp : on_picture_rtp, hold(port), let_go);
  if (gst_pad_link(pad, sink) != GST_PAD_LINK_OK) log::warning("pad-not-linked", {{"encoding", encoding}});
  gst_object_unref(sink);
}

void ask_for_whole_picture(GstElement* webrtc) {
  const auto ask = [](GstElement*, GstPad* pad, gpointer) -> gboolean {
    GstCaps* caps = gst_pad_get_current_caps(pad);
    if (caps == nullptr) return TRUE;
    const char* media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
    if (g_strcmp0(media, "video") == 0) {
      gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
    }
    gst_caps_unref(caps);
    return TRUE;
  };
  gst_element_foreach_src_pad(webrtc, ask, nullptr);
}

}  // namespace madoguchi::media
