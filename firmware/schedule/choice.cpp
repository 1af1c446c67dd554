// SPDX-License-Identifier: Apache-2.0
// Agenda::open_at() with a memory. No I/O.
#include "firmware/schedule/choice.hpp"

#include <utility>

namespace madoguchi::schedule {

const Consultation* Choice::open(const Agenda& agenda, WallTime now) const {
  return agenda.open_at(now, window_before_, held_);
}

Outlook Choice::outlook(const Agenda& agenda, WallTime now) const {
  Outlook outlook;
  const Consultation* shown = open(agenda, now);
  outlook.open_now = shown != nullptr;
  if (shown == nullptr) shown = agenda.next_after(now, window_before_);
  if (shown == nullptr) return outlook;
  outlook.start = shown->start;
  outlook.end = shown->end;
  return outlook;
}

void Choice::ended(const std::string& consultation) {
  if (consultation == talked_) held_.insert(std::exchange(talked_, {}));
}

void Choice::forget_all_but(const Agenda& agenda) {
  std::erase_if(held_, [&agenda](const std::string& id) { return agenda.find(id) == nullptr; });
}

}  // namespace madoguchi::schedule
