// SPDX-License-Identifier: Apache-2.0
// What a seat does in a talk besides talking: hold, banner, and handing the seat over. On the desk's loop.
#include <utility>

#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/room.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

using json::bj::object;

bool Rooms::hold(const std::string& id, const std::string& session, bool on) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end() || seat_of_session(*found->second, session) == nullptr) return false;
  Room& room = *found->second;
  if (std::exchange(room.on_hold, on) == on) return true;
  tell_boxes(room, {{"type", "hold"}, {"on", on}});
  tell_seats(room, {{"type", "hold"}, {"on", on}});
  return true;
}

bool Rooms::banner(const std::string& id, const std::string& session, std::string text) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end() || seat_of_session(*found->second, session) == nullptr) return false;
  Room& room = *found->second;
  if (room.banner == text) return true;
  room.banner = std::move(text);
  tell_boxes(room, {{"type", "banner"}, {"text", room.banner}});
  tell_seats(room, {{"type", "banner"}, {"text", room.banner}});
  return true;
}

namespace {
object paused_event(bool sound, bool picture) { return {{"type", "paused"}, {"sound", sound}, {"picture", picture}}; }
}  // namespace

/// Said again where nothing changed: a box that begins a call knows of nothing that was told before.
bool Rooms::paused(const std::string& id, const std::string& session, bool sound, bool picture) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end() || seat_of_session(*found->second, session) == nullptr) return false;
  Room& room = *found->second;
  room.sound_paused = sound;
  room.picture_paused = picture;
  if (room.state == RoomState::calling || room.state == RoomState::talking) {
    tell_boxes(room, paused_event(sound, picture));
  }
  return true;
}

std::vector<object> Rooms::talk_of(const Room& room) {
  return {{{"type", "hold"}, {"on", room.on_hold}},
          paused_event(room.sound_paused, room.picture_paused),
          {{"type", "banner"}, {"text", room.banner}},
          {{"type", "listeners"}, {"names", json::bj::array(room.listeners.begin(), room.listeners.end())}},
          {{"type", "staff"}, {"on", room.staff_called}}};
}

bool Rooms::listeners(const std::string& id, const std::string& session, std::vector<std::string> names) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end() || seat_of_session(*found->second, session) == nullptr) return false;
  Room& room = *found->second;
  room.listeners = std::move(names);
  const object event{{"type", "listeners"}, {"names", json::bj::array(room.listeners.begin(), room.listeners.end())}};
  tell_boxes(room, event);
  tell_seats(room, event);
  return true;
}

void Rooms::set_staff(Room& room, bool on, bool came) {
  room.staff_called = on;
  tell_boxes(room, {{"type", "staff"}, {"on", on}});
  tell_seats(room, {{"type", "staff"}, {"on", on}, {"came", came}});
}

bool Rooms::call_staff(const std::string& id, const std::string& session, bool on) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end() || seat_of_session(*found->second, session) == nullptr) return false;
  if (found->second->staff_called != on) set_staff(*found->second, on, false);
  return true;
}

// ---- a colleague comes to her ----------------------------------------------------------------------------------------

object Rooms::help_event(const Room& room) const {
  object event = handlers_.facts ? handlers_.facts(room.id) : object{{"room", room.id}};
  event["type"] = "help";
  event["by"] = room.help_by;
  return event;
}

bool Rooms::help(const std::string& id, const std::string& session, bool on) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return false;
  Room& room = *found->second;
  const Seat* seat = seat_of_session(room, session);
  if (seat == nullptr) return false;
  if (on != room.help_by.empty()) return true;
  if (!on) {
    stop_help(room, {});
    return true;
  }
  room.help_by = seat->who;
  tell_seats(room, {{"type", "help"}, {"on", true}});
  rings_.tell(help_event(room));
  return true;
}

bool Rooms::comes(const std::string& id, const std::string& who) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end() || found->second->help_by.empty()) return false;
  stop_help(*found->second, who);
  return true;
}

void Rooms::stop_help(Room& room, const std::string& who) {
  room.help_by.clear();
  tell_seats(room, {{"type", "help"}, {"on", false}, {"who", who}});
  rings_.tell({{"type", "help-over"}, {"room", room.id}, {"who", who}});
}

void Rooms::forget_talk(Room& room) {
  room.on_hold = false;
  room.sound_paused = room.picture_paused = false;
  room.banner.clear();
  room.staff_called = false;
  room.listeners.clear();
  if (!room.help_by.empty()) stop_help(room, {});
  if (room.handover) stop_handover(room, "taken-back");
}

// ---- handing the seat over -------------------------------------------------------------------------------------------

object Rooms::handover_event(const Room& room) const {
  object event = handlers_.facts ? handlers_.facts(room.id) : object{{"room", room.id}};
  event["type"] = "handover";
  event["by"] = room.handover->by;
  event["to"] = room.handover->to;
  event["since"] = rfc3339(room.handover->since);
  return event;
}

bool Rooms::hand_over(const std::string& id, const std::string& session, bool on, std::string to) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return false;
  const RoomPtr room = found->second;
  const Seat* seat = seat_of_session(*room, session);
  if (seat == nullptr) return false;
  if (on == static_cast<bool>(room->handover)) return true;
  if (!on) {
    stop_handover(*room, "taken-back");
    return true;
  }
  room->handover = std::make_unique<Room::Handover>();
  Room::Handover& handover = *room->handover;
  handover.seat = seat->id;
  handover.by = seat->who;
  handover.to = std::move(to);
  handover.since = clock_.wall();
  handover.until = std::make_unique<Alarm>(clock_);
  handover.until->after(settings_.handover_for, [this, weak = std::weak_ptr<Room>(room)] {
    const auto held = weak.lock();
    if (held && held->handover) stop_handover(*held, "nobody");
  });
  tell_seats(*room, {{"type", "handover"}, {"on", true}, {"since", rfc3339(handover.since)}, {"to", handover.to}});
  rings_.tell(handover_event(*room));
  return true;
}

void Rooms::stop_handover(Room& room, std::string_view why) {
  const std::unique_ptr<Room::Handover> over = std::move(room.handover);  // its alarm may be the one that rings
  tell_seats(room, {{"type", "handover"}, {"on", false}, {"why", why}});
  rings_.tell({{"type", "handover-over"}, {"room", room.id}});
}

Joined Rooms::accept(Room& room, const std::string& who) {
  if (!room.handover) return {Joined::no_handover, {}, {}};
  Room::Handover& handover = *room.handover;
  if (!handover.to.empty() && handover.to != who) return {Joined::no_handover, {}, {}};
  if (!handover.next_who.empty() && handover.next_who != who) return {Joined::taken, {}, handover.next_who};
  handover.next_session = random_hex(16);
  handover.next_who = who;
  // One who accepts and does not come takes it from nobody.
  handover.next_until = std::make_unique<Alarm>(clock_);
  handover.next_until->after(settings_.grace, [this, weak = std::weak_ptr<Room>(rooms_[room.id])] {
    const auto held = weak.lock();
    if (!held || !held->handover) return;
    held->handover->next_session.clear();
    held->handover->next_who.clear();
  });
  return {Joined::seated, handover.next_session, {}};
}

void Rooms::pass_seat(Room& room, const std::string& session) {
  if (!room.handover || session.empty() || !same_secret(room.handover->next_session, session)) return;
  Seat* seat = room.seat(room.handover->seat);
  const std::string who = std::move(room.handover->next_who);
  if (seat->sink) seat->sink(object{{"type", "handed-over"}, {"to", who}});
  const auto end_stream = std::move(seat->end_stream);
  const bool announced = seat->announced;
  seat->stream = 0;
  seat->sink = nullptr;
  seat->end_stream = nullptr;
  seat->grace.reset();
  offers_.forget_answered(room.id, seat->id);
  offers_.end_waiting(room.id, seat->id, Outcome::nobody);
  // Before the streams end: between the two nothing passes either way.
  if (announced) tell_boxes(room, {{"type", "seat-left"}, {"seat", seat->id}, {"handover", true}});
  seat->session = session;
  seat->who = who;
  forget_talk(room);
  for (const object& event : talk_of(room)) tell_boxes(room, event);
  if (end_stream) end_stream();
  if (handlers_.changed) handlers_.changed(room.id);
}

}  // namespace madoguchi::desk
