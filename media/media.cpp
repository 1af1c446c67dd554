// SPDX-License-Identifier: Apache-2.0
// What the media process does with each message. Main thread.
#include "media/media.hpp"

#include "base/log.hpp"

namespace madoguchi::media {

namespace {

constexpr int kLeastRepeat = 1000;  ///< ms; faster is noise

/// Loads what a consultation will need, by making it once; nothing is started, no socket is opened.
void load(const char* element) {
  GstElement* made = gst_element_factory_make(element, nullptr);
  if (made == nullptr) {
    log::info("element-missing", {{"element", element}});
    return;
  }
  gst_object_ref_sink(made);
  gst_object_unref(made);
}

}  // namespace

Media::Media(int channel, GMainLoop* loop, protocol::Ready ready)
    : loop_(loop), ready_(std::move(ready)),
      link_(channel, loop, [this](protocol::ToMedia message, std::vector<UniqueFd> fds) {
        hear(std::move(message), std::move(fds));
      }) {}

Media::~Media() {
  if (second_ != 0) g_source_remove(second_);
  if (repeating_ != 0) g_source_remove(repeating_);
  for (auto& [key, leg] : legs_) {
    if (sender_) sender_->remove(leg.peer.get());
    leg.peer->close({});
  }
}

void Media::hear(protocol::ToMedia message, std::vector<UniqueFd> fds) {
  const bool greeting = std::holds_alternative<protocol::MediaHello>(message);
  if (greeting == (sender_ != nullptr)) {
    log::error("protocol-broken", {{"error", greeting ? "a second hello" : "no hello"}});
    g_main_loop_quit(loop_);
    return;
  }
  std::visit([this, &fds](const auto& each) { on(each, fds); }, message);
}

void Media::on(const protocol::MediaHello& hello, std::vector<UniqueFd>&) {
  hello_ = hello;
  GstClock* clock = gst_system_clock_obtain();
  base_time_ = gst_clock_get_time(clock);
  gst_object_unref(clock);
  warm_up();
  SenderSettings settings;
  settings.width = hello.width;
  settings.height = hello.height;
  settings.fps = hello.fps;
  settings.video_kbps = hello.video_kbps;
  settings.tone_hz = hello.tone_hz;
  settings.microphone = hello.microphone;
  settings.base_time = base_time_;
  sender_ = std::make_unique<Sender>(settings);
  screen_ = std::make_shared<Screen>(Size{hello.screen_width, hello.screen_height});
  speaker_ = std::make_unique<Speaker>(hello.speaker, base_time_, hello.chime_volume);
  for (const std::string& codec : hello.codecs) {
    for (const std::string& element : encoders_for(codec)) ready_.encoders.push_back(element);
  }
  link_.say(ready_);
  link_.start_heartbeat();
  second_ = g_timeout_add(1000, on_second, this);
}

void Media::warm_up() {
  for (const char* element :
       {"webrtcbin",     "nicesrc",    "nicesink",     "dtlssrtpdec", "dtlssrtpenc",  "rtpbin",
        "h264parse",     "rtph264pay", "rtph264depay", "rtpvp8pay",   "rtpvp8depay",  "rtpopuspay",
        "rtpopusdepay",  "opusenc",    "opusdec",      "avdec_h264",  "vp8dec",       "openh264enc",
        "x264enc",       "vp8enc",     "appsrc",       "appsink",     "videoconvert", "audioconvert",
        "audioresample", "rtprtxsend", "rtpulpfecdec", "rtpstorage",  "rtpfunnel"}) {
    load(element);
  }
}

void Media::on(const protocol::ShowCard& card, std::vector<UniqueFd>&) {
  screen_->show(card);
  if (!card.chime.empty()) speaker_->chime(card.chime);
  repeat(card.repeat, card.repeat_ms);
}

void Media::repeat(const std::string& chime, int ms) {
  const std::string wanted = ms >= kLeastRepeat ? chime : std::string();
  if (std::exchange(repeats_, wanted) == wanted) return;
  if (repeating_ != 0) g_source_remove(std::exchange(repeating_, 0));
  if (!repeats_.empty()) repeating_ = g_timeout_add(static_cast<guint>(ms), on_repeat, this);
}

gboolean Media::on_repeat(gpointer self) {
  auto& media = *static_cast<Media*>(self);
  media.speaker_->chime(media.repeats_);
  return G_SOURCE_CONTINUE;
}

void Media::on(const protocol::SetMicrophone& message, std::vector<UniqueFd>&) {
  sender_->set_microphone(message.open);
}

void Media::on(const protocol::SetMute& message, std::vector<UniqueFd>&) { sender_->set_muted(message.muted); }

void Media::on(const protocol::FramesAttach& message, std::vector<UniqueFd>& fds) {
  if (fds.empty() || message.width != hello_.width || message.height != hello_.height) {
    log::warning("frames-refused");
    return;
  }
  auto frames = protocol::FrameReader::open(fds[0].get(), message.width, message.height);
  if (!frames) return log::warning("frames-refused", {{"error", frames.error().message}});
  sender_->pictures().attach(message.camera, std::move(*frames));
}

void Media::on(const protocol::FramesDetach& message, std::vector<UniqueFd>&) {
  sender_->pictures().detach(message.camera);
}

void Media::on(const protocol::MakeOffer& message, std::vector<UniqueFd>&) {
  const protocol::LegKey key = message.key;
  if (legs_.count(key) != 0) return;
  PeerOptions options;
  options.direction = message.direction;
  options.codecs = hello_.codecs;
  options.ice_servers = message.ice_servers;
  options.loopback = hello_.loopback;
  options.base_time = base_time_;
  PeerEvents events;
  events.offered = [this, key](std::string sdp) { link_.say(protocol::Offered{key, std::move(sdp)}); };
  events.failed = [this, key](protocol::LegFailure failure, std::string words) {
    log::warning("leg-failed", {{"leg", key.leg}, {"why", name(failure)}, {"error", words}});
    link_.say(protocol::LegFailed{key, failure, std::move(words)});
  };
  events.repaired = [this, key] { link_.say(protocol::AnswerRepaired{key}); };
  events.connected = [this, key] { link_.say(protocol::Connected{key}); };
  events.first_rtp = [this, key] { link_.say(protocol::FirstRtp{key}); };
  events.first_frame = [this, key](int width, int height) { link_.say(protocol::FirstFrame{key, width, height}); };
  events.wants_key_frame = [this, key] {
    if (const auto leg = legs_.find(key); leg != legs_.end()) sender_->want_key_frame(leg->second.peer->codec());
  };
  PeerSinks sinks;
  if (message.direction == protocol::Direction::play) {
    sinks.picture = [screen = screen_, leg = key.leg](GstSample* sample) { screen->set_far_picture(leg, sample); };
    sinks.sound = [this, leg = key.leg](GstSample* sample) { speaker_->play(leg, sample); };
  }
  auto peer = Peer::make(std::move(options), std::move(events), std::move(sinks));
  legs_[key] = {message.direction, peer};
  peer->offer();
}

void Media::on(const protocol::ApplyAnswer& message, std::vector<UniqueFd>&) {
  const auto leg = legs_.find(message.key);
  if (leg == legs_.end()) return;
  leg->second.peer->answer(message.sdp);
  if (leg->second.direction != protocol::Direction::publish || leg->second.peer->codec().empty()) return;
  if (auto added = sender_->add(leg->second.peer); !added) {
    link_.say(protocol::LegFailed{message.key, protocol::LegFailure::codec, added.error().message});
  }
}

void Media::on(const protocol::DropLeg& message, std::vector<UniqueFd>&) {
  const auto leg = legs_.find(message.key);
  if (leg == legs_.end()) {
    link_.say(protocol::Dropped{message.key});
    return;
  }
  const std::shared_ptr<Peer> peer = leg->second.peer;
  const bool play = leg->second.direction == protocol::Direction::play;
  legs_.erase(leg);
  sender_->remove(peer.get());
  peer->close([this, key = message.key, play, peer] {
    if (play) {
      speaker_->forget(key.leg);
      screen_->forget_far_picture(key.leg);
    }
    link_.say(protocol::Dropped{key});
  });
}

void Media::on(const protocol::TakeScreenshot& message, std::vector<UniqueFd>& fds) {
  protocol::Screenshot done;
  done.id = message.id;
  if (fds.empty()) {
    done.error = "no descriptor to write to";
    return link_.say(done);
  }
  const Scene scene = screen_->scene({sender_->pictures().self_view(), hello_.width, hello_.height});
  done.shows_people = scene.shows_people();
  // Drawn and packed for a while: heartbeats and peers do not wait for it.
  drawing_.run([this, scene, fd = std::make_shared<UniqueFd>(std::move(fds[0])), done]() mutable {
    const auto written = write_png(scene, fd->get());
    fd->reset();
    if (!written) done.error = written.error().message;
    post([this, done] { link_.say(done); });
  });
}

void Media::on(const protocol::MeasureSpeaker& message, std::vector<UniqueFd>&) {
  const SpeakerLevel level = speaker_->level();
  link_.say(protocol::SpeakerMeasured{message.id, level.rms_db, level.strongest_hz});
}

void Media::on(const protocol::Quit&, std::vector<UniqueFd>&) { g_main_loop_quit(loop_); }

gboolean Media::on_second(gpointer self) {
  static_cast<Media*>(self)->report();
  return G_SOURCE_CONTINUE;
}

void Media::report() {
  for (const auto& [key, leg] : legs_) {
    leg.peer->look();
    const PeerStats stats = leg.peer->stats();
    protocol::LegStats message;
    message.key = key;
    message.media_age_ms = stats.media_age_ms;
    message.sound_age_ms = stats.sound_age_ms;
    message.picture_age_ms = stats.picture_age_ms;
    message.frames = stats.frames;
    message.bytes = stats.bytes;
    message.sound_packets = stats.sound_packets;
    message.sound_lost = stats.sound_lost;
    message.picture_packets = stats.picture_packets;
    message.picture_lost = stats.picture_lost;
    message.width = leg.direction == protocol::Direction::publish ? hello_.width : stats.width;
    message.height = leg.direction == protocol::Direction::publish ? hello_.height : stats.height;
    message.codec = leg.peer->codec();
    link_.say(message);
  }
  protocol::RoomStats room;
  room.microphone_open = sender_->microphone_open();
  room.camera_frames = sender_->pictures().camera_frames();
  link_.say(room);
}

}  // namespace madoguchi::media
