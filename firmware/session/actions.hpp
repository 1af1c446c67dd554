// SPDX-License-Identifier: Apache-2.0
// What step() wants done; the runner carries it out. Plain values, no I/O.
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "base/faults.hpp"
#include "firmware/session/events.hpp"

namespace madoguchi::session {

/// Camera process and microphone.
struct OpenDevices {};
struct CloseDevices {};
struct MakeOffer {
  LegKey key;
  Direction direction{};
};
struct PostOffer {
  LegKey key;
  Direction direction{};
  std::string url;
  std::string sdp;
};
struct ApplyAnswer {
  LegKey key;
  std::string sdp;
};
struct DropLeg {
  LegKey key;
};
struct DeleteResource {
  std::string resource;
};
struct SetTimer {
  TimerKey timer;
  std::chrono::milliseconds delay{};
};
struct ClearTimer {
  TimerKey timer;
};
struct OpenEvents {
  std::string url;
};
struct PostEvent {
  std::string url;
  std::string type;  ///< "calling", "cancelled", "talking", "ended"
};
/// How things are here, whatever was told before: the whole truth.
struct TellState {};
struct SetMute {
  bool muted = false;
};
/// `leg`: "counsellor publish", "" = of the consultation as a whole.
struct RaiseFault {
  Fault fault{};
  std::string leg;
};
struct ClearFault {
  Fault fault{};
  std::string leg;
};
/// A fresh media process for the next consultation.
struct ReplaceMedia {};
/// For a restart of the daemon within this boot; once more a minute, so that the restart knows how long ago that was.
struct RememberPress {
  Plan plan;
};
struct ForgetPress {};
/// An event that this state has no use for: logged and counted.
struct Ignored {
  enum class Why { illegal, stale } why{};
  std::string event;
};

using Action = std::variant<OpenDevices, CloseDevices, MakeOffer, PostOffer, ApplyAnswer, DropLeg, DeleteResource,
                            SetTimer, ClearTimer, OpenEvents, PostEvent, TellState, SetMute, RaiseFault, ClearFault,
                            ReplaceMedia, RememberPress, ForgetPress, Ignored>;
using Actions = std::vector<Action>;

std::string_view name(const Action& action);

}  // namespace madoguchi::session
