// SPDX-License-Identifier: Apache-2.0
// The encoders of what the room sends. Main thread; samples leave on GStreamer's threads.
#include "media/sender.hpp"

#include <fmt/format.h>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "media/bus.hpp"
#include "media/link.hpp"

namespace madoguchi::media {

namespace {

constexpr double kSimulatedVolume = 0.25;  ///< of the simulated microphone's tone, 1 being full scale

std::string description(const std::string& element, const SenderSettings& settings) {
  const int bits = settings.video_kbps * 1000;
  const int key_frames = settings.fps * 3;
  if (element == "x264enc") {
    return fmt::format(
        "x264enc name=enc tune=zerolatency speed-preset=ultrafast bitrate={} key-int-max={} threads=1 "
        "b-adapt=false ! video/x-h264,profile=constrained-baseline",
        settings.video_kbps, key_frames);
  }
  if (element == "openh264enc") {
    return fmt::format(
        "openh264enc name=enc bitrate={} gop-size={} complexity=low rate-control=bitrate "
        "! video/x-h264,profile=constrained-baseline",
        bits, key_frames);
  }
  if (element == "v4l2h264enc") {
    return fmt::format(
        "videoconvert ! v4l2h264enc name=enc extra-controls=controls,video_bitrate={} "
        "! video/x-h264,profile=constrained-baseline,level=(string)3.1",
        bits);
  }
  return fmt::format(
      "vp8enc name=enc deadline=1 cpu-used=-8 threads=1 target-bitrate={} keyframe-max-dist={} "
      "error-resilient=default lag-in-frames=0",
      bits, key_frames);
}

bool exists(const char* element) {
  GstElementFactory* factory = gst_element_factory_find(element);
  if (factory != nullptr) gst_object_unref(factory);
  return factory != nullptr;
}

}  // namespace

std::vector<std::string> encoders_for(const std::string& codec) {
  std::vector<std::string> result;
  const std::vector<const char*> candidates = codec == "h264"
                                                  ? std::vector<const char*>{"v4l2h264enc", "openh264enc", "x264enc"}
                                                  : std::vector<const char*>{"vp8enc"};
  for (const char* element : candidates) {
    if (exists(element)) result.emplace_back(element);
  }
  return result;
}

struct Sender::Outlet {
  std::mutex mutex;
  std::vector<std::shared_ptr<Peer>> peers;  // kept until remove(): the last reference never goes on a GStreamer thread
  bool video = true;

  static GstFlowReturn on_sample(GstAppSink* sink, gpointer data) {
    GstSample* sample = gst_app_sink_pull_sample(sink);
    if (sample == nullptr) return GST_FLOW_OK;
    auto& outlet = **static_cast<std::shared_ptr<Outlet>*>(data);
    {
      const std::lock_guard lock(outlet.mutex);
      for (const auto& peer : outlet.peers) {
        if (outlet.video) peer->push_video(sample);
        else peer->push_audio(sample);
      }
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
  }
  static void let_go(gpointer data) { delete static_cast<std::shared_ptr<Outlet>*>(data); }

  /// An encoder that breaks fails the legs that it feeds; each is offered anew, with a new encoder.
  static void watch(const std::shared_ptr<Outlet>& outlet, const ElementPtr& pipeline) {
    watch_bus(pipeline.get(), [weak = std::weak_ptr<Outlet>(outlet)](const std::string& what) {
      const auto held = weak.lock();
      if (!held) return;
      const std::lock_guard lock(held->mutex);
      post([fed = held->peers, what] {
        for (const auto& peer : fed) peer->heard_failure(protocol::LegFailure::codec, what);
      });
    });
  }
};

Sender::Sender(SenderSettings settings)
    : settings_(std::move(settings)), pictures_(settings_.width, settings_.height, settings_.fps) {}

Sender::~Sender() {
  pictures_.feed({});
  for (auto& [codec, encoder] : video_) stop(encoder);
  if (audio_) stop(*audio_);
}

namespace {
ElementPtr launch(const std::string& text, GstClockTime base_time) {
  GError* error = nullptr;
  ElementPtr pipeline = ElementPtr::adopt(gst_parse_launch(text.c_str(), &error));
  if (error != nullptr) {
    log::error("encoder-not-made", {{"error", error->message}});
    g_clear_error(&error);
    return {};
  }
  GstClock* clock = gst_system_clock_obtain();
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), clock);
  gst_object_unref(clock);
  gst_element_set_start_time(pipeline.get(), GST_CLOCK_TIME_NONE);
  gst_element_set_base_time(pipeline.get(), base_time);
  return pipeline;
}
}  // namespace

Result<Sender::Encoder> Sender::start_video(const std::string& codec) {
  for (const std::string& element : encoders_for(codec)) {
    Encoder encoder;
    encoder.pipeline = launch(
        fmt::format("appsrc name=in is-live=true format=time do-timestamp=true max-buffers=2 leaky-type=downstream "
                    "caps=video/x-raw,format=I420,width={},height={},framerate={}/1 ! {} ! appsink name=out sync=false "
                    "async=false max-buffers=30 drop=true",
                    settings_.width, settings_.height, settings_.fps, description(element, settings_)),
        settings_.base_time);
    if (!encoder.pipeline) continue;
    encoder.source = named(encoder.pipeline, "in");
    encoder.element = named(encoder.pipeline, "enc");
    encoder.outlet = std::make_shared<Outlet>();
    Outlet::watch(encoder.outlet, encoder.pipeline);
    const ElementPtr out = named(encoder.pipeline, "out");
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = Outlet::on_sample;
    gst_app_sink_set_callbacks(GST_APP_SINK(out.get()), &callbacks, new std::shared_ptr<Outlet>(encoder.outlet),
                               Outlet::let_go);
    if (gst_element_set_state(encoder.pipeline.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
      log::warning("encoder-failed", {{"element", element}});
      stop(encoder);
      continue;
    }
    log::info("encoder", {{"element", element}, {"codec", codec}});
    return encoder;
  }
  return fail(Errc::unsupported, "no encoder for " + codec + " works here");
}

Result<Sender::Encoder> Sender::start_audio() {
  Encoder encoder;
  encoder.pipeline = launch(
      fmt::format("audiotestsrc name=in is-live=true wave=sine freq={} volume=0 samplesperbuffer=960 "
                  "! audio/x-raw,format=S16LE,rate=48000,channels=1 ! opusenc name=enc bitrate=32000 frame-size=20 "
                  "inband-fec=true packet-loss-percentage=10 ! appsink name=out sync=false async=false max-buffers=50 "
                  "drop=true",
                  settings_.tone_hz),
      settings_.base_time);
  if (!encoder.pipeline) return fail(Errc::unsupported, "no Opus encoder works here");
  encoder.source = named(encoder.pipeline, "in");
  encoder.outlet = std::make_shared<Outlet>();
  encoder.outlet->video = false;
  Outlet::watch(encoder.outlet, encoder.pipeline);
  const ElementPtr out = named(encoder.pipeline, "out");
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = Outlet::on_sample;
  gst_app_sink_set_callbacks(GST_APP_SINK(out.get()), &callbacks, new std::shared_ptr<Outlet>(encoder.outlet),
                             Outlet::let_go);
  gst_element_set_state(encoder.pipeline.get(), GST_STATE_PLAYING);
  return encoder;
}

void Sender::stop(Encoder& encoder) {
  if (encoder.pipeline) gst_element_set_state(encoder.pipeline.get(), GST_STATE_NULL);
  encoder = {};
}

Result<void> Sender::add(const std::shared_ptr<Peer>& peer) {
  if (!audio_) {
    auto audio = start_audio();
    if (!audio) return fail(audio.error());
    audio_ = std::move(*audio);
    update_microphone();
  }
  const std::string& codec = peer->codec();
  if (codec != "none") {
    if (video_.count(codec) == 0) {
      auto video = start_video(codec);
      if (!video) return fail(video.error());
      video_[codec] = std::move(*video);
    }
    const std::lock_guard lock(video_[codec].outlet->mutex);
    video_[codec].outlet->peers.push_back(peer);
  }
  {
    const std::lock_guard lock(audio_->outlet->mutex);
    audio_->outlet->peers.push_back(peer);
  }
  codecs_[peer.get()] = codec;
  feed_encoders();
  return {};
}

void Sender::remove(const Peer* peer) {
  const auto known = codecs_.find(peer);
  if (known == codecs_.end()) return;
  const std::string codec = known->second;
  codecs_.erase(known);
  const auto take_out = [peer](Outlet& outlet) {
    const std::lock_guard lock(outlet.mutex);
    std::erase_if(outlet.peers, [peer](const auto& each) { return each.get() == peer; });
    return outlet.peers.empty();
  };
  if (const auto encoder = video_.find(codec); encoder != video_.end() && take_out(*encoder->second.outlet)) {
    Encoder unused = std::move(encoder->second);
    video_.erase(encoder);
    feed_encoders();
    stop(unused);
  }
  if (audio_ && take_out(*audio_->outlet)) {
    stop(*audio_);
    audio_.reset();
  }
}

void Sender::feed_encoders() {
  std::vector<ElementPtr> sources;
  for (const auto& [codec, encoder] : video_) sources.push_back(encoder.source);
  pictures_.feed(std::move(sources));
}

void Sender::want_key_frame(const std::string& codec) {
  const auto encoder = video_.find(codec);
  if (encoder == video_.end() || !encoder->second.element) return;
  GstPad* pad = gst_element_get_static_pad(encoder->second.element.get(), "src");
  gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
  gst_object_unref(pad);
}

void Sender::set_microphone(bool open) {
  microphone_open_ = open;
  update_microphone();
}

void Sender::set_muted(bool muted) {
  muted_ = muted;
  update_microphone();
  pictures_.set_muted(muted);
}

void Sender::update_microphone() {
  if (!audio_) return;
  const bool heard = microphone_open_ && !muted_ && settings_.microphone == "simulated";
  // Never its wave: while audiotestsrc takes another one, its thread may call a generator that is not there.
  g_object_set(audio_->source.get(), "volume", heard ? kSimulatedVolume : 0.0, nullptr);
}

}  // namespace madoguchi::media
