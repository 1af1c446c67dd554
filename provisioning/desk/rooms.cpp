// SPDX-License-Identifier: Apache-2.0
// The meeting point: seats, offers, rings. On the desk's loop.
#include "provisioning/desk/rooms.hpp"

#include <algorithm>
#include <utility>

#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

using json::bj::array;
using json::bj::object;

std::string_view name(Direction direction) { return direction == Direction::whip ? "whip" : "whep"; }

std::string_view name(RoomState state) {
  switch (state) {
    case RoomState::quiet: return "booked";
    case RoomState::calling: return "calling";
    case RoomState::talking: return "talking";
    case RoomState::ended: return "ended";
  }
  return "?";
}

struct Rooms::Offer {
  std::string id, seat, sdp;
  Direction direction{};
  std::function<void(Outcome)> done;  ///< null once answered: then `id` is the resource
  std::unique_ptr<Alarm> deadline;
};

struct Rooms::Seat {
  std::string id;
  std::string session, who;  ///< "" = nobody
  bool announced = false;    ///< the box was told that it is taken
  StreamId stream = 0;       ///< 0 = its page's stream is not open
  Sink sink;
  std::function<void()> end_stream;
  std::unique_ptr<Alarm> grace;
};

struct Rooms::Room {
  std::string id;
  RoomState state = RoomState::quiet;
  std::vector<Seat> seats;
  std::vector<Offer> offers;
  std::map<StreamId, Sink> boxes;
  std::unique_ptr<Alarm> box_grace;
  bool box_away = false;
  std::optional<WallTime> ringing_since;

  [[nodiscard]] bool anybody() const {
    return std::any_of(seats.begin(), seats.end(), [](const Seat& seat) { return seat.announced; });
  }
  Seat* seat(const std::string& wanted) {
    const auto found = std::find_if(seats.begin(), seats.end(), [&](const Seat& each) { return each.id == wanted; });
    return found == seats.end() ? nullptr : &*found;
  }
};

const std::vector<std::string>& Rooms::seats() {
  static const std::vector<std::string> kSeats = {"counsellor"};
  return kSeats;
}

Rooms::Rooms(Clock& clock, RoomSettings settings, Handlers handlers)
    : clock_(clock), settings_(settings), handlers_(std::move(handlers)) {}
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
  const bool empty = room.boxes.empty() && room.offers.empty() && room.state == RoomState::quiet &&
                     std::all_of(room.seats.begin(), room.seats.end(), [](const Seat& s) { return s.session.empty(); });
  if (empty && !room.box_grace) rooms_.erase(found);
}

void Rooms::set_state(Room& room, RoomState state) {
  if (room.state == state) return;
  room.state = state;
  if (state == RoomState::talking && handlers_.talked) handlers_.talked(room.id);
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
  if (room.ringing_since && !desks_.empty()) sink(object{{"type", "ringing"}, {"seat", ""}});
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
  if (room.boxes.empty() && !room.box_grace) watch_box(rooms_[id]);
  tell_seats(room, {{"type", "box"}, {"event", type}});
  look_at_ring(room);
  tidy(id);
  return true;
}

/// A hall rings while it calls, is there, and nobody sits there.
void Rooms::look_at_ring(Room& room) {
  const bool rings = room.state == RoomState::calling && !room.box_away && !room.anybody();
  if (rings == room.ringing_since.has_value()) return;
  if (!rings) {
    room.ringing_since.reset();
    return tell_desks({{"type", "ring-stopped"}, {"room", room.id}});
  }
  room.ringing_since = clock_.wall();
  object ring = handlers_.facts ? handlers_.facts(room.id) : object{{"room", room.id}};
  ring["type"] = "ring";
  ring["since"] = rfc3339(*room.ringing_since);
  tell_desks(ring);
  if (!desks_.empty()) tell_boxes(room, {{"type", "ringing"}, {"seat", ""}});
}

std::string Rooms::post_offer(const std::string& id, const std::string& seat_id, Direction direction, std::string sdp,
                              std::function<void(Outcome)> done) {
  Room& room = at(id);
  Seat* seat = room.seat(seat_id);
  if (seat == nullptr || !seat->announced) {
    done(Outcome{});
    tidy(id);
    return {};
  }
  if (room.offers.size() >= settings_.most_offers) {
    // Of a box that was started over and over; the page need not keep all these peers.
    const auto oldest =
        std::find_if(room.offers.begin(), room.offers.end(), [](const Offer& each) { return !each.done; });
    if (oldest == room.offers.end()) {
      done(Outcome{});
      return {};
    }
    const std::string gives_way = oldest->id;
    drop_offer(room, gives_way, Outcome{}, true);
  }
  Offer offer;
  offer.id = random_hex(16);
  offer.seat = seat_id;
  offer.sdp = std::move(sdp);
  offer.direction = direction;
  offer.done = std::move(done);
  offer.deadline = std::make_unique<Alarm>(clock_);
  std::string offer_id = offer.id;
  offer.deadline->after(settings_.answer_within, [this, weak = std::weak_ptr<Room>(rooms_[id]), offer_id] {
    if (const auto held = weak.lock()) drop_offer(*held, offer_id, Outcome{}, true);
  });
  const object event{{"type", "offer"}, {"id", offer.id}, {"direction", name(direction)}, {"sdp", offer.sdp}};
  room.offers.push_back(std::move(offer));
  if (seat->sink) seat->sink(event);  // else it is repeated when the page is back
  return offer_id;
}

std::pair<Rooms::Room*, Rooms::Offer*> Rooms::find_offer(const std::string& id) {
  for (const auto& [name, room] : rooms_) {
    for (Offer& offer : room->offers) {
      if (offer.id == id) return {room.get(), &offer};
    }
  }
  return {nullptr, nullptr};
}

void Rooms::drop_offer(Room& room, const std::string& id, Outcome outcome, bool tell_page) {
  const auto found =
      std::find_if(room.offers.begin(), room.offers.end(), [&id](const Offer& offer) { return offer.id == id; });
  if (found == room.offers.end()) return;
  const Offer offer = std::move(*found);
  room.offers.erase(found);
  if (tell_page) {
    const Seat* seat = room.seat(offer.seat);
    if (seat != nullptr && seat->sink) seat->sink(object{{"type", "offer-gone"}, {"id", id}});
  }
  if (offer.done) offer.done(std::move(outcome));
}

/// Their peers went with the page.
void Rooms::drop_answered(Room& room, const std::string& seat) {
  std::erase_if(room.offers, [&seat](const Offer& offer) { return offer.seat == seat && !offer.done; });
}

void Rooms::drop_waiting(Room& room, const std::string& seat, Outcome::Kind kind) {
  std::vector<std::string> ids;
  for (const Offer& offer : room.offers) {
    if (offer.seat == seat && offer.done) ids.push_back(offer.id);
  }
  Outcome outcome;
  outcome.kind = kind;
  for (const std::string& id : ids) drop_offer(room, id, outcome, false);
}

void Rooms::abandon(const std::string& id) {
  const auto [room, offer] = find_offer(id);
  if (offer == nullptr) return;
  offer->done = nullptr;
  drop_offer(*room, id, Outcome{}, true);
}

bool Rooms::remove(const std::string& id, const std::string& resource) {
  const auto [room, offer] = find_offer(resource);
  if (offer == nullptr || room->id != id) return false;
  drop_offer(*room, resource, Outcome{Outcome::gone, {}, {}, {}}, true);
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

Joined Rooms::join(const std::string& id, const std::string& seat_id, const std::string& who) {
  Room& room = at(id);
  Seat* seat = room.seat(seat_id);
  if (seat == nullptr) return {Joined::no_such_seat, {}, {}};
  if (!seat->session.empty() && seat->who != who) return {Joined::taken, {}, seat->who};
  // The same person again: a reloaded tab, or another one. The newer has the seat.
  drop_answered(room, seat_id);  // those that wait are repeated to the newer
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
  std::vector<object> waiting;
  for (const Offer& offer : room.offers) {
    if (offer.seat != seat->id || !offer.done) continue;
    waiting.push_back({{"type", "offer"}, {"id", offer.id}, {"direction", name(offer.direction)}, {"sdp", offer.sdp}});
  }
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
  const bool announced = seat.announced;
  const auto end_stream = std::move(seat.end_stream);
  seat.session.clear();
  seat.who.clear();
  seat.announced = false;
  seat.stream = 0;
  seat.sink = nullptr;
  seat.end_stream = nullptr;
  const auto grace = std::move(seat.grace);  // perhaps the one that is ringing
  drop_answered(room, seat.id);
  drop_waiting(room, seat.id, waiting);
  if (end_stream) end_stream();
  if (announced) tell_boxes(room, {{"type", "seat-left"}, {"seat", seat.id}});
  look_at_ring(room);
}

bool Rooms::answer(const std::string& id, const std::string& session, std::string sdp) {
  const auto [room, offer] = find_offer(id);
  if (offer == nullptr || !offer->done) return false;
  const Seat* seat = seat_of_session(*room, session);
  if (seat == nullptr || seat->id != offer->seat) return false;
  const auto done = std::move(offer->done);
  offer->done = nullptr;
  offer->deadline.reset();
  offer->sdp.clear();
  done(Outcome{Outcome::answered, std::move(sdp), id, {}});
  return true;
}

bool Rooms::reject(const std::string& id, const std::string& session, std::string reason) {
  const auto [room, offer] = find_offer(id);
  if (offer == nullptr || !offer->done) return false;
  const Seat* seat = seat_of_session(*room, session);
  if (seat == nullptr || seat->id != offer->seat) return false;
  drop_offer(*room, id, Outcome{Outcome::refused, {}, {}, std::move(reason)}, false);
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
  tell_boxes(*room, {{"type", "ended"}, {"by", "counsellor"}});
  tell_seats(*room, {{"type", "ended"}, {"by", "counsellor"}});
  for (Seat& seat : room->seats) unseat(*room, seat, Outcome::over);
  return true;
}

// ---- the desk --------------------------------------------------------------------------------------------------------

StreamId Rooms::open_desk(Sink sink) {
  desks_.emplace(++last_stream_, sink);
  for (const auto& [id, room] : rooms_) {
    if (!room->ringing_since) continue;
    object ring = handlers_.facts ? handlers_.facts(id) : object{{"room", id}};
    ring["type"] = "ring";
    ring["since"] = rfc3339(*room->ringing_since);
    sink(ring);
    tell_boxes(*room, {{"type", "ringing"}, {"seat", ""}});
  }
  return last_stream_;
}

void Rooms::close_desk(StreamId stream) { desks_.erase(stream); }

void Rooms::tell_desks(const object& event) {
  const auto desks = desks_;
  for (const auto& [id, sink] : desks) sink(event);
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

std::vector<std::string> Rooms::all() const {
  std::vector<std::string> ids;
  for (const auto& [id, room] : rooms_) ids.push_back(id);
  return ids;
}

}  // namespace madoguchi::desk
