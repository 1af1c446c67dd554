// SPDX-License-Identifier: Apache-2.0
// What can happen to a consultation: the closed list of events that step() understands. Plain values, no I/O.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/faults.hpp"
#include "firmware/signalling/post_failure.hpp"
#include "media/protocol.hpp"

namespace madoguchi::session {

using protocol::Direction;
using protocol::LegKey;
using signalling::PostFailure;

struct SeatPlan {
  std::string id;       ///< "counsellor"
  std::string role;     ///< "相談員"
  std::string publish;  ///< WHIP endpoint, "" = this seat does not get our picture
  std::string play;     ///< WHEP endpoint, "" = this seat does not send
};

/// What a press would join, as the schedule chose it.
struct Plan {
  std::string consultation;  ///< hashed id
  WallTime start{}, end{};
  std::string events;  ///< HTTPS URL of the events stream, "" = a plain media server
  std::vector<SeatPlan> seats;
  std::string receipt = {};  ///< digits of the booking's receipt number, "" = it has none
};

// ---- from the room ---------------------------------------------------------------------------------------------------

/// The short press. Without a plan nothing is open now; the idle card's facts say what is next.
struct Pressed {
  std::optional<Plan> plan;
};
/// Held. While idle it is a press as any other: old hands press long.
struct LongPressed {
  std::optional<Plan> plan = std::nullopt;  ///< as Pressed::plan
};
/// A press of this boot that a restart of the daemon interrupted.
struct Resumed {
  Plan plan;
};
/// The daemon is about to end. What was pressed and not ended stays pressed; nothing else happens after it.
struct ShutDown {};
/// The room's own mute.
struct MuteSet {
  bool muted = false;
};

// ---- from the children -----------------------------------------------------------------------------------------------

struct MediaReady {};
struct MediaLost {};
struct CameraUp {};
/// There is no picture, or none to be seen, and why.
struct CameraLost {
  std::optional<Fault> fault;
};
/// The camera process is gone and the microphone closed, after CloseDevices.
struct DevicesClosed {};
struct Offered {
  LegKey key;
  std::string sdp;
};
struct LegFailed {
  LegKey key;
  protocol::LegFailure failure{};
};
struct AnswerRepaired {
  LegKey key;
};
struct Connected {
  LegKey key;
};
struct FirstRtp {
  LegKey key;
};
struct FirstFrame {
  LegKey key;
};
/// Of the packets that were sent between two reports of a leg, percent that never came.
struct LostPackets {
  int sound = 0, picture = 0;
};
struct LegAge {
  LegKey key;
  // Negative: none yet.
  std::chrono::milliseconds media{-1};    ///< since the last inbound RTP (play) or feedback (publish)
  std::chrono::milliseconds sound{-1};    ///< play: since the last inbound RTP of sound
  std::chrono::milliseconds picture{-1};  ///< play: since the last decoded picture
  LostPackets lost = {};                  ///< play
};
/// Nothing for reports of different attempts.
LostPackets lost_between(const protocol::LegStats& before, const protocol::LegStats& now);
struct Dropped {
  LegKey key;
};

// ---- from signalling -------------------------------------------------------------------------------------------------

struct Posted {
  LegKey key;
  std::string answer;
  std::string resource;  ///< absolute URL to DELETE; may hold tokens: never printed
};
struct PostFailed {
  LegKey key;
  PostFailure failure{};
  std::optional<std::chrono::seconds> retry_after;
};
/// What was to be told to the office, the last of it: heard, or not.
struct Told {
  bool heard = false;
};
struct EventsUp {};
struct EventsDown {};
struct SeatsSeen {  ///< the snapshot at the start of each events stream
  struct Seat {
    std::string id;
    bool present = false;
    std::string session;
  };
  std::vector<Seat> seats;
};
struct SeatJoined {
  std::string seat;
  std::string session;
};
struct SeatLeft {
  std::string seat;
  bool handover = false;  ///< a colleague sits down there at once
};
struct Ringing {};
struct HoldSet {
  bool on = false;
};
struct BannerSet {
  std::string text;
};
/// What the far side does not send of its own will; it is connected all the same.
struct FarPaused {
  bool sound = false;
  bool picture = false;
};
/// The hall's staff are wanted: it chimes until a press.
struct StaffWanted {
  bool on = false;
};
struct ListenersSet {
  std::vector<std::string> names;
};
struct EndedByOffice {};

// ---- time and the rest of the box ------------------------------------------------------------------------------------

enum class TimerKind {
  offer,     ///< the media process owes an offer
  post,      ///< the office owes an answer
  connect,   ///< ICE, DTLS and the first media are due
  retry,     ///< try this leg again
  presence,  ///< the events stream has not said who is there
  rejoin,    ///< a seat that was offered to lately may be offered to at once again
  tell,      ///< the office has not heard how things are here
  remember,  ///< the press is written down once more
  call,      ///< nobody has come
  reassure,  ///< the waiting card changes its words
  notice,    ///< a card of the moment goes away
  teardown,  ///< children owe their Dropped and the devices
  farewell,  ///< the last card has been read
  ended,     ///< the last card goes away
};
struct TimerKey {
  TimerKind kind{};
  LegKey key{};  ///< for offer, post, connect, retry; for rejoin `leg` is the seat's index
  bool operator==(const TimerKey&) const = default;
};
struct TimerRang {
  TimerKey timer;
};
/// What the idle card says.
struct AgendaSeen {
  bool open_now = false;          ///< a press would start something
  std::optional<WallTime> start;  ///< of what is open or next
  std::optional<WallTime> end;
  bool unread = false;  ///< a feed has never been read: there may be bookings that the box does not know
  std::optional<Fault> why_unread = {};  ///< what keeps it from being read
  bool clock_wrong = false;              ///< what is open and what comes next is not known
  bool operator==(const AgendaSeen&) const = default;
};
struct ServiceSet {
  bool in_service = true;
  std::optional<Fault> why = {};  ///< what hands have to mend
};

using Event =
    std::variant<Pressed, LongPressed, Resumed, ShutDown, MuteSet, MediaReady, MediaLost, CameraUp, CameraLost,
                 DevicesClosed, Offered, LegFailed, AnswerRepaired, Connected, FirstRtp, FirstFrame, LegAge, Dropped,
                 Posted, PostFailed, Told, EventsUp, EventsDown, SeatsSeen, SeatJoined, SeatLeft, Ringing, HoldSet,
                 BannerSet, FarPaused, StaffWanted, ListenersSet, EndedByOffice, TimerRang, AgendaSeen, ServiceSet>;

/// "pressed", "seat-joined": for logs and for the tables of the tests.
std::string_view name(const Event& event);
std::string_view name(TimerKind kind);

}  // namespace madoguchi::session
