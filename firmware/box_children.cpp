// SPDX-License-Identifier: Apache-2.0
// Wiring: the media and camera processes, and what the office says, into the session's events. On the daemon's loop.
#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "firmware/box.hpp"

namespace madoguchi {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// So long without a death before its fault is taken back: IT can see it, staff are not alarmed for ever.
constexpr std::chrono::seconds kSteadyAfter{60};

/// A press so long before the media process was lost may not have been shown: it was hung for up to a second.
constexpr std::chrono::seconds kAnswerAgain{5};

constexpr Fault kMediaFaults[] = {Fault::media_dead, Fault::media_hung, Fault::media_restarting_often};

}  // namespace

// ---- to media --------------------------------------------------------------------------------------------------------

bool Box::to_media(const protocol::ToMedia& message, std::span<const int> fds) {
  if (!media_.ready()) return false;  // media_ready() says everything again
  const Result<void> sent = media_.send(message, fds);
  if (!sent) log::notice("media-not-told", {{"error", sent.error().message}});
  return sent.has_value();
}

void Box::attach_frames() {
  const protocol::FrameMemory* frames = camera_.frames();
  if (frames == nullptr) return;
  protocol::FramesAttach attach;
  attach.camera = protocol::kRoomCamera;
  attach.width = camera_.hello().width;
  attach.height = camera_.hello().height;
  const int fds[] = {frames->readable.get()};
  to_media(attach, fds);
}

void Box::make_offer(const session::MakeOffer& action) {
  protocol::MakeOffer message;
  message.key = action.key;
  message.direction = action.direction;
  message.ice_servers = config_.ice_servers;
  to_media(message);
}

void Box::apply_answer(const session::ApplyAnswer& action) {
  protocol::ApplyAnswer message;
  message.key = action.key;
  message.sdp = action.sdp;
  to_media(message);
}

void Box::drop_leg(const session::DropLeg& action) {
  protocol::DropLeg message;
  message.key = action.key;
  to_media(message);
}

void Box::set_mute(bool muted) {
  muted_ = muted;
  to_media(protocol::SetMute{muted});
}

void Box::replace_media() {
  ready_.reset();
  muted_ = false;
  media_.replace();
}

void Box::open_devices() {
  microphone_ = true;
  to_media(protocol::SetMicrophone{true});
  camera_.start(config_.camera);
  update_lamp();
}

void Box::close_devices() {
  microphone_ = false;
  to_media(protocol::SetMicrophone{false});
  to_media(protocol::FramesDetach{protocol::kRoomCamera});
  clear_camera_faults();
  spawn(finish_devices(), "close-devices");
}

asio::awaitable<void> Box::finish_devices() {
  co_await camera_.stop();
  update_lamp();
  if (microphone_) co_return;  // a new press has opened them meanwhile
  runner_.dispatch(session::DevicesClosed{});
}

// ---- from media ------------------------------------------------------------------------------------------------------

void Box::media_ready(const protocol::Ready& ready) {
  ready_ = ready;
  if (!ready.landlock || !ready.seccomp) faults_.raise(Fault::sandbox_missing);
  else faults_.clear(Fault::sandbox_missing);
  if (microphone_) to_media(protocol::SetMicrophone{true});
  if (muted_) to_media(protocol::SetMute{true});
  attach_frames();
  show_card();
  media_steady_.after(kSteadyAfter, [this] {
    for (const Fault fault : kMediaFaults) faults_.clear(fault);
  });
  runner_.dispatch(session::MediaReady{});
}

void Box::media_lost(const session::Loss& loss) {
  ready_.reset();
  media_steady_.clear();
  unanswered("the media process was lost");
  // It may have taken the card without showing it: a press of this moment is answered once more by the next life.
  if (timings_.pressed && clock_.boot() - *timings_.pressed < kAnswerAgain) chime_.pressed();
  faults_.raise(loss.reason == session::Loss::hung ? Fault::media_hung : Fault::media_dead);
  if (media_.slowed()) faults_.raise(Fault::media_restarting_often);
  runner_.dispatch(session::MediaLost{});
}

/// The media process's word for the session's.
struct Box::Heard {
  Box& box;

  void operator()(const protocol::Ready&) const {}
  void operator()(const protocol::Heartbeat&) const {}
  void operator()(const protocol::Offered& it) const { box.runner_.dispatch(session::Offered{it.key, it.sdp}); }
  void operator()(const protocol::LegFailed& it) const {
    log::notice("leg-failed", {{"leg", it.key.leg}, {"why", protocol::name(it.failure)}, {"error", it.message}});
    box.runner_.dispatch(session::LegFailed{it.key, it.failure});
  }
  void operator()(const protocol::AnswerRepaired& it) const { box.runner_.dispatch(session::AnswerRepaired{it.key}); }
  void operator()(const protocol::Connected& it) const { box.runner_.dispatch(session::Connected{it.key}); }
  void operator()(const protocol::FirstRtp& it) const { box.runner_.dispatch(session::FirstRtp{it.key}); }
  void operator()(const protocol::FirstFrame& it) const { box.runner_.dispatch(session::FirstFrame{it.key}); }
  void operator()(const protocol::Dropped& it) const { box.runner_.dispatch(session::Dropped{it.key}); }
  void operator()(const protocol::LegStats& it) const {
    using std::chrono::milliseconds;
    const session::LostPackets lost = session::lost_between(std::exchange(box.leg_stats_[it.key.leg], it), it);
    box.runner_.dispatch(session::LegAge{it.key, milliseconds(it.media_age_ms), milliseconds(it.sound_age_ms),
                                         milliseconds(it.picture_age_ms), lost});
  }
  void operator()(const protocol::RoomStats& it) const { box.room_stats_ = it; }
  void operator()(const protocol::SpeakerMeasured& it) const { box.answered(it); }
  void operator()(const protocol::Screenshot& it) const { box.answered(it); }
};

void Box::media_said(const protocol::FromMedia& message) { std::visit(Heard{*this}, message); }

// ---- the office ------------------------------------------------------------------------------------------------------

namespace {

struct ToSession {
  session::Event operator()(const signalling::Seats& it) const {
    session::SeatsSeen seen;
    for (const auto& seat : it.seats) seen.seats.push_back({seat.seat, seat.present, seat.session});
    return seen;
  }
  session::Event operator()(const signalling::SeatJoined& it) const { return session::SeatJoined{it.seat, it.session}; }
  session::Event operator()(const signalling::SeatLeft& it) const { return session::SeatLeft{it.seat, it.handover}; }
  session::Event operator()(const signalling::Ringing&) const { return session::Ringing{}; }
  session::Event operator()(const signalling::Hold& it) const { return session::HoldSet{it.on}; }
  session::Event operator()(const signalling::Banner& it) const { return session::BannerSet{it.text}; }
  session::Event operator()(const signalling::Paused& it) const { return session::FarPaused{it.sound, it.picture}; }
  session::Event operator()(const signalling::Staff& it) const { return session::StaffWanted{it.on}; }
  session::Event operator()(const signalling::Listeners& it) const { return session::ListenersSet{it.names}; }
  session::Event operator()(const signalling::Ended&) const { return session::EndedByOffice{}; }
};

}  // namespace

void Box::office_said(const signalling::OfficeEvent& event) { runner_.dispatch(std::visit(ToSession{}, event)); }

}  // namespace madoguchi
