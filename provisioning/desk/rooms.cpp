// SPDX-License-Identifier: Apache-2.0
// The meeting point: seats, offers, rings. On the desk's loop.
#include <algorithm>
#include <utility>

#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/room.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

using json::bj::array;
using json::bj::object;

std::string_view name(RoomState state) {
  switch (state) {
    case RoomState::quiet: return "booked";
    case RoomState::calling: return "calling";
    case RoomState::talking: return "talking";
    case RoomState::ended: return "ended";
  }
  return "?";
}

const std::vector<std::string>& Rooms::seats() {
  static const std::vector<std::string> kSeats = {"counsellor"};
  return kSeats;
}

Rooms::Rooms(Clock& clock, RoomSettings settings, Handlers handlers)
    : clock_(clock), settings_(settings), handlers_(std::move(handlers)),
      offers_(clock, settings.answer_within, settings.most_offers,
              [this](const Offer& offer) {
                const Seat* seat = at(offer.room).seat(offer.seat);
                if (seat != nullptr && seat->sink) seat->sink(object{{"type", "offer-gone"}, {"id", offer.id}});
              }),
      rings_(
          clock, handlers_.facts,
          [this](const std::string& room) {
            tell_boxes(at(room), {{"type", "ringing"}, {"seat", ""}});
          },
          handlers_.anybody_takes) {}
Rooms::~Rooms() = default;

Rooms::Room& Rooms::at(const std::string& id) {
  RoomPtr& room = rooms_[id];
  if (!room) {
    room = std::make_shared<Room>();
    room->id = id;
    for (const std::string& seat : seats()) {
      room->seats.emplace_back();
      room->seats.back().id = seat;
    }
  }
  return *room;
}

/// A room in which nothing is left to remember.
void Rooms::tidy(const std::string& id) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return;
  const Room& room = *found->second;
  const bool empty = room.boxes.empty() && !offers_.any(id) && room.state == RoomState::quiet &&
                     std::all_of(room.seats.begin(), room.seats.end(), [](const Seat& s) { return s.session.empty(); });
  if (empty && !room.box_grace) rooms_.erase(found);
}

void Rooms::set_state(Room& room, RoomState state) {
  if (room.state == state) return;
  room.state = state;
  room.since = clock_.wall();
  room.since_boot = clock_.boot();
  if (handlers_.changed) handlers_.changed(room.id);
}

void Rooms::tell_boxes(Room& room, const object& event) {
  const auto boxes = room.boxes;
  for (const auto& [id, sink] : boxes) sink(event);
}

void Rooms::tell_seats(Room& room, const object& event) {
  for (const Seat& seat : room.seats) {
    if (seat.sink) seat.sink(event);
  }
}

// ---- the box ---------------------------------------------------------------------------------------------------------

StreamId Rooms::open_box(const std::string& id, Sink sink) {
  Room& room = at(id);
  array present;
  for (const Seat& seat : room.seats) {
    present.push_back(object{
        {"seat", seat.id}, {"present", seat.announced}, {"session", seat.announced ? seat.session : std::string()}});
  }
  sink(object{{"type", "seats"}, {"seats", std::move(present)}, {"features", array{"state"}}});
  if (room.state == RoomState::calling || room.state == RoomState::talking) {
    for (const object& event : talk_of(room)) sink(event);
  }
  if (rings_.is_heard(id)) sink(object{{"type", "ringing"}, {"seat", ""}});
  room.box_grace.reset();
  const StreamId stream = ++last_stream_;
  room.boxes.emplace(stream, std::move(sink));
  if (std::exchange(room.box_away, false)) {
    if (room.state == RoomState::calling || room.state == RoomState::talking) {
      tell_seats(room, {{"type", "box"}, {"event", name(room.state)}});
      if (handlers_.changed) handlers_.changed(id);
    }
    look_at_ring(room);
  }
  return stream;
}

void Rooms::close_box(const std::string& id, StreamId stream) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return;
  Room& room = *found->second;
  room.boxes.erase(stream);
  if (room.boxes.empty()) watch_box(found->second);
}

/// A box without a stream has the grace to come back. What it said last holds then too, but nobody is rung for it.
void Rooms::watch_box(const RoomPtr& room) {
  room->box_grace = std::make_unique<Alarm>(clock_);
  room->box_grace->after(settings_.grace, [this, weak = std::weak_ptr<Room>(room)] {
    const auto held = weak.lock();
    if (!held) return;
    held->box_grace.reset();
    held->box_away = true;
    tell_seats(*held, {{"type", "box"}, {"event", "away"}});
    look_at_ring(*held);
    if (held->state == RoomState::calling && handlers_.changed) handlers_.changed(held->id);
    tidy(held->id);
  });
}

bool Rooms::box_says(const std::string& id, const std::string& type) {
  if (type == "staff-came") {
    if (at(id).staff_called) set_staff(at(id), false, true);
    tidy(id);
    return true;
  }
  RoomState state{};
  if (type == "calling") state = RoomState::calling;
  else if (type == "cancelled") state = RoomState::quiet;
  else if (type == "talking") state = RoomState::talking;
  else if (type == "ended") state = RoomState::ended;
  else if (type != "idle") return false;
  Room& room = at(id);
  if (type == "idle") state = room.state == RoomState::ended ? RoomState::ended : RoomState::quiet;
  room.box_away = false;  // first: who hears of the new state asks for it
  set_state(room, state);
  if (state != RoomState::calling && state != RoomState::talking) {
    forget_talk(room);
    for (const object& event : talk_of(room)) tell_seats(room, event);  // she may still sit there
  }
  if (room.boxes.empty() && !room.box_grace) watch_box(rooms_[id]);
  tell_seats(room, {{"type", "box"}, {"event", type}});
  look_at_ring(room);
  tidy(id);
  return true;
}

/// A hall rings while it calls, is there, and nobody sits there.
void Rooms::look_at_ring(Room& room) {
  rings_.set(room.id, room.state == RoomState::calling && !room.box_away && !room.anybody());
}

namespace {
object offer_event(const Offer& offer) {
  return {{"type", "offer"}, {"id", offer.id}, {"direction", name(offer.direction)}, {"sdp", offer.sdp}};
}
}  // namespace

std::string Rooms::post_offer(const std::string& id, const std::string& seat_id, Direction direction, std::string sdp,
                              std::function<void(Outcome)> done) {
  Room& room = at(id);
  Seat* seat = room.seat(seat_id);
  if (seat == nullptr || !seat->announced) {
    done(Outcome{});
    tidy(id);
    return {};
  }
  const Offer* offer = offers_.post(id, seat_id, direction, std::move(sdp), std::move(done));
  if (offer == nullptr) return {};
  if (seat->sink) seat->sink(offer_event(*offer));  // else it is repeated when the page is back
  return offer->id;
}

void Rooms::abandon(const std::string& id) { offers_.abandon(id); }

bool Rooms::remove(const std::string& id, const std::string& resource) {
  if (!offers_.remove(id, resource)) return false;
  tidy(id);
  return true;
}

// ---- the page --------------------------------------------------------------------------------------------------------

Rooms::Seat* Rooms::seat_of_session(Room& room, const std::string& session) {
  if (session.empty()) return nullptr;
  for (Seat& seat : room.seats) {
    if (same_secret(seat.session, session)) return &seat;
  }
  return nullptr;
}

Joined Rooms::join(const std::string& id, const std::string& seat_id, const std::string& who, bool takes_over) {
  Room& room = at(id);
  Seat* seat = room.seat(seat_id);
  if (seat == nullptr) return {Joined::no_such_seat, {}, {}};
  if (takes_over && seat->who != who) return accept(room, who);
  if (!seat->session.empty() && seat->who != who) return {Joined::taken, {}, seat->who};
  // The same person again: a reloaded tab, or another one. The newer has the seat.
  offers_.forget_answered(id, seat_id);  // those that wait are repeated to the newer
  if (seat->end_stream) seat->end_stream();
  seat->stream = 0;
  seat->sink = nullptr;
  seat->end_stream = nullptr;
  seat->session = random_hex(16);
  seat->who = who;
  seat->grace = std::make_unique<Alarm>(clock_);
  seat->grace->after(settings_.grace, [this, weak = std::weak_ptr<Room>(rooms_[id]), session = seat->session] {
    const auto held = weak.lock();
    if (!held) return;
    if (Seat* late = seat_of_session(*held, session)) unseat(*held, *late, Outcome::nobody);
  });
  return {Joined::seated, seat->session, {}};
}

std::optional<StreamId> Rooms::open_page(const std::string& id, const std::string& session, Sink sink,
                                         std::function<void()> end) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return std::nullopt;
  Room& room = *found->second;
  pass_seat(room, session);
  Seat* seat = seat_of_session(room, session);
  if (seat == nullptr) return std::nullopt;
  if (seat->end_stream) seat->end_stream();
  seat->grace.reset();
  seat->stream = ++last_stream_;
  seat->sink = std::move(sink);
  seat->end_stream = std::move(end);
  const StreamId stream = seat->stream;
  seat->announced = true;
  tell_boxes(room, {{"type", "seat-joined"}, {"seat", seat->id}, {"session", seat->session}});
  look_at_ring(room);
  const Sink out = seat->sink;
  if (room.state == RoomState::calling || room.state == RoomState::talking) {
    out(object{{"type", "box"}, {"event", name(room.state)}});
  }
  for (const object& event : talk_of(room)) out(event);
  if (!room.help_by.empty()) out(object{{"type", "help"}, {"on", true}});
  if (room.handover) {
    out(object{
        {"type", "handover"}, {"on", true}, {"since", rfc3339(room.handover->since)}, {"to", room.handover->to}});
  }
  std::vector<object> waiting;
  for (const Offer* offer : offers_.waiting(id, seat->id)) waiting.push_back(offer_event(*offer));
  for (const object& event : waiting) out(event);
  return stream;
}

void Rooms::close_page(const std::string& id, StreamId stream) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return;
  for (Seat& seat : found->second->seats) {
    if (seat.stream != stream) continue;
    seat.stream = 0;
    seat.sink = nullptr;
    seat.end_stream = nullptr;
    seat.grace = std::make_unique<Alarm>(clock_);
    seat.grace->after(settings_.grace, [this, weak = std::weak_ptr<Room>(found->second), session = seat.session] {
      const auto held = weak.lock();
      if (!held) return;
      if (Seat* gone = seat_of_session(*held, session)) unseat(*held, *gone, Outcome::nobody);
    });
  }
}

void Rooms::unseat(Room& room, Seat& seat, Outcome::Kind waiting) {
  forget_talk(room);
  const bool announced = seat.announced;
  const auto end_stream = std::move(seat.end_stream);
  seat.session.clear();
  seat.who.clear();
  seat.announced = false;
  seat.stream = 0;
  seat.sink = nullptr;
  seat.end_stream = nullptr;
  const auto grace = std::move(seat.grace);  // perhaps the one that is ringing
  offers_.forget_answered(room.id, seat.id);
  offers_.end_waiting(room.id, seat.id, waiting);
  if (end_stream) end_stream();
  if (announced) tell_boxes(room, {{"type", "seat-left"}, {"seat", seat.id}});
  look_at_ring(room);
}

const Offer* Rooms::offer_of(const std::string& id, const std::string& session) {
  const Offer* offer = offers_.waiting(id);
  if (offer == nullptr) return nullptr;
  const Seat* seat = seat_of_session(at(offer->room), session);
  return seat != nullptr && seat->id == offer->seat ? offer : nullptr;
}

bool Rooms::answer(const std::string& id, const std::string& session, std::string sdp) {
  if (offer_of(id, session) == nullptr) return false;
  offers_.answer(id, std::move(sdp));
  return true;
}

bool Rooms::reject(const std::string& id, const std::string& session, std::string reason) {
  if (offer_of(id, session) == nullptr) return false;
  offers_.refuse(id, std::move(reason));
  return true;
}

bool Rooms::leave(const std::string& id, const std::string& session) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return false;
  const RoomPtr room = found->second;
  Seat* seat = seat_of_session(*room, session);
  if (seat == nullptr) return false;
  unseat(*room, *seat, Outcome::nobody);
  tidy(id);
  return true;
}

bool Rooms::is_seated(const std::string& id, const std::string& session) const {
  const auto found = rooms_.find(id);
  return found != rooms_.end() && seat_of_session(*found->second, session) != nullptr;
}

bool Rooms::end(const std::string& id, const std::string& session) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return false;
  const RoomPtr room = found->second;
  if (seat_of_session(*room, session) == nullptr) return false;
  set_state(*room, RoomState::ended);
  forget_talk(*room);
  tell_boxes(*room, {{"type", "ended"}, {"by", "counsellor"}});
  tell_seats(*room, {{"type", "ended"}, {"by", "counsellor"}});
  for (Seat& seat : room->seats) unseat(*room, seat, Outcome::over);
  return true;
}

// ---- the desk --------------------------------------------------------------------------------------------------------

StreamId Rooms::open_desk(Sink sink) {
  rings_.open(++last_stream_, sink);
  for (const auto& [id, room] : rooms_) {
    if (room->handover) sink(handover_event(*room));
    if (!room->help_by.empty()) sink(help_event(*room));
  }
  return last_stream_;
}

void Rooms::close_room(const std::string& id) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return;
  const RoomPtr room = found->second;
  tell_boxes(*room, {{"type", "ended"}, {"by", "desk"}});
  tell_seats(*room, {{"type", "ended"}, {"by", "desk"}});
  for (Seat& seat : room->seats) unseat(*room, seat, Outcome::over);
  set_state(*room, RoomState::quiet);
  look_at_ring(*room);
}

RoomState Rooms::state(const std::string& id) const {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return RoomState::quiet;
  const Room& room = *found->second;
  return room.state == RoomState::calling && room.box_away ? RoomState::quiet : room.state;
}

WallTime Rooms::since(const std::string& id) const {
  const auto found = rooms_.find(id);
  return found == rooms_.end() ? WallTime{} : found->second->since;
}

void Rooms::forget_end(const std::string& id) {
  const auto found = rooms_.find(id);
  if (found == rooms_.end() || found->second->state != RoomState::ended) return;
  set_state(*found->second, RoomState::quiet);
  tidy(id);
}

std::string Rooms::who(const std::string& id) const {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return {};
  for (const Seat& seat : found->second->seats) {
    if (!seat.who.empty()) return seat.who;
  }
  return {};
}

bool Rooms::in_use(const std::string& id) const {
  const auto found = rooms_.find(id);
  if (found == rooms_.end()) return false;
  const Room& room = *found->second;
  const bool seated =
      std::any_of(room.seats.begin(), room.seats.end(), [](const Seat& seat) { return !seat.session.empty(); });
  return seated || room.state == RoomState::calling || room.state == RoomState::talking;
}

bool Rooms::sits(const std::string& session, const std::string& who) const {
  return std::any_of(rooms_.begin(), rooms_.end(), [&](const auto& each) {
    const Seat* seat = seat_of_session(*each.second, session);
    return seat != nullptr && seat->who == who;
  });
}

void Rooms::forget_ended(std::chrono::hours after) {
  std::erase_if(rooms_, [&](const auto& each) {
    const Room& room = *each.second;
    return room.state == RoomState::ended && clock_.boot() - room.since_boot >= after && room.boxes.empty() &&
           !offers_.any(each.first) && !room.box_grace && !in_use(each.first);
  });
}

std::vector<std::string> Rooms::all() const {
  std::vector<std::string> ids;
  for (const auto& [id, room] : rooms_) ids.push_back(id);
  return ids;
}

}  // namespace madoguchi::desk
