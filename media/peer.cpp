// SPDX-License-Identifier: Apache-2.0
// One webrtcbin, as docs/lessons.md tells to treat it. Main thread, but for the callbacks at the top.
#include "media/peer.hpp"

#define GST_USE_UNSTABLE_API
#include <fmt/format.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "media/bus.hpp"
#include "media/peer_port.hpp"
#include "media/publish_chain.hpp"
#include "media/sdp.hpp"

namespace madoguchi::media {

using protocol::Direction;
using protocol::LegFailure;

namespace {

constexpr std::chrono::milliseconds kGatherFor{300};
constexpr std::chrono::milliseconds kConnectWithin{8000};
constexpr int kStartKbps = 2000;

// ---- callbacks, on any of GStreamer's threads

void on_offer_created(GstPromise* promise, gpointer data) {
  const PortPtr port = held(data);
  const GstStructure* reply = gst_promise_get_reply(promise);
  GstWebRTCSessionDescription* offer = nullptr;
  if (reply != nullptr) gst_structure_get(reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, nullptr);
  gst_promise_unref(promise);
  if (offer == nullptr) {
    Peer::Port::tell(port, [](Peer& peer) { peer.heard_failure(LegFailure::offer, "webrtcbin made no offer"); });
    return;
  }
  Peer::Port::tell(port,
                   [kept = std::shared_ptr<GstWebRTCSessionDescription>(offer, gst_webrtc_session_description_free)](
                       Peer& peer) { peer.heard_offer(kept.get()); });
}

void on_gathering(GstElement* webrtc, GParamSpec*, gpointer data) {
  GstWebRTCICEGatheringState state{};
  g_object_get(webrtc, "ice-gathering-state", &state, nullptr);
  if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) {
    Peer::Port::tell(held(data), [](Peer& peer) { peer.heard_gathering_done(); });
  }
}

void on_connection(GstElement* webrtc, GParamSpec*, gpointer data) {
  GstWebRTCPeerConnectionState state{};
  g_object_get(webrtc, "connection-state", &state, nullptr);
  Peer::Port::tell(held(data), [state](Peer& peer) { peer.heard_connection(state); });
}

void on_answer_set(GstPromise* promise, gpointer data) {
  const GstStructure* reply = gst_promise_get_reply(promise);
  GError* error = nullptr;
  if (reply != nullptr) gst_structure_get(reply, "error", G_TYPE_ERROR, &error, nullptr);
  const std::string words = error == nullptr ? "" : fmt::format("webrtcbin refused the answer: {}", error->message);
  g_clear_error(&error);
  gst_promise_unref(promise);
  if (words.empty()) return;
  Peer::Port::tell(held(data), [words](Peer& peer) { peer.heard_failure(LegFailure::answer, words); });
}

/// What nobody agreed on goes no further: webrtcbin looks for the m-line that it belongs to, and dies where there is none.
GstPadProbeReturn on_incoming(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const Gate& gate = held(data)->gate;
  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
    return gate.is_agreed(GST_PAD_PROBE_INFO_BUFFER(info)) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  }
  GstBufferList* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
  for (guint i = gst_buffer_list_length(list); i > 0; --i) {
    if (!gate.is_agreed(gst_buffer_list_get(list, i - 1))) gst_buffer_list_remove(list, i - 1, 1);
  }
  GST_PAD_PROBE_INFO_DATA(info) = list;
  return GST_PAD_PROBE_OK;
}

/// Behind each transport's decryption, where nothing is linked yet on a leg that only sends.
void on_element_added(GstBin*, GstElement* element, gpointer data) {
  if (g_str_has_prefix(GST_OBJECT_NAME(element), "transportreceivebin") == FALSE) return;
  GstPad* pad = gst_element_get_static_pad(element, "rtp_src");
  if (pad == nullptr) return;
  const auto kinds = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad, kinds, on_incoming, hold(held(data)), let_go);
  gst_object_unref(pad);
}

void on_pad_added(GstElement* webrtc, GstPad* pad, gpointer data) {
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  held(data)->gate.hold_back(pad);
  GstObject* pipeline = gst_element_get_parent(webrtc);
  if (pipeline == nullptr) return;
  decode_pad(held(data), GST_BIN(pipeline), pad);
  gst_object_unref(pipeline);
}

GstPadProbeReturn on_sent(GstPad*, GstPadProbeInfo*, gpointer data) {
  const PortPtr& port = held(data);
  if (!port->rtp_seen.exchange(true)) Peer::Port::tell(port, [](Peer& peer) { peer.heard_first_rtp(); });
  return GST_PAD_PROBE_REMOVE;
}

void on_rtcp(GObject*, GstBuffer*, gpointer data) { held(data)->media_at = monotonic_us(); }

template <class Callback>
void connect(gpointer object, const char* signal, Callback callback, const PortPtr& port) {
  g_signal_connect_data(object, signal, G_CALLBACK(callback), hold(port), let_go_closure,
                        static_cast<GConnectFlags>(0));
}

/// "stun://host:port" and "turn://user:password@host:port", as webrtcbin wants them.
std::string ice_uri(const protocol::IceServer& server) {
  const auto colon = server.url.find(':');
  if (colon == std::string::npos) return {};
  const std::string scheme = server.url.substr(0, colon);
  const std::string rest = server.url.substr(colon + 1);
  if (scheme == "stun") return "stun://" + rest;
  const std::unique_ptr<char, decltype(&g_free)> user(g_uri_escape_string(server.username.c_str(), nullptr, FALSE),
                                                      g_free);
  const std::unique_ptr<char, decltype(&g_free)> password(
      g_uri_escape_string(server.credential.c_str(), nullptr, FALSE), g_free);
  return fmt::format("{}://{}:{}@{}", scheme, user.get(), password.get(), rest);
}

}  // namespace

Peer::Peer(PeerOptions options, PeerEvents events, PeerSinks sinks)
    : options_(std::move(options)), events_(std::move(events)), port_(std::make_shared<Port>()) {
  port_->sinks = std::move(sinks);
}

std::shared_ptr<Peer> Peer::make(PeerOptions options, PeerEvents events, PeerSinks sinks) {
  std::shared_ptr<Peer> peer(new Peer(std::move(options), std::move(events), std::move(sinks)));
  peer->port_->peer = peer;
  return peer;
}

Peer::~Peer() { close({}); }

void Peer::offer() {
  pipeline_ = ElementPtr::adopt(gst_pipeline_new(nullptr));
  webrtc_ = ElementPtr::adopt(gst_element_factory_make("webrtcbin", nullptr));
  if (!webrtc_) return heard_failure(LegFailure::offer, "webrtcbin is not installed");
  g_object_set(webrtc_.get(), "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", 100, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), webrtc_.get());
  gst_pipeline_use_clock(GST_PIPELINE(pipeline_.get()), nullptr);
  GstClock* clock = gst_system_clock_obtain();
  gst_pipeline_use_clock(GST_PIPELINE(pipeline_.get()), clock);
  gst_object_unref(clock);
  gst_element_set_start_time(pipeline_.get(), GST_CLOCK_TIME_NONE);
  gst_element_set_base_time(pipeline_.get(), options_.base_time);
  watch_bus(pipeline_.get(), [port = port_](const std::string& what) {
    Port::tell(port, [what](Peer& peer) { peer.heard_failure(LegFailure::codec, what); });
  });

  GObject* ice = nullptr;
  g_object_get(webrtc_.get(), "ice-agent", &ice, nullptr);
  if (ice != nullptr) {
    GObject* agent = nullptr;
    g_object_get(ice, "agent", &agent, nullptr);
    if (agent != nullptr) {
      g_object_set(agent, "upnp", FALSE, "ice-tcp", FALSE, nullptr);
      g_object_unref(agent);
    }
    if (options_.loopback) {
      gboolean added = FALSE;
      g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
    }
    g_object_unref(ice);
  }
  for (const protocol::IceServer& server : options_.ice_servers) {
    const std::string uri = ice_uri(server);
    if (uri.rfind("stun", 0) == 0) g_object_set(webrtc_.get(), "stun-server", uri.c_str(), nullptr);
    else if (!uri.empty()) {
      gboolean added = FALSE;
      g_signal_emit_by_name(webrtc_.get(), "add-turn-server", uri.c_str(), &added);
    }
  }
  connect(webrtc_.get(), "notify::ice-gathering-state", on_gathering, port_);
  connect(webrtc_.get(), "notify::connection-state", on_connection, port_);
  if (options_.direction == Direction::play) connect(webrtc_.get(), "pad-added", on_pad_added, port_);
  connect(webrtc_.get(), "element-added", on_element_added, port_);

  if (options_.direction == Direction::publish) chain_.add_pads(webrtc_.get(), options_.codecs);
  else add_play_transceivers();
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    return heard_failure(LegFailure::offer, "webrtcbin does not start");
  }
  GstPromise* promise = gst_promise_new_with_change_func(on_offer_created, hold(port_), let_go);
  g_signal_emit_by_name(webrtc_.get(), "create-offer", nullptr, promise);
}

void Peer::add_play_transceivers() {
  const auto add = [this](GstCaps* caps, bool repeats) {
    GstWebRTCRTPTransceiver* transceiver = nullptr;
    g_signal_emit_by_name(webrtc_.get(), "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps,
                          &transceiver);
    if (transceiver != nullptr) {
      g_object_set(transceiver, "do-nack", repeats ? TRUE : FALSE, nullptr);
      gst_object_unref(transceiver);
    }
    gst_caps_unref(caps);
  };
  add(video_caps(options_.codecs, 0), true);
  add(audio_caps(0), false);
}

void Peer::heard_offer(GstWebRTCSessionDescription* offer) {
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", offer, nullptr);
  gathering_timer_ = post_after(kGatherFor, [weak = weak_from_this()] {
    if (const auto peer = weak.lock()) {
      peer->gathering_timer_ = 0;
      peer->send_offer();
    }
  });
}

void Peer::heard_gathering_done() { send_offer(); }

void Peer::send_offer() {
  if (offered_ || closed_) return;
  GstWebRTCSessionDescription* description = nullptr;
  g_object_get(webrtc_.get(), "local-description", &description, nullptr);
  if (description == nullptr) return heard_failure(LegFailure::offer, "no local description");
  char* text = gst_sdp_message_as_text(description->sdp);
  std::string sdp(text);
  g_free(text);
  sdp = with_h264_profile(sdp);
  if (options_.direction == Direction::play) sdp = with_start_bitrate(sdp, kStartKbps);
  gst_webrtc_session_description_free(description);
  stop_timers();
  offered_ = true;
  mids_ = mids_of(sdp);
  events_.offered(sdp);
}

void Peer::answer(const std::string& text) {
  if (closed_ || !offered_ || !codec_.empty()) return;
  auto checked = check_answer(text, options_.direction, mids_);
  if (!checked) {
    return heard_failure(checked.error().code == Errc::unsupported ? LegFailure::inactive : LegFailure::answer,
                         checked.error().message);
  }
  codec_ = checked->codec;
  fingerprints_ = checked->fingerprints;
  if (checked->repaired) events_.repaired();
  if (options_.direction == Direction::play) port_->gate.agree(checked->payloads);
  const auto key_frame = [port = port_] { Port::tell(port, [](Peer& peer) { peer.heard_key_frame_request(); }); };
  if (options_.direction == Direction::publish &&
      !chain_.link(GST_BIN(pipeline_.get()), webrtc_.get(), *checked, key_frame)) {
    return heard_failure(LegFailure::codec, "no payloader for " + codec_);
  }
  GstSDPMessage* message = nullptr;
  gst_sdp_message_new_from_text(checked->sdp.c_str(), &message);
  GstWebRTCSessionDescription* description = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
  GstPromise* promise = gst_promise_new_with_change_func(on_answer_set, hold(port_), let_go);
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", description, promise);
  gst_webrtc_session_description_free(description);
  connect_timer_ = post_after(kConnectWithin, [weak = weak_from_this()] {
    const auto peer = weak.lock();
    if (!peer) return;
    peer->connect_timer_ = 0;
    if (!peer->connected_) peer->heard_failure(LegFailure::not_connected, "not connected within 8 s");
  });
}

void Peer::heard_connection(int state) {
  if (closed_ || distrusted_) return;
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED || state == GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED) {
    return heard_failure(LegFailure::not_connected, "the connection failed or the far end closed it");
  }
  if (state != GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED || connected_) return;
  stop_timers();
  if (const std::string wrong = distrust(webrtc_.get(), fingerprints_); !wrong.empty()) {
    distrusted_ = true;  // whatever it shows later
    return heard_failure(LegFailure::fingerprint, wrong);
  }
  connected_ = true;
  const ElementPtr rtpbin = named(webrtc_, "rtpbin");
  if (rtpbin) {
    GObject* session = nullptr;
    g_signal_emit_by_name(rtpbin.get(), "get-internal-session", 0, &session);
    // What a far end sends is alive by its media alone: its sender reports go on after it has hung up.
    if (session != nullptr && options_.direction == Direction::publish) {
      connect(session, "on-receiving-rtcp", on_rtcp, port_);
    }
    g_clear_object(&session);
    if (GstPad* sent = gst_element_get_static_pad(rtpbin.get(), "send_rtp_src_0")) {
      const auto kinds = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
      gst_pad_add_probe(sent, kinds, on_sent, hold(port_), let_go);
      gst_object_unref(sent);
    }
  }
  if (options_.direction == Direction::publish) port_->media_at = monotonic_us();
  events_.connected();
  port_->flowing = true;
  port_->gate.open();
  if (options_.direction == Direction::publish) events_.wants_key_frame();
}

void Peer::heard_first_frame(int width, int height) { events_.first_frame(width, height); }
void Peer::heard_first_rtp() { events_.first_rtp(); }
void Peer::heard_key_frame_request() { events_.wants_key_frame(); }
void Peer::heard_failure(LegFailure failure, const std::string& message) {
  if (!closed_) events_.failed(failure, message);
}

void Peer::push_video(GstSample* sample) {
  if (!port_->flowing) return;
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  if (!port_->key_frame_seen) {
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) return;
    port_->key_frame_seen = true;
  }
  ++port_->frames;
  port_->bytes += gst_buffer_get_size(buffer);
  chain_.push_video(sample);
}

void Peer::push_audio(GstSample* sample) {
  if (port_->flowing) chain_.push_audio(sample);
}

PeerStats Peer::stats() const {
  const auto age = [](gint64 at) { return at == 0 ? -1 : (monotonic_us() - at) / 1000; };
  PeerStats stats;
  stats.media_age_ms = age(port_->media_at);
  stats.sound_age_ms = age(port_->sound_at);
  stats.picture_age_ms = age(port_->picture_at);
  stats.frames = port_->frames;
  stats.bytes = port_->bytes;
  stats.sound_packets = port_->sound_came.packets;
  stats.sound_lost = port_->sound_came.lost;
  stats.picture_packets = port_->picture_came.packets;
  stats.picture_lost = port_->picture_came.lost;
  stats.width = port_->width;
  stats.height = port_->height;
  return stats;
}

void Peer::look() {
  const std::uint64_t packets = port_->picture_came.packets, frames = port_->frames;
  const bool came = std::exchange(looked_packets_, packets) != packets;
  const bool decoded = std::exchange(looked_frames_, frames) != frames;
  if (came && !decoded && webrtc_) ask_for_whole_picture(webrtc_.get());
}

void Peer::stop_timers() {
  for (guint* timer : {&gathering_timer_, &connect_timer_}) {
    if (*timer != 0) g_source_remove(*timer);
    *timer = 0;
  }
}

void Peer::close(std::function<void()> done) {
  if (!closed_) {
    closed_ = true;
    port_->closed = true;
    port_->flowing = false;
    stop_timers();
  }
  if (!pipeline_) {
    if (done) post(std::move(done));
    return;
  }
  // A pipeline on its way to NULL can block; the last references go with it.
  std::thread([pipeline = std::exchange(pipeline_, {}), webrtc = std::exchange(webrtc_, {}),
               chain = std::exchange(chain_, {}), done = std::move(done)]() mutable {
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    chain = {};
    webrtc = {};
    pipeline = {};
    if (done) post(std::move(done));
  }).detach();
}

}  // namespace madoguchi::media
