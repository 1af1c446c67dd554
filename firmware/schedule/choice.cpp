// SPDX-License-Identifier: Apache-2.0
// Agenda::open_at() with a memory. No I/O.
#include "firmware/schedule/choice.hpp"

#include <utility>

namespace madoguchi::schedule {

namespace {
constexpr std::chrono::seconds kReturnsFor{60};
}  // namespace

const Consultation* Choice::open(const Agenda& agenda, WallTime now) const {
  // A clock that was set back is no reason to return for longer.
  if (now < returns_until_ && now >= returns_until_ - kReturnsFor) {
    const Consultation* back = agenda.find(returns_);
    if (back != nullptr && back->status != Status::cancelled && now < back->end) return back;
  }
  return agenda.open_at(now, window_before_, held_);
}

Outlook Choice::outlook(const Agenda& agenda, WallTime now) const {
  Outlook outlook;
  const Consultation* shown = agenda.open_at(now, window_before_, held_);
  if (shown != nullptr && held_.contains(shown->id)) shown = nullptr;  // nobody is asked to press for what is over
  outlook.open_now = shown != nullptr;
  if (shown == nullptr) shown = agenda.next_after(now, window_before_);
  if (shown == nullptr) return outlook;
  outlook.start = shown->start;
  outlook.end = shown->end;
  return outlook;
}

void Choice::ended(const std::string& consultation, bool by_hall, WallTime now) {
  if (consultation != talked_) return;
  held_.insert(std::exchange(talked_, {}));
  returns_ = by_hall ? consultation : std::string();
  returns_until_ = by_hall ? now + kReturnsFor : WallTime{};
}

void Choice::forget_all_but(const Agenda& agenda) {
  std::erase_if(held_, [&](const std::string& id) {
    const Consultation* known = agenda.find(id);
    if (known != nullptr && known->sequence <= sequences_.try_emplace(id, known->sequence).first->second) return false;
    sequences_.erase(id);
    return true;
  });
}

}  // namespace madoguchi::schedule
