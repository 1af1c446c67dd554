// SPDX-License-Identifier: Apache-2.0
// The consultation as data: a phase times one small machine per leg. step() is pure: no I/O, no clock, no randomness.
//
//                press, something open                first media of a far seat
//        idle ---------------------------> calling ------------------------------> talking
//         ^  \ press, nothing open: a notice  |  ^  long press, nobody came,          |  long press, the office ends,
//         |                                   |  |  the office ends, 404              |  every far seat left, 404,
//         |   children and devices closed,    v  |                                    v  nothing came back for long
//         +---- last card read ----------- ending <-----------------------------------+
//                                             a press while ending calls anew as soon as everything is closed
//
//        idle -> calling also when the daemon comes back after a press of this boot (Resumed)
//        out_of_service <-> idle: a fault that only hands can mend (a press says which)
//
// A leg:  absent -> offering -> connecting -> up -> lost -> offering ...     any -> closed (404, or ending)
//         absent: nobody sits there yet, or a retry is due; offering: the offer is made and posted; connecting: answered
//
// Every leg event bears (leg, epoch): the epoch is new with each attempt, events of older ones are stale.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "firmware/session/actions.hpp"
#include "firmware/session/events.hpp"
#include "firmware/session/settings.hpp"

namespace madoguchi::session {

enum class Phase { idle, calling, talking, ending, out_of_service };
enum class LegState { absent, offering, connecting, up, lost, closed };
enum class EndReason { none, by_room, by_office, far_left, cancelled, no_answer, lost, not_found, unverified };
enum class Notice { none, nothing_open, talk_begins, hold_to_end, already_calling, out_of_service };

std::string_view name(Phase phase);
std::string_view name(LegState state);
std::string_view name(EndReason reason);
std::string_view name(Notice notice);

/// Reports, one a second, after which a far side that sends no picture has none.
inline constexpr int kPictureless = 2;

struct Leg {
  std::size_t seat = 0;
  Direction direction{};
  LegState state = LegState::absent;
  std::uint32_t epoch = 0;
  int failures = 0;                ///< in a row, for the back-off
  std::string resource;            ///< absolute URL to DELETE, "" = none
  bool peer = false;               ///< the media process holds a peer for (leg, epoch)
  bool unpublished = false;        ///< the office's last word: nobody sends there yet
  bool picture_seen = false;       ///< of this attempt
  int reports_up = 0;              ///< of this attempt since it is up, at most 2
  bool picture_stands = false;     ///< pictures came and come no more, while the sound goes on
  int bad_reports = 0;             ///< of the sound, less the good ones since; at most 3
  bool weak = false;               ///< what comes has gaps
  std::optional<TimerKind> timer;  ///< the one that runs for (leg, epoch)
};

struct Seat {
  SeatPlan plan;
  bool known = false;  ///< the events stream has told of it
  bool present = false;
  bool resting = false;       ///< it has just been offered to: the next one who sits down waits a little
  bool owed = false;          ///< somebody sat down meanwhile
  bool handing_over = false;  ///< who left made room for a colleague, whose media is not here yet
  std::string session;
};

/// A fault of this consultation: of one leg, or of the whole.
struct LegFault {
  Fault fault{};
  std::optional<std::size_t> leg;
  auto operator<=>(const LegFault&) const = default;
};

/// What the last card says after a consultation, while the box is idle again.
struct Farewell {
  EndReason reason = EndReason::none;
  std::string receipt, role;
  bool operator==(const Farewell&) const = default;
};

struct State {
  Phase phase = Phase::idle;
  std::optional<Plan> plan;
  std::vector<Seat> seats;
  std::vector<Leg> legs;  ///< the index is LegKey::leg
  std::uint32_t last_epoch = 0;
  std::set<std::uint32_t> dropping;  ///< epochs whose peers the media process is taking down
  bool media_ready = false;
  bool events_up = false;  ///< the office can be heard
  bool tell_due = false;   ///< with the stream's first snapshot, which says what the office understands
  int untold = 0;          ///< times in a row that it did not hear us
  bool shut_down = false;  ///< the daemon is about to end: nothing happens any more
  bool presence_overdue = false;
  bool ringing = false;   ///< somebody at the office is being rung
  bool reassure = false;  ///< the waiting has been long
  bool muted = false;     ///< by the room
  bool on_hold = false;   ///< by the far side
  bool devices_open = false;
  bool giving_up = false;  ///< the call timer runs in a talk, since nothing is up
  bool farewell_read = false;
  FarPaused far_paused;
  std::string banner;
  bool staff_wanted = false;  ///< until a press
  std::vector<std::string> listeners;
  EndReason end_reason = EndReason::none;
  std::optional<Farewell> farewell;
  Notice notice = Notice::none;
  AgendaSeen agenda;
  std::optional<Plan> pending;  ///< pressed while ending
  std::set<LegFault> faults;
  std::optional<Fault> camera_fault;   ///< why the room is not seen just now
  std::optional<Fault> service_fault;  ///< why it is out of service
};

/// Media of that direction flows on at least one leg.
bool any_up(const State& state, Direction direction);

/// Applies one event. The actions are in the order in which they are to be started.
Actions step(State& state, const Event& event, const Settings& settings);

/// What people see, derived from the state alone.
struct View {
  std::string card;            ///< name of the card: "ready", "calling", ...; firmware/session/cards.cpp has the words
  bool pulse = false;          ///< a press was taken, we are working
  std::optional<Fault> fault;  ///< the worst, for its words and the lamp's rhythm
  std::string banner;
  std::vector<std::string> listeners;  ///< beside the counsellor, while the far side is seen or heard
  bool over_picture = false;           ///< the card is a banner at the foot of the far side's picture
  bool operator==(const View&) const = default;
};
View view(const State& state);

}  // namespace madoguchi::session
