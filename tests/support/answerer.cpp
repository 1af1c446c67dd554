// SPDX-License-Identifier: Apache-2.0
// webrtcbin on the answering side, on loopback.
#include "tests/support/answerer.hpp"

#define GST_USE_UNSTABLE_API
#include <fmt/format.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/video/video.h>
#include <gst/webrtc/webrtc.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "media/gst_ptr.hpp"
#include "media/speaker.hpp"

namespace madoguchi::test {

using media::ElementPtr;
using protocol::Direction;

struct Answerer::State {
  AnswererOptions options;
  ElementPtr pipeline, webrtc;
  media::Meter meter;
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> packets{0}, frames{0};
  std::atomic<int> width{0}, height{0};
  std::atomic<double> brightness{0};
  std::mutex mutex;
  std::condition_variable changed;
  bool gathered = false;
};

namespace {

GstFlowReturn on_picture(GstAppSink* sink, gpointer data) {
  auto& state = *static_cast<Answerer::State*>(data);
  GstSample* sample = gst_app_sink_pull_sample(sink);
  if (sample == nullptr) return GST_FLOW_OK;
  GstVideoInfo info;
  GstVideoFrame frame;
  if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) != FALSE &&
      gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ) != FALSE) {
    const auto* luma = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
    std::uint64_t sum = 0, samples = 0;
    for (int y = 0; y < info.height; y += 8) {
      for (int x = 0; x < info.width; x += 8, ++samples) sum += luma[y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) + x];
    }
    state.brightness = static_cast<double>(sum) / static_cast<double>(samples);
    state.width = info.width;
    state.height = info.height;
    gst_video_frame_unmap(&frame);
  }
  gst_sample_unref(sample);
  ++state.frames;
  return GST_FLOW_OK;
}

GstFlowReturn on_sound(GstAppSink* sink, gpointer data) {
  GstSample* sample = gst_app_sink_pull_sample(sink);
  if (sample == nullptr) return GST_FLOW_OK;
  GstMapInfo map;
  if (gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ) != FALSE) {
    static_cast<Answerer::State*>(data)->meter.add(reinterpret_cast<const float*>(map.data), map.size / sizeof(float));
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
  }
  gst_sample_unref(sample);
  return GST_FLOW_OK;
}

GstPadProbeReturn on_packet(GstPad*, GstPadProbeInfo*, gpointer data) {
  ++static_cast<Answerer::State*>(data)->packets;
  return GST_PAD_PROBE_OK;
}

void on_connection(GstElement* webrtc, GParamSpec*, gpointer data) {
  GstWebRTCPeerConnectionState connection{};
  g_object_get(webrtc, "connection-state", &connection, nullptr);
  static_cast<Answerer::State*>(data)->connected = connection == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED;
}

void on_pad_added(GstElement*, GstPad* pad, gpointer data) {
  auto& state = *static_cast<Answerer::State*>(data);
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, &state, nullptr);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) return;
  const std::string encoding = gst_structure_get_string(gst_caps_get_structure(caps, 0), "encoding-name");
  gst_caps_unref(caps);
  const bool audio = encoding == "OPUS";
  const std::string chain =
      audio ? "rtpopusdepay ! opusdec ! audioconvert ! audioresample ! audio/x-raw,format=F32LE,channels=1,rate=48000"
      : encoding == "H264" ? "rtph264depay ! h264parse name=parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420"
                           : "rtpvp8depay ! vp8dec ! videoconvert ! video/x-raw,format=I420";
  GstElement* bin =
      gst_parse_bin_from_description(("queue ! " + chain + " ! appsink name=out sync=false").c_str(), TRUE, nullptr);
  GstElement* out = gst_bin_get_by_name(GST_BIN(bin), "out");
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = audio ? on_sound : on_picture;
  gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, &state, nullptr);
  gst_object_unref(out);
  gst_bin_add(GST_BIN(state.pipeline.get()), bin);
  gst_element_sync_state_with_parent(bin);
  GstPad* sink = gst_element_get_static_pad(bin, "sink");
  gst_pad_link(pad, sink);
  gst_object_unref(sink);
}

void on_gathering(GstElement* webrtc, GParamSpec*, gpointer data) {
  GstWebRTCICEGatheringState gathering{};
  g_object_get(webrtc, "ice-gathering-state", &gathering, nullptr);
  if (gathering != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
  auto& state = *static_cast<Answerer::State*>(data);
  const std::lock_guard lock(state.mutex);
  state.gathered = true;
  state.changed.notify_all();
}

/// Keeps only the chosen codec's payload on the video line, by looking at the offer's rtpmaps.
int payload_of(const GstSDPMessage* offer, const std::string& encoding) {
  for (guint i = 0; i < gst_sdp_message_medias_len(offer); ++i) {
    const GstSDPMedia* line = gst_sdp_message_get_media(offer, i);
    for (guint j = 0; j < gst_sdp_media_formats_len(line); ++j) {
      const int payload = std::atoi(gst_sdp_media_get_format(line, j));
      GstCaps* caps = gst_sdp_media_get_caps_from_media(line, payload);
      if (caps == nullptr) continue;
      const char* name = gst_structure_get_string(gst_caps_get_structure(caps, 0), "encoding-name");
      const bool match = name != nullptr && encoding == name;
      gst_caps_unref(caps);
      if (match) return payload;
    }
  }
  return -1;
}

void prefer(GstElement* webrtc, GstWebRTCRTPTransceiverDirection direction, const std::string& encoding, int payload) {
  GArray* transceivers = nullptr;
  g_signal_emit_by_name(webrtc, "get-transceivers", &transceivers);
  for (guint i = 0; transceivers != nullptr && i < transceivers->len; ++i) {
    GstWebRTCRTPTransceiver* each = g_array_index(transceivers, GstWebRTCRTPTransceiver*, i);
    GstWebRTCKind kind{};
    g_object_get(each, "kind", &kind, nullptr);
    g_object_set(each, "direction", direction, nullptr);
    if (kind != GST_WEBRTC_KIND_VIDEO) continue;
    GstCaps* caps = gst_caps_from_string(
        fmt::format("application/x-rtp,media=video,encoding-name={},payload={},clock-rate=90000", encoding, payload)
            .c_str());
    g_object_set(each, "codec-preferences", caps, nullptr);
    gst_caps_unref(caps);
  }
  if (transceivers != nullptr) g_array_unref(transceivers);
}

}  // namespace

Answerer::Answerer(AnswererOptions options) : state_(std::make_shared<State>()) {
  if (gst_is_initialized() == FALSE) gst_init(nullptr, nullptr);
  // GLib's pool lets threads end long after their pipeline did; one that ends at the process's end, while LeakSanitizer
  // reads its stack, brings that down ("Tracer caught signal 11").
  g_thread_pool_set_max_unused_threads(-1);
  g_thread_pool_set_max_idle_time(0);
  state_->options = std::move(options);
}

Answerer::~Answerer() {
  if (state_->pipeline) gst_element_set_state(state_->pipeline.get(), GST_STATE_NULL);
}

Result<std::string> Answerer::answer(const std::string& offer) {
  State& state = *state_;
  const std::string encoding = state.options.codec == "h264" ? "H264" : "VP8";
  GstSDPMessage* message = nullptr;
  gst_sdp_message_new_from_text(offer.c_str(), &message);
  const int payload = payload_of(message, encoding);
  std::string pipeline = "webrtcbin name=webrtc bundle-policy=max-bundle";
  if (state.options.direction == Direction::play) {
    const char* encoder = encoding == "H264"
                              ? "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 threads=1 "
                                "! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1"
                              : "vp8enc deadline=1 cpu-used=-8 threads=1 ! rtpvp8pay";
    pipeline += fmt::format(
        " videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width={},height={},framerate=30/1 ! {} pt={} "
        "! application/x-rtp,media=video,encoding-name={},payload={} ! webrtc.sink_0 "
        "audiotestsrc is-live=true freq={} volume=0.3 samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=1 "
        "! opusenc ! rtpopuspay pt=111 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! webrtc.sink_1",
        state.options.width, state.options.height, encoder, payload, encoding, payload, state.options.tone_hz);
  }
  state.pipeline = ElementPtr::adopt(gst_parse_launch(pipeline.c_str(), nullptr));
  if (!state.pipeline) return fail(Errc::unsupported, "the answerer's pipeline: " + pipeline);
  if (GST_IS_PIPELINE(state.pipeline.get()) == FALSE) {
    GstElement* bin = gst_pipeline_new(nullptr);
    gst_bin_add(GST_BIN(bin), state.pipeline.get());
    state.webrtc = state.pipeline;
    state.pipeline = ElementPtr::adopt(bin);
  } else {
    state.webrtc = media::named(state.pipeline, "webrtc");
  }
  GObject* ice = nullptr;
  g_object_get(state.webrtc.get(), "ice-agent", &ice, nullptr);
  gboolean added = FALSE;
  g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
  GObject* agent = nullptr;
  g_object_get(ice, "agent", &agent, nullptr);
  g_object_set(agent, "upnp", FALSE, "ice-tcp", FALSE, nullptr);
  g_object_unref(agent);
  g_object_unref(ice);
  g_signal_connect(state.webrtc.get(), "pad-added", G_CALLBACK(on_pad_added), &state);
  g_signal_connect(state.webrtc.get(), "notify::connection-state", G_CALLBACK(on_connection), &state);
  g_signal_connect(state.webrtc.get(), "notify::ice-gathering-state", G_CALLBACK(on_gathering), &state);
  gst_element_set_state(state.pipeline.get(), GST_STATE_PLAYING);

  const auto wait = [](GstPromise* promise) {
    gst_promise_wait(promise);
    return gst_promise_get_reply(promise);
  };
  GstWebRTCSessionDescription* remote = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message);
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(state.webrtc.get(), "set-remote-description", remote, promise);
  wait(promise);
  gst_promise_unref(promise);
  gst_webrtc_session_description_free(remote);
  prefer(state.webrtc.get(),
         state.options.direction == Direction::publish ? GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY
                                                       : GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY,
         encoding, payload);
  promise = gst_promise_new();
  g_signal_emit_by_name(state.webrtc.get(), "create-answer", nullptr, promise);
  const GstStructure* reply = wait(promise);
  GstWebRTCSessionDescription* local = nullptr;
  if (reply != nullptr) gst_structure_get(reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &local, nullptr);
  gst_promise_unref(promise);
  if (local == nullptr) return fail(Errc::protocol, "webrtcbin made no answer");
  g_signal_emit_by_name(state.webrtc.get(), "set-local-description", local, nullptr);
  gst_webrtc_session_description_free(local);
  {
    std::unique_lock lock(state.mutex);
    if (!state.changed.wait_for(lock, std::chrono::seconds(3), [&state] { return state.gathered; })) {
      return fail(Errc::timeout, "the answerer's gathering did not end");
    }
  }
  g_object_get(state.webrtc.get(), "local-description", &local, nullptr);
  char* text = gst_sdp_message_as_text(local->sdp);
  std::string sdp(text);
  g_free(text);
  gst_webrtc_session_description_free(local);
  return sdp;
}

void Answerer::hold_back(const std::string& kind) {
  GstPad* pad = gst_element_get_static_pad(state_->webrtc.get(), kind == "video" ? "sink_0" : "sink_1");
  const auto drop = [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_DROP; };
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, drop, nullptr, nullptr);
  gst_object_unref(pad);
}

AnswererStats Answerer::stats() const {
  AnswererStats stats;
  stats.connected = state_->connected;
  stats.packets = state_->packets;
  stats.frames = state_->frames;
  stats.width = state_->width;
  stats.height = state_->height;
  stats.brightness = state_->brightness;
  if (const ElementPtr parse = state_->pipeline ? media::named(state_->pipeline, "parse") : ElementPtr()) {
    GstPad* pad = gst_element_get_static_pad(parse.get(), "src");
    if (GstCaps* caps = gst_pad_get_current_caps(pad)) {
      const GstStructure* structure = gst_caps_get_structure(caps, 0);
      const char* profile = gst_structure_get_string(structure, "profile");
      const char* tier = gst_structure_get_string(structure, "level");
      stats.h264 = fmt::format("{} {}", profile == nullptr ? "?" : profile, tier == nullptr ? "?" : tier);
      gst_caps_unref(caps);
    }
    gst_object_unref(pad);
  }
  const media::SpeakerLevel level = state_->meter.level();
  stats.sound_hz = level.strongest_hz;
  stats.sound_db = level.rms_db;
  return stats;
}

}  // namespace madoguchi::test
