// SPDX-License-Identifier: Apache-2.0
// Nothing but GStreamer. A thread hands prepared pictures to the encoder.
#include "tests/bench/bare_talk.hpp"

#define GST_USE_UNSTABLE_API
#include <fmt/format.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "base/unique_fd.hpp"
#include "media/camera/test_picture.hpp"
#include "media/publish_chain.hpp"
#include "media/sdp.hpp"

namespace madoguchi::bench {

namespace {

constexpr int kWidth = 1280, kHeight = 720, kFps = 30;

GstElement* pipeline_of(const std::string& text) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(text.c_str(), &error);
  if (error != nullptr) throw std::runtime_error(error->message);
  GstElement* webrtc = gst_bin_get_by_name(GST_BIN(pipeline), "webrtc");
  GObject* ice = nullptr;
  g_object_get(webrtc, "ice-agent", &ice, nullptr);
  GObject* agent = nullptr;
  g_object_get(ice, "agent", &agent, nullptr);
  g_object_set(agent, "upnp", FALSE, "ice-tcp", FALSE, nullptr);
  gboolean added = FALSE;
  g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
  g_object_unref(agent);
  g_object_unref(ice);
  gst_object_unref(webrtc);
  return pipeline;
}

/// What the simulated camera draws, made before: two seconds of it, so that encoders have the same work.
void film(GstAppSrc* to, const std::atomic<bool>& ends) {
  camera::TestPicture picture(kWidth, kHeight);
  std::array<GstBuffer*, 2 * kFps> pictures{};
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto moment = std::chrono::nanoseconds(std::chrono::seconds(1)) * i / kFps;
    std::vector<std::byte> room(protocol::frame_bytes(kWidth, kHeight));
    picture.draw(room, moment, std::chrono::duration_cast<std::chrono::milliseconds>(moment));
    pictures.at(i) = gst_buffer_new_memdup(room.data(), room.size());
  }
  const UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec beat{{0, 1'000'000'000 / kFps}, {0, 1}};
  ::timerfd_settime(timer.get(), 0, &beat, nullptr);
  for (std::size_t i = 0; !ends; ++i) {
    gst_app_src_push_buffer(to, gst_buffer_copy(pictures.at(i % pictures.size())));
    std::uint64_t beats = 0;
    if (::read(timer.get(), &beats, sizeof beats) != sizeof beats) break;
  }
  for (GstBuffer* each : pictures) gst_buffer_unref(each);
}

void receive(GstElement*, GstPad* pad, gpointer pipeline) {
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  GstCaps* caps = gst_pad_get_current_caps(pad);
  const std::string encoding = gst_structure_get_string(gst_caps_get_structure(caps, 0), "encoding-name");
  gst_caps_unref(caps);
  const char* chain =
      encoding == "OPUS" ? "queue ! rtpopusdepay ! opusdec plc=true use-inband-fec=true ! audioconvert ! audioresample "
                           "! audio/x-raw,format=F32LE,channels=1,rate=48000 ! fakesink sync=true async=false"
                         : "queue ! rtph264depay request-keyframe=true wait-for-keyframe=true ! h264parse "
                           "! avdec_h264 max-threads=1 ! videoconvert ! video/x-raw,format=I420 "
                           "! fakesink sync=true async=false qos=false";
  GstElement* bin = gst_parse_bin_from_description(chain, TRUE, nullptr);
  gst_bin_add(GST_BIN(pipeline), bin);
  gst_element_sync_state_with_parent(bin);
  GstPad* sink = gst_element_get_static_pad(bin, "sink");
  gst_pad_link(pad, sink);
  gst_object_unref(sink);
}

const GstStructure* reply_of(GstPromise* promise) {
  gst_promise_wait(promise);
  return gst_promise_get_reply(promise);
}

/// Offer out, answer in.
void negotiate(GstElement* pipeline) {
  GstElement* webrtc = gst_bin_get_by_name(GST_BIN(pipeline), "webrtc");
  std::atomic<bool> gathered{false};
  const auto on_gathering = +[](GstElement* of, GParamSpec*, gpointer flag) {
    GstWebRTCICEGatheringState state{};
    g_object_get(of, "ice-gathering-state", &state, nullptr);
    if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) *static_cast<std::atomic<bool>*>(flag) = true;
  };
  const gulong watch = g_signal_connect(webrtc, "notify::ice-gathering-state", G_CALLBACK(on_gathering), &gathered);
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(webrtc, "create-offer", nullptr, promise);
  GstWebRTCSessionDescription* offer = nullptr;
  gst_structure_get(reply_of(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, nullptr);
  gst_promise_unref(promise);
  promise = gst_promise_new();
  g_signal_emit_by_name(webrtc, "set-local-description", offer, promise);
  (void)reply_of(promise);
  gst_promise_unref(promise);
  gst_webrtc_session_description_free(offer);
  while (!gathered) std::this_thread::yield();
  g_signal_handler_disconnect(webrtc, watch);
  g_object_get(webrtc, "local-description", &offer, nullptr);
  char* text = gst_sdp_message_as_text(offer->sdp);
  std::cout << json::bj::serialize(json::bj::string(text)) << std::endl;
  g_free(text);
  gst_webrtc_session_description_free(offer);

  std::string line;
  std::getline(std::cin, line);
  const std::string answer(json::bj::parse(line).as_string());
  GstSDPMessage* message = nullptr;
  gst_sdp_message_new_from_text(answer.c_str(), &message);
  GstWebRTCSessionDescription* remote = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
  promise = gst_promise_new();
  g_signal_emit_by_name(webrtc, "set-remote-description", remote, promise);
  (void)reply_of(promise);
  gst_promise_unref(promise);
  gst_webrtc_session_description_free(remote);
  gst_object_unref(webrtc);
}

}  // namespace

int bare_talk() {
  gst_init(nullptr, nullptr);
  // As media/sender.cpp and media/publish_chain.cpp have them.
  GstElement* publish = pipeline_of(fmt::format(
      "webrtcbin name=webrtc bundle-policy=max-bundle latency=100 "
      "appsrc name=film is-live=true format=time do-timestamp=true max-buffers=2 leaky-type=downstream "
      "caps=video/x-raw,format=I420,width={0},height={1},framerate={2}/1 "
      "! openh264enc bitrate=1500000 gop-size={3} complexity=low rate-control=bitrate "
      "! video/x-h264,profile=constrained-baseline ! queue ! h264parse config-interval=-1 "
      "! rtph264pay pt=96 config-interval=-1 aggregate-mode=zero-latency "
      "! application/x-rtp,media=video,encoding-name=H264,payload=96 ! webrtc.sink_0 "
      "audiotestsrc is-live=true wave=sine freq=440 volume=0.25 samplesperbuffer=960 "
      "! audio/x-raw,format=S16LE,rate=48000,channels=1 ! opusenc bitrate=32000 frame-size=20 inband-fec=true "
      "packet-loss-percentage=10 ! queue ! rtpopuspay pt=111 "
      "! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! webrtc.sink_1",
      kWidth, kHeight, kFps, kFps * 3));
  GstElement* play =
      pipeline_of("webrtcbin name=webrtc bundle-policy=max-bundle latency=100 fakesrc num-buffers=0 ! fakesink");
  GstElement* webrtc = gst_bin_get_by_name(GST_BIN(play), "webrtc");
  g_signal_connect(webrtc, "pad-added", G_CALLBACK(receive), play);
  for (GstCaps* caps : {media::video_caps({"h264"}, 0), media::audio_caps(0)}) {
    GstWebRTCRTPTransceiver* transceiver = nullptr;
    g_signal_emit_by_name(webrtc, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps, &transceiver);
    if (transceiver != nullptr) gst_object_unref(transceiver);
    gst_caps_unref(caps);
  }
  gst_object_unref(webrtc);
  GstElement* source = gst_bin_get_by_name(GST_BIN(publish), "film");
  std::atomic<bool> ends{false};
  gst_element_set_state(publish, GST_STATE_PLAYING);
  std::thread filming([&] { film(reinterpret_cast<GstAppSrc*>(source), ends); });
  negotiate(publish);
  gst_element_set_state(play, GST_STATE_PLAYING);
  negotiate(play);
  for (std::string line; std::getline(std::cin, line);) continue;
  ends = true;
  filming.join();
  return 0;  // the process's end takes the pipelines down
}

}  // namespace madoguchi::bench
