// SPDX-License-Identifier: Apache-2.0
// The words for states, events and actions, as they stand in logs, in status and in the tests' tables.
#include "firmware/session/state.hpp"

namespace madoguchi::session {

std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::idle: return "idle";
    case Phase::calling: return "calling";
    case Phase::talking: return "talking";
    case Phase::ending: return "ending";
    case Phase::out_of_service: return "out-of-service";
  }
  return "?";
}

std::string_view name(LegState state) {
  switch (state) {
    case LegState::absent: return "absent";
    case LegState::offering: return "offering";
    case LegState::connecting: return "connecting";
    case LegState::up: return "up";
    case LegState::lost: return "lost";
    case LegState::closed: return "closed";
  }
  return "?";
}

std::string_view name(EndReason reason) {
  switch (reason) {
    case EndReason::none: return "none";
    case EndReason::by_room: return "by-room";
    case EndReason::by_office: return "by-office";
    case EndReason::far_left: return "far-left";
    case EndReason::cancelled: return "cancelled";
    case EndReason::no_answer: return "no-answer";
    case EndReason::lost: return "lost";
    case EndReason::not_found: return "not-found";
    case EndReason::unverified: return "unverified";
  }
  return "?";
}

std::string_view name(Notice notice) {
  switch (notice) {
    case Notice::none: return "none";
    case Notice::nothing_open: return "nothing-open";
    case Notice::talk_begins: return "talk-begins";
    case Notice::hold_to_end: return "hold-to-end";
    case Notice::already_calling: return "already-calling";
    case Notice::out_of_service: return "out-of-service";
  }
  return "?";
}

std::string_view name(TimerKind kind) {
  switch (kind) {
    case TimerKind::offer: return "offer";
    case TimerKind::post: return "post";
    case TimerKind::connect: return "connect";
    case TimerKind::retry: return "retry";
    case TimerKind::presence: return "presence";
    case TimerKind::rejoin: return "rejoin";
    case TimerKind::tell: return "tell";
    case TimerKind::remember: return "remember";
    case TimerKind::call: return "call";
    case TimerKind::reassure: return "reassure";
    case TimerKind::notice: return "notice";
    case TimerKind::teardown: return "teardown";
    case TimerKind::farewell: return "farewell";
    case TimerKind::ended: return "ended";
  }
  return "?";
}

namespace {

struct EventName {
  std::string_view operator()(const Pressed&) const { return "pressed"; }
  std::string_view operator()(const LongPressed&) const { return "long-pressed"; }
  std::string_view operator()(const Resumed&) const { return "resumed"; }
  std::string_view operator()(const ShutDown&) const { return "shut-down"; }
  std::string_view operator()(const MuteSet&) const { return "mute-set"; }
  std::string_view operator()(const MediaReady&) const { return "media-ready"; }
  std::string_view operator()(const MediaLost&) const { return "media-lost"; }
  std::string_view operator()(const CameraUp&) const { return "camera-up"; }
  std::string_view operator()(const CameraLost&) const { return "camera-lost"; }
  std::string_view operator()(const DevicesClosed&) const { return "devices-closed"; }
  std::string_view operator()(const Offered&) const { return "offered"; }
  std::string_view operator()(const LegFailed&) const { return "leg-failed"; }
  std::string_view operator()(const AnswerRepaired&) const { return "answer-repaired"; }
  std::string_view operator()(const Connected&) const { return "connected"; }
  std::string_view operator()(const FirstRtp&) const { return "first-rtp"; }
  std::string_view operator()(const FirstFrame&) const { return "first-frame"; }
  std::string_view operator()(const LegAge&) const { return "leg-age"; }
  std::string_view operator()(const Dropped&) const { return "dropped"; }
  std::string_view operator()(const Posted&) const { return "posted"; }
  std::string_view operator()(const PostFailed&) const { return "post-failed"; }
  std::string_view operator()(const Told&) const { return "told"; }
  std::string_view operator()(const EventsUp&) const { return "events-up"; }
  std::string_view operator()(const EventsDown&) const { return "events-down"; }
  std::string_view operator()(const SeatsSeen&) const { return "seats-seen"; }
  std::string_view operator()(const SeatJoined&) const { return "seat-joined"; }
  std::string_view operator()(const SeatLeft&) const { return "seat-left"; }
  std::string_view operator()(const Ringing&) const { return "ringing"; }
  std::string_view operator()(const HoldSet&) const { return "hold-set"; }
  std::string_view operator()(const BannerSet&) const { return "banner-set"; }
  std::string_view operator()(const FarPaused&) const { return "far-paused"; }
  std::string_view operator()(const StaffWanted&) const { return "staff-wanted"; }
  std::string_view operator()(const ListenersSet&) const { return "listeners-set"; }
  std::string_view operator()(const EndedByOffice&) const { return "ended-by-office"; }
  std::string_view operator()(const TimerRang&) const { return "timer-rang"; }
  std::string_view operator()(const AgendaSeen&) const { return "agenda-seen"; }
  std::string_view operator()(const ServiceSet&) const { return "service-set"; }
};

struct ActionName {
  std::string_view operator()(const OpenDevices&) const { return "open-devices"; }
  std::string_view operator()(const CloseDevices&) const { return "close-devices"; }
  std::string_view operator()(const MakeOffer&) const { return "make-offer"; }
  std::string_view operator()(const PostOffer&) const { return "post-offer"; }
  std::string_view operator()(const ApplyAnswer&) const { return "apply-answer"; }
  std::string_view operator()(const DropLeg&) const { return "drop-leg"; }
  std::string_view operator()(const DeleteResource&) const { return "delete-resource"; }
  std::string_view operator()(const SetTimer&) const { return "set-timer"; }
  std::string_view operator()(const ClearTimer&) const { return "clear-timer"; }
  std::string_view operator()(const OpenEvents&) const { return "open-events"; }
  std::string_view operator()(const PostEvent&) const { return "post-event"; }
  std::string_view operator()(const TellState&) const { return "tell-state"; }
  std::string_view operator()(const SetMute&) const { return "set-mute"; }
  std::string_view operator()(const RaiseFault&) const { return "raise-fault"; }
  std::string_view operator()(const ClearFault&) const { return "clear-fault"; }
  std::string_view operator()(const ReplaceMedia&) const { return "replace-media"; }
  std::string_view operator()(const RememberPress&) const { return "remember-press"; }
  std::string_view operator()(const ForgetPress&) const { return "forget-press"; }
  std::string_view operator()(const Ignored&) const { return "ignored"; }
};

}  // namespace

std::string_view name(const Event& event) { return std::visit(EventName{}, event); }
std::string_view name(const Action& action) { return std::visit(ActionName{}, action); }

}  // namespace madoguchi::session
