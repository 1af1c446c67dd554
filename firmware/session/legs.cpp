// SPDX-License-Identifier: Apache-2.0
// The small machine of each leg, and of the seat it leads to: starting, stopping, trying again. Pure.
#include "firmware/session/legs.hpp"

#include <algorithm>
#include <utility>

#include "firmware/session/refusals.hpp"

namespace madoguchi::session {

namespace {

std::string name_of(const State& state, const std::optional<std::size_t>& leg) {
  if (!leg) return {};
  const Leg& of = state.legs.at(*leg);
  return state.seats[of.seat].plan.id + ' ' + std::string(protocol::name(of.direction));
}

}  // namespace

void Step::raise(Fault fault, const Leg* leg) {
  const std::optional<std::size_t> index = leg == nullptr ? std::nullopt : std::optional(index_of(*leg));
  if (state.faults.insert({fault, index}).second) actions.emplace_back(RaiseFault{fault, name_of(state, index)});
}

void Step::clear(Fault fault, const Leg* leg) {
  clear(LegFault{fault, leg == nullptr ? std::nullopt : std::optional(index_of(*leg))});
}

void Step::clear(const LegFault& fault) {
  if (state.faults.erase(fault) > 0) actions.emplace_back(ClearFault{fault.fault, name_of(state, fault.leg)});
}

void Step::clear_all(const Leg& leg) {
  const std::set<LegFault> faults = state.faults;
  for (const LegFault& fault : faults) {
    if (fault.leg == index_of(leg)) clear(fault);
  }
}

Leg* Step::find(const LegKey& key) {
  if (key.leg >= state.legs.size() || key.epoch == 0) return nullptr;
  Leg& leg = state.legs[key.leg];
  return leg.epoch == key.epoch ? &leg : nullptr;
}

std::size_t Step::index_of(const Leg& leg) const { return static_cast<std::size_t>(&leg - state.legs.data()); }

LegKey Step::key_of(const Leg& leg) const { return {static_cast<std::uint32_t>(index_of(leg)), leg.epoch}; }

void Step::set_timer(Leg& leg, TimerKind kind, std::chrono::milliseconds delay) {
  clear_timer(leg);
  leg.timer = kind;
  actions.emplace_back(SetTimer{{kind, key_of(leg)}, delay});
}

void Step::clear_timer(Leg& leg) {
  if (leg.timer) actions.emplace_back(ClearTimer{{*leg.timer, key_of(leg)}});
  leg.timer.reset();
}

void Step::start_legs() {
  if (!state.media_ready || !state.plan) return;
  if (state.phase != Phase::calling && state.phase != Phase::talking) return;
  for (Leg& leg : state.legs) {
    const Seat& seat = state.seats[leg.seat];
    const bool may = seat.known ? seat.present : state.plan->events.empty() || state.presence_overdue;
    const bool waits = leg.state == LegState::absent || leg.state == LegState::lost;
    if (may && waits && !leg.timer && !seat.owed) start(leg);
  }
}

void Step::start(Leg& leg) {
  clear_timer(leg);
  leg.epoch = ++state.last_epoch;
  leg.state = LegState::offering;
  leg.unpublished = false;
  leg.peer = true;
  actions.emplace_back(MakeOffer{key_of(leg), leg.direction});
  set_timer(leg, TimerKind::offer, settings.offer_within);
}

LostPackets lost_between(const protocol::LegStats& before, const protocol::LegStats& now) {
  if (!(before.key == now.key)) return {};
  const auto percent = [](std::uint64_t came, std::uint64_t came_then, std::uint64_t lost, std::uint64_t lost_then) {
    if (came_then < came || lost_then < lost) return 0;
    const std::uint64_t gone = lost_then - lost, all = gone + (came_then - came);
    return all == 0 ? 0 : static_cast<int>(100 * gone / all);
  };
  return {percent(before.sound_packets, now.sound_packets, before.sound_lost, now.sound_lost),
          percent(before.picture_packets, now.picture_packets, before.picture_lost, now.picture_lost)};
}

void Step::stop(Leg& leg, LegState then) {
  clear_timer(leg);
  if (leg.peer) {
    state.dropping.insert(leg.epoch);
    actions.emplace_back(DropLeg{key_of(leg)});
  }
  if (!leg.resource.empty()) actions.emplace_back(DeleteResource{std::move(leg.resource)});
  leg.resource.clear();
  leg.peer = leg.picture_seen = leg.picture_stands = leg.weak = false;
  leg.bad_reports = leg.reports_up = 0;
  leg.epoch = 0;
  leg.state = then;
}

void Step::retry(Leg& leg, LegState meanwhile, std::chrono::milliseconds at_least) {
  stop(leg, meanwhile);
  const int doublings = std::clamp(leg.failures, 0, 16);
  const auto back_off = std::min(settings.retry_most, settings.retry_first * (1 << doublings));
  leg.failures = std::min(leg.failures + 1, 16);
  leg.epoch = ++state.last_epoch;  // names the pause, so that its timer can be told from others
  set_timer(leg, TimerKind::retry, std::max(at_least, back_off));
}

void Step::taken(Seat& seat, const std::string& session) {
  const bool another = seat.known && !seat.session.empty() && seat.session != session;
  seat.known = seat.present = true;
  seat.session = session;
  const auto index = static_cast<std::uint32_t>(&seat - state.seats.data());
  bool offered = false;
  for (Leg& leg : state.legs) {
    if (leg.seat != index || leg.state == LegState::closed) continue;
    leg.failures = 0;
    const bool running = leg.state != LegState::absent && leg.state != LegState::lost;
    if (running && !another) continue;
    if (running) stop(leg, LegState::lost);
    if (seat.resting) {
      seat.owed = true;
    } else {
      clear_timer(leg);  // a waiting retry need not wait
      offered = state.media_ready;
    }
  }
  if (!offered) return;
  // Each offer costs the media process a peer: whoever comes and goes without end does not get more.
  seat.resting = true;
  actions.emplace_back(SetTimer{{TimerKind::rejoin, {index, 0}}, settings.rejoin_floor});
}

void Step::rested(Seat& seat) {
  seat.resting = false;
  if (std::exchange(seat.owed, false)) taken(seat, seat.session);
  start_legs();
}

void Step::left(Seat& seat) {
  const auto index = static_cast<std::size_t>(&seat - state.seats.data());
  for (Leg& leg : state.legs) {
    if (leg.seat != index || leg.state == LegState::closed) continue;
    stop(leg, LegState::absent);
    clear_all(leg);
  }
  seat.session.clear();
  seat.owed = seat.handing_over = false;
}

bool any_up(const State& state, Direction direction) {
  return std::any_of(state.legs.begin(), state.legs.end(),
                     [direction](const Leg& leg) { return leg.direction == direction && leg.state == LegState::up; });
}

void Step::post_failed(Leg& leg, const PostFailed& event) {
  using std::chrono::milliseconds;
  const Seat& seat = state.seats[leg.seat];
  const milliseconds asked = event.retry_after ? milliseconds(*event.retry_after) : milliseconds(0);
  const LegState meanwhile = state.phase == Phase::talking ? LegState::lost : LegState::absent;
  const Refusal refusal = meaning_of(event.failure, state.phase, leg.direction, !state.plan->events.empty());
  leg.unpublished = refusal == Refusal::unpublished;
  if (refusal == Refusal::over) {
    raise(Fault::office_not_found, &leg);
    return stop(leg, LegState::closed);
  }
  if (refusal != Refusal::trouble) {
    raise(Fault::office_busy, &leg);
    if (seat.known && !seat.present) return stop(leg, meanwhile);  // the events stream tells when somebody sits down
    leg.failures = 0;
    return retry(leg, meanwhile, std::max(asked, seat.known ? settings.answer_floor : settings.poll_floor));
  }
  if (const auto fault = fault_of(event.failure)) raise(*fault, &leg);
  retry(leg, meanwhile, asked);
}

}  // namespace madoguchi::session
