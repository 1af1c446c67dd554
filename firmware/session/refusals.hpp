// SPDX-License-Identifier: Apache-2.0
// What an office's refusal of an offer means for its leg: one table; and which fault is shown. Pure.
#pragma once

#include "firmware/session/state.hpp"

namespace madoguchi::session {

enum class Refusal {
  over,         ///< there is no such consultation, or it is over: never again
  unpublished,  ///< nobody sends there yet: ask again after the floor
  busy,         ///< nobody can answer just now: the same
  trouble,      ///< something is wrong: the fault is shown, and it is tried again, later each time
};

/// For not_found (404), not_acceptable (406), conflict (409), gone (410) and busy (429, 503); `trouble` for all others.
/// `events`: there is an events stream, which says who is there; without one a media server's status is all there is.
Refusal meaning_of(PostFailure failure, Phase phase, Direction direction, bool events);

/// The fault by which a failure is shown; nullopt: it is none by itself.
std::optional<Fault> fault_of(PostFailure failure);

}  // namespace madoguchi::session
