// SPDX-License-Identifier: Apache-2.0
// step(): one event applied to the consultation. Pure; the diagram is in state.hpp.
#include <algorithm>
#include <utility>

#include "firmware/session/legs.hpp"

namespace madoguchi::session {

namespace {

constexpr int kWeakMost = 3;                       // reports, one a second
constexpr int kBadLoss = 8;                        // percent of the sound; up to here Opus conceals it well
constexpr int kBadPictureLoss = 2;                 // percent; each loss stops the picture until the next whole one
constexpr std::chrono::milliseconds kBadGap{500};  // without a packet of sound

bool in_consultation(const State& state) { return state.phase == Phase::calling || state.phase == Phase::talking; }

class Handler : private Step {
 public:
  Handler(State& s, const Event& event, const Settings& settings_in) : Step{s, settings_in, {}}, event_(event) {}

  Actions run() {
    if (!state.shut_down) std::visit(*this, event_);
    return std::move(actions);
  }

  // ---- from the room
  void operator()(const Pressed& event) {
    switch (state.phase) {
      case Phase::idle:
        if (event.plan) return begin(*event.plan);
        return notice(Notice::nothing_open);
      case Phase::calling: return notice(Notice::already_calling);
      case Phase::talking:
        if (!std::exchange(state.staff_wanted, false)) return notice(Notice::hold_to_end);
        if (!state.plan->events.empty()) actions.emplace_back(PostEvent{state.plan->events, "staff-came"});
        return;
      case Phase::ending:
        if (!event.plan) return notice(Notice::nothing_open);
        state.pending = event.plan;
        actions.emplace_back(RememberPress{*event.plan});
        return finish_ending();
      case Phase::out_of_service: return notice(Notice::out_of_service);
    }
  }

  void operator()(const LongPressed& event) {
    if (state.phase == Phase::idle || state.phase == Phase::out_of_service) return (*this)(Pressed{event.plan});
    if (state.phase == Phase::calling) return end(EndReason::cancelled, "cancelled");
    if (state.phase == Phase::talking) return end(EndReason::by_room, "ended");
    if (state.phase == Phase::ending && state.pending) {
      state.pending.reset();
      actions.emplace_back(ForgetPress{});
      return;
    }
    illegal();
  }

  void operator()(const Resumed& event) {
    if (state.phase == Phase::idle) return begin(event.plan);
    illegal();
  }

  // What is remembered is on the disk, or on its way there before all else.
  void operator()(const ShutDown&) { state.shut_down = true; }

  void operator()(const MuteSet& event) {
    if (!in_consultation(state)) return illegal();
    if (state.muted == event.muted) return;
    state.muted = event.muted;
    actions.emplace_back(SetMute{state.muted || state.on_hold});
  }

  // ---- from the children
  void operator()(const MediaReady&) {
    state.media_ready = true;
    if (in_consultation(state) && (state.muted || state.on_hold)) actions.emplace_back(SetMute{true});
    start_legs();
  }

  void operator()(const MediaLost&) {
    state.media_ready = false;
    state.dropping.clear();
    for (Leg& leg : state.legs) {
      if (leg.state == LegState::closed) continue;
      leg.peer = false;  // it died with the process
      stop(leg, leg.state == LegState::absent ? LegState::absent : LegState::lost);
    }
    if (state.phase == Phase::ending) finish_ending();
    give_up_one_day();
  }

  // Its picture comes back by itself, and costs neither sound nor screen.
  void operator()(const CameraUp&) { state.camera_fault.reset(); }
  void operator()(const CameraLost& event) {
    if (state.devices_open) state.camera_fault = event.fault;
  }

  void operator()(const DevicesClosed&) {
    if (state.phase != Phase::ending) return illegal();
    state.devices_open = false;
    state.camera_fault.reset();
    finish_ending();
  }

  void operator()(const Offered& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr) return stale();
    if (leg->state != LegState::offering || leg->timer != TimerKind::offer) return illegal();
    const SeatPlan& seat = state.seats[leg->seat].plan;
    actions.emplace_back(PostOffer{event.key, leg->direction,
                                   leg->direction == Direction::publish ? seat.publish : seat.play, event.sdp});
    Step::set_timer(*leg, TimerKind::post, settings.post_within + std::chrono::seconds(1));
  }

  void operator()(const LegFailed& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr) return stale();
    switch (event.failure) {
      case protocol::LegFailure::fingerprint: return unverified(*leg);
      case protocol::LegFailure::offer:
      case protocol::LegFailure::codec: raise(Fault::offer_failed, leg); break;
      case protocol::LegFailure::answer: raise(Fault::office_answer_invalid, leg); break;
      case protocol::LegFailure::inactive: raise(Fault::office_answer_inactive, leg); break;
      case protocol::LegFailure::not_connected:
        raise(leg->state == LegState::up ? Fault::connection_lost : Fault::connection_failed, leg);
        break;
    }
    again(*leg);
  }

  void operator()(const AnswerRepaired& event) {
    const Leg* leg = find(event.key);
    if (leg == nullptr) return stale();
    raise(Fault::office_answer_actpass, leg);
  }

  void operator()(const Connected& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr) return stale();
    if (leg->state == LegState::up) return;
    if (leg->state != LegState::connecting) return illegal();
    if (leg->direction == Direction::publish) leg_up(*leg);
  }

  void operator()(const FirstRtp& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr) return stale();
    if (leg->state == LegState::connecting) return leg_up(*leg);
    if (leg->state != LegState::up) illegal();
  }

  void operator()(const FirstFrame& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr) return stale();
    leg->picture_seen = true;
    if (leg->state == LegState::connecting) return leg_up(*leg);
    if (leg->state != LegState::up) illegal();
  }

  void operator()(const LegAge& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr) return;  // reports cross a drop all the time
    if (event.media.count() < 0) return;
    const bool play = leg->direction == Direction::play;
    const auto bound = play ? settings.play_silent_after : settings.feedback_silent_after;
    // A far side without a camera never has a first frame: its sound is enough.
    if (leg->state == LegState::connecting && play && event.media < bound) return leg_up(*leg);
    if (leg->state != LegState::up) return;
    const bool sounds = event.sound.count() >= 0 && event.sound < bound;
    leg->picture_stands = play && sounds && event.picture >= bound;
    if (play) judge(*leg, event);
    leg->reports_up = std::min(leg->reports_up + 1, kPictureless);
    if (event.media < bound) return;
    if (play && state.on_hold && state.events_up) return;  // the office has said why, and would say that it is over
    raise(Fault::connection_lost, leg);
    leg->failures = 0;
    stop(*leg, LegState::lost);
    Seat& seat = state.seats[leg->seat];
    // The office has said so; now its media is silent too.
    if (seat.known && !seat.present && !leg_of_seat_is(seat, LegState::up)) left(seat);
    nobody_left();
    start_legs();
  }

  void operator()(const Dropped& event) {
    if (state.dropping.erase(event.key.epoch) == 0) return;  // of a media process that has been replaced
    if (state.phase == Phase::ending) finish_ending();
  }

  // ---- from signalling
  void operator()(const Posted& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr || leg->state != LegState::offering) {
      // The answer to an attempt that was given up: the office must not keep it.
      if (!event.resource.empty()) actions.emplace_back(DeleteResource{event.resource});
      return stale();
    }
    clear_office_faults(*leg);
    leg->resource = event.resource;
    leg->state = LegState::connecting;
    actions.emplace_back(ApplyAnswer{event.key, event.answer});
    Step::set_timer(*leg, TimerKind::connect, settings.connect_within);
  }

  void operator()(const PostFailed& event) {
    Leg* leg = find(event.key);
    if (leg == nullptr) return stale();
    if (leg->state != LegState::offering) return illegal();
    post_failed(*leg, event);
    if (hopeless()) end(state.phase == Phase::talking ? EndReason::by_office : EndReason::not_found, "");
  }

  // A stream that is up while posts fail: told again, later each time, until it is heard. What is told is how things are
  // then, so that nothing old is said.
  void operator()(const Told& event) {
    clear_timer(TimerKind::tell);
    if (event.heard || !state.events_up) {
      state.untold = 0;
      return;
    }
    set_timer(TimerKind::tell, std::min(settings.retry_most, settings.retry_first * (1 << std::min(state.untold, 16))));
    ++state.untold;
  }

  void operator()(const EventsUp&) {
    state.events_up = true;
    state.tell_due = true;
    clear(Fault::events_lost);
  }

  void operator()(const EventsDown&) {
    state.events_up = false;
    clear_timer(TimerKind::tell);
    if (!in_consultation(state)) return;
    raise(Fault::events_lost);
    for (Seat& seat : state.seats) seat.known = false;
    state.presence_overdue = false;
    set_timer(TimerKind::presence, settings.presence_within);
  }

  void operator()(const SeatsSeen& event) {
    if (std::exchange(state.tell_due, false)) actions.emplace_back(TellState{});
    if (!in_consultation(state)) return;  // presence before a press: nothing to do with it yet
    clear_timer(TimerKind::presence);
    for (Seat& seat : state.seats) {
      const auto seen = std::find_if(event.seats.begin(), event.seats.end(),
                                     [&seat](const SeatsSeen::Seat& each) { return each.id == seat.plan.id; });
      if (seen != event.seats.end() && seen->present) {
        joined(seat, seen->session);
        continue;
      }
      seat.known = true;  // the office lists all: one that it does not name has nobody
      seat.present = false;
      if (leg_of_seat_is(seat, LegState::up)) continue;  // its media says otherwise; liveness decides
      left(seat);
    }
    nobody_left();
  }

  void operator()(const SeatJoined& event) {
    if (!in_consultation(state)) return;
    if (Seat* seat = seat_of(event.seat)) return joined(*seat, event.session);
    illegal();
  }

  void operator()(const SeatLeft& event) {
    if (!in_consultation(state)) return;
    Seat* seat = seat_of(event.seat);
    if (seat == nullptr) return illegal();
    seat->known = true;
    seat->present = false;
    left(*seat);
    seat->handing_over = event.handover && state.phase == Phase::talking;
    nobody_left();
  }

  void operator()(const Ringing&) {
    if (state.phase == Phase::calling) state.ringing = true;
  }

  void operator()(const HoldSet& event) {
    if (!in_consultation(state)) return illegal();
    if (state.on_hold == event.on) return;
    state.on_hold = event.on;
    actions.emplace_back(SetMute{state.muted || state.on_hold});
  }

  void operator()(const BannerSet& event) {
    if (!in_consultation(state)) return illegal();
    state.banner = event.text;
  }

  void operator()(const FarPaused& event) {
    if (!in_consultation(state)) return illegal();
    state.far_paused = event;
  }

  void operator()(const StaffWanted& event) {
    if (!in_consultation(state)) return illegal();
    state.staff_wanted = event.on;
  }

  void operator()(const ListenersSet& event) {
    if (!in_consultation(state)) return illegal();
    state.listeners = event.names;
  }

  void operator()(const EndedByOffice&) {
    if (in_consultation(state)) return end(EndReason::by_office, "");
    if (state.phase != Phase::ending) illegal();
  }

  // ---- time
  void operator()(const TimerRang& event) {
    const TimerKey& timer = event.timer;
    switch (timer.kind) {
      case TimerKind::offer:
      case TimerKind::post:
      case TimerKind::connect:
      case TimerKind::retry: return leg_timer(timer);
      case TimerKind::remember:
        if (in_consultation(state)) remember();
        return;
      case TimerKind::tell: actions.emplace_back(TellState{}); return;
      case TimerKind::presence: state.presence_overdue = true; return start_legs();
      case TimerKind::rejoin:
        if (timer.key.leg < state.seats.size()) rested(state.seats[timer.key.leg]);
        return;
      case TimerKind::call:
        if (state.phase == Phase::calling) end(EndReason::no_answer, "cancelled");
        if (state.phase == Phase::talking) end(EndReason::lost, "ended");
        return;
      case TimerKind::reassure: state.reassure = state.phase == Phase::calling; return;
      case TimerKind::notice: state.notice = Notice::none; return;
      case TimerKind::teardown:
        if (state.phase != Phase::ending) return;
        state.dropping.clear();  // the process is replaced anyway
        state.devices_open = false;
        return finish_ending();
      case TimerKind::farewell:
        if (state.phase != Phase::ending) return;
        state.farewell_read = true;
        return finish_ending();
      case TimerKind::ended: state.farewell.reset(); return;
    }
  }

  void operator()(const AgendaSeen& event) { state.agenda = event; }

  void operator()(const ServiceSet& event) {
    if (event.in_service && state.phase == Phase::out_of_service) state.phase = Phase::idle;
    if (!event.in_service && state.phase == Phase::idle) state.phase = Phase::out_of_service;
    state.service_fault = state.phase == Phase::out_of_service ? event.why : std::nullopt;
  }

 private:
  void illegal() { ignored(Ignored::Why::illegal, event_); }
  void stale() { ignored(Ignored::Why::stale, event_); }

  void notice(Notice what) {
    state.notice = what;
    set_timer(TimerKind::notice, settings.notice_for);
  }

  Seat* seat_of(const std::string& id) {
    const auto found =
        std::find_if(state.seats.begin(), state.seats.end(), [&id](const Seat& seat) { return seat.plan.id == id; });
    return found == state.seats.end() ? nullptr : &*found;
  }

  /// A moment is no weak connection: it takes three bad seconds to be one, and as many good ones to be none.
  static void judge(Leg& leg, const LegAge& report) {
    const bool bad = report.lost.sound >= kBadLoss || report.sound >= kBadGap || report.lost.picture >= kBadPictureLoss;
    leg.bad_reports = std::clamp(leg.bad_reports + (bad ? 1 : -1), 0, kWeakMost);
    if (leg.bad_reports == kWeakMost) leg.weak = true;
    if (leg.bad_reports == 0) leg.weak = false;
  }

  void again(Leg& leg) {
    retry(leg, state.phase == Phase::talking ? LegState::lost : LegState::absent, std::chrono::milliseconds(0));
    give_up_one_day();
  }

  void leg_timer(const TimerKey& timer) {
    Leg* leg = find(timer.key);
    if (leg == nullptr || leg->timer != timer.kind) return stale();
    leg->timer.reset();
    switch (timer.kind) {
      case TimerKind::retry: return start_legs();
      case TimerKind::offer: raise(Fault::offer_failed, leg); break;
      case TimerKind::post: raise(Fault::office_late, leg); break;
      default: raise(Fault::connection_failed, leg); break;
    }
    again(*leg);
  }

  void joined(Seat& seat, const std::string& session) {
    taken(seat, session);
    give_up_one_day();
    start_legs();
  }

  const Event& event_;
};

}  // namespace

Actions step(State& state, const Event& event, const Settings& settings) {
  return Handler(state, event, settings).run();
}

}  // namespace madoguchi::session
