// SPDX-License-Identifier: Apache-2.0
// Rings begin, are repeated to who comes late, and stop. On the desk's loop.
#include "provisioning/desk/rings.hpp"

#include <utility>

#include "provisioning/desk/calendar.hpp"

namespace madoguchi::desk {

using json::bj::object;

Rings::Rings(const Clock& clock, std::function<object(const std::string&)> facts,
             std::function<void(const std::string&)> heard, std::function<bool()> anybody)
    : clock_(clock), facts_(std::move(facts)), heard_(std::move(heard)),
      anybody_(anybody ? std::move(anybody) : [this] { return !desks_.empty(); }) {}

object Rings::ring(const std::string& room) const {
  object ring = facts_ ? facts_(room) : object{{"room", room}};
  ring["type"] = "ring";
  ring["since"] = rfc3339(since_.at(room));
  return ring;
}

void Rings::open(StreamId desk, Sink sink) {
  desks_.emplace(desk, sink);
  for (const auto& [room, since] : since_) sink(ring(room));
  look_who_hears();
}

void Rings::look_who_hears() {
  if (!anybody_()) return;
  for (const auto& [room, since] : since_) heard_(room);
}

void Rings::tell(const object& event) {
  const auto desks = desks_;  // one may go while it is told
  for (const auto& [id, sink] : desks) sink(event);
}

void Rings::set(const std::string& room, bool rings) {
  if (rings == since_.contains(room)) return;
  if (!rings) {
    since_.erase(room);
    return tell({{"type", "ring-stopped"}, {"room", room}});
  }
  since_.emplace(room, clock_.wall());
  tell(ring(room));
  if (anybody_()) heard_(room);
}

}  // namespace madoguchi::desk
