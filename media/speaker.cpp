// SPDX-License-Identifier: Apache-2.0
// The mixer and its meter. Main thread; play() on GStreamer's.
#include "media/speaker.hpp"

#include <fmt/format.h>
#include <gst/app/gstappsrc.h>
#include <gst/fft/gstfftf32.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "media/bus.hpp"

namespace madoguchi::media {

namespace {

constexpr GstClockTime kCushion = 20 * GST_MSECOND;       ///< between coming and being played
constexpr GstClockTime kMostWaiting = 200 * GST_MSECOND;  ///< sound that is later than that helps nobody

constexpr int kRate = 48000;
constexpr std::uint32_t kChimeInput = 0xffffffff;
constexpr const char* kFormat = "audio/x-raw,format=F32LE,layout=interleaved,channels=1,rate=48000";

GstPadProbeReturn on_mixed(GstPad*, GstPadProbeInfo* info, gpointer data) {
  GstMapInfo map;
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (buffer != nullptr && gst_buffer_map(buffer, &map, GST_MAP_READ) != FALSE) {
    (*static_cast<std::shared_ptr<Meter>*>(data))
        ->add(reinterpret_cast<const float*>(map.data), map.size / sizeof(float));
    gst_buffer_unmap(buffer, &map);
  }
  return GST_PAD_PROBE_OK;
}

/// Power of one frequency (Goertzel), up to a factor.
double power(const std::vector<float>& samples, double hz) {
  const double turn = 2.0 * std::numbers::pi * hz / kRate;
  const double factor = 2.0 * std::cos(turn);
  double before = 0;
  double last = 0;
  for (const float sample : samples) {
    const double now = static_cast<double>(sample) + factor * last - before;
    before = last;
    last = now;
  }
  return last * last + before * before - factor * last * before;
}

/// Of 60 to 4000 Hz, in steps of 2.9 Hz.
double strongest_bin(const std::vector<float>& samples) {
  constexpr int kSize = 16384;
  std::vector<float> padded(samples);
  padded.resize(kSize, 0.0F);
  std::vector<GstFFTF32Complex> bins(kSize / 2 + 1);
  const std::unique_ptr<GstFFTF32, decltype(&gst_fft_f32_free)> fft(gst_fft_f32_new(kSize, FALSE), gst_fft_f32_free);
  gst_fft_f32_fft(fft.get(), padded.data(), bins.data());
  constexpr double kStep = static_cast<double>(kRate) / kSize;
  std::size_t best = 0;
  float best_power = -1;
  for (auto i = static_cast<std::size_t>(60 / kStep); i <= static_cast<std::size_t>(4000 / kStep); ++i) {
    const float here = bins[i].r * bins[i].r + bins[i].i * bins[i].i;
    if (here <= best_power) continue;
    best_power = here;
    best = i;
  }
  return static_cast<double>(best) * kStep;
}

}  // namespace

void Meter::add(const float* samples, std::size_t count) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < count; ++i) {
    ring_[at_] = samples[i];
    at_ = (at_ + 1) % ring_.size();
  }
  last_ = monotonic_us();
}

SpeakerLevel Meter::level() const {
  std::vector<float> samples;
  {
    const std::lock_guard lock(mutex_);
    if (monotonic_us() - last_ > G_USEC_PER_SEC) return {};
    // The newest quarter of a second, halved in rate: enough for speech and tones up to 6 kHz.
    for (std::size_t i = 0; i < 12000; ++i) samples.push_back(ring_[(at_ + ring_.size() - 12000 + i) % ring_.size()]);
  }
  double sum = 0;
  for (const float sample : samples) sum += static_cast<double>(sample) * static_cast<double>(sample);
  const double rms = std::sqrt(sum / static_cast<double>(samples.size()));
  SpeakerLevel level;
  level.rms_db = rms > 1e-5 ? 20.0 * std::log10(rms) : -100.0;
  if (level.rms_db < -60.0) return level;
  // Coarse over the whole range by a Fourier transform, then fine around the best.
  double best = strongest_bin(samples);
  double best_power = -1;
  for (double hz = best - 4, end = best + 4; hz <= end; hz += 0.5) {
    const double here = power(samples, hz);
    if (here <= best_power) continue;
    best_power = here;
    best = hz;
  }
  level.strongest_hz = best;
  return level;
}

Speaker::Speaker(const std::string& device, GstClockTime base_time, double chime_volume) : chime_volume_(chime_volume) {
  const std::string sink =
      device == "window" ? "audioconvert ! audioresample ! autoaudiosink sync=false" : "fakesink sync=true async=false";
  GError* error = nullptr;
  pipeline_ = ElementPtr::adopt(gst_parse_launch(
      fmt::format("audiotestsrc is-live=true wave=silence samplesperbuffer=960 ! {} ! audiomixer name=mix "
                  "latency=40000000 ! {} ! {}",
                  kFormat, kFormat, sink)
          .c_str(),
      &error));
  if (error != nullptr) {
    log::error("speaker-not-made", {{"error", error->message}});
    g_clear_error(&error);
    pipeline_ = {};
    return;
  }
  GstClock* clock = gst_system_clock_obtain();
  gst_pipeline_use_clock(GST_PIPELINE(pipeline_.get()), clock);
  gst_object_unref(clock);
  gst_element_set_start_time(pipeline_.get(), GST_CLOCK_TIME_NONE);
  gst_element_set_base_time(pipeline_.get(), base_time);
  watch_bus(pipeline_.get(), [](const std::string&) {});
  mixer_ = named(pipeline_, "mix");
  GstPad* mixed = gst_element_get_static_pad(mixer_.get(), "src");
  gst_pad_add_probe(mixed, GST_PAD_PROBE_TYPE_BUFFER, on_mixed, new std::shared_ptr<Meter>(meter_),
                    [](gpointer data) { delete static_cast<std::shared_ptr<Meter>*>(data); });
  gst_object_unref(mixed);
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
}

Speaker::~Speaker() {
  if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

/// With mutex_ held.
Speaker::Input* Speaker::input(std::uint32_t key) {
  if (!pipeline_) return nullptr;
  if (const auto known = inputs_.find(key); known != inputs_.end()) return &known->second;
  ElementPtr source = ElementPtr::adopt(gst_element_factory_make("appsrc", nullptr));
  GstCaps* caps = gst_caps_from_string(kFormat);
  // Without a largest latency the mixer cannot wait for anybody, and drops what comes in bursts.
  g_object_set(source.get(), "is-live", TRUE, "format", GST_FORMAT_TIME, "do-timestamp", FALSE, "caps", caps,
               "min-latency", gint64{0}, "max-latency", static_cast<gint64>(GST_SECOND), "max-time",
               static_cast<guint64>(GST_SECOND), "leaky-type", 2, nullptr);
  gst_caps_unref(caps);
  gst_bin_add(GST_BIN(pipeline_.get()), source.get());
  gst_element_link(source.get(), mixer_.get());
  gst_element_sync_state_with_parent(source.get());
  return &(inputs_[key] = Input{std::move(source)});
}

/// One after the other, as they come: a burst waits in the queue, a gap is silence, and what would wait too long is left
/// out. Takes the buffer.
void Speaker::push(std::uint32_t key, GstBuffer* buffer) {
  const std::lock_guard lock(mutex_);
  Input* to = input(key);
  GstClock* clock = pipeline_ ? gst_pipeline_get_clock(GST_PIPELINE(pipeline_.get())) : nullptr;
  if (to == nullptr || clock == nullptr) {
    gst_buffer_unref(buffer);
    return;
  }
  const GstClockTime now = gst_clock_get_time(clock) - gst_element_get_base_time(pipeline_.get());
  gst_object_unref(clock);
  if (to->next == GST_CLOCK_TIME_NONE || to->next < now) to->next = now + kCushion;
  if (to->next > now + kMostWaiting) {
    gst_buffer_unref(buffer);
    return;
  }
  const gsize frames = gst_buffer_get_size(buffer) / sizeof(float);
  GST_BUFFER_PTS(buffer) = to->next;
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(frames, GST_SECOND, kRate);
  to->next += GST_BUFFER_DURATION(buffer);
  gst_app_src_push_buffer(GST_APP_SRC(to->source.get()), buffer);
}

void Speaker::play(std::uint32_t leg, GstSample* sample) { push(leg, gst_buffer_copy(gst_sample_get_buffer(sample))); }

void Speaker::forget(std::uint32_t leg) {
  ElementPtr source;
  {
    const std::lock_guard lock(mutex_);
    const auto known = inputs_.find(leg);
    if (known == inputs_.end()) return;
    source = known->second.source;
    inputs_.erase(known);
  }
  GstPad* pad = gst_element_get_static_pad(source.get(), "src");
  GstPad* peer = gst_pad_get_peer(pad);
  gst_element_set_state(source.get(), GST_STATE_NULL);
  if (peer != nullptr) {
    gst_pad_unlink(pad, peer);
    gst_element_release_request_pad(mixer_.get(), peer);
    gst_object_unref(peer);
  }
  gst_object_unref(pad);
  gst_bin_remove(GST_BIN(pipeline_.get()), source.get());
}

void Speaker::chime(std::string_view code) {
  std::vector<float> samples = chime_samples(code);
  if (samples.empty() || !pipeline_ || chime_volume_ <= 0) return;
  for (float& sample : samples) sample *= static_cast<float>(chime_volume_);
  forget(kChimeInput);
  push(kChimeInput, gst_buffer_new_memdup(samples.data(), samples.size() * sizeof(float)));
}

std::vector<float> chime_samples(std::string_view code) {
  struct Note {
    std::string_view code;
    double hz, at, seconds;
    double loud = 1;
  };
  static constexpr Note kNotes[] = {
      {"press", 880, 0, 0.18},         {"ready", 659.3, 0, 0.2},        {"ready", 784, 0.18, 0.3},
      {"connected", 523.3, 0, 0.2},    {"connected", 659.3, 0.15, 0.2}, {"connected", 784, 0.3, 0.45},
      {"ended", 784, 0, 0.25},         {"ended", 523.3, 0.22, 0.5},     {"trouble", 392, 0, 0.3},
      {"trouble", 392, 0.4, 0.4},      {"hold", 587.3, 0, 0.25},        {"hold", 587.3, 0.3, 0.4},
      {"ring-back", 440, 0, 0.5, 0.4}, {"staff", 880, 0, 0.2},          {"staff", 659.3, 0.22, 0.2},
      {"staff", 880, 0.44, 0.3},       {"notice", 698.5, 0, 0.3, 0.6},
  };
  std::vector<float> samples;
  for (const Note& note : kNotes) {
    if (note.code != code) continue;
    const auto from = static_cast<std::size_t>(note.at * kRate);
    const auto count = static_cast<std::size_t>(note.seconds * kRate);
    samples.resize(std::max(samples.size(), from + count), 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
      const double time = static_cast<double>(i) / kRate;
      const double attack = std::min(1.0, time / 0.01);
      const double decay = std::exp(-5.0 * time / note.seconds);
      samples[from + i] +=
          static_cast<float>(0.2 * note.loud * attack * decay * std::sin(2 * std::numbers::pi * note.hz * time));
    }
  }
  return samples;
}

}  // namespace madoguchi::media
