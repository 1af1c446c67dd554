// SPDX-License-Identifier: Apache-2.0
// The meeting point of boxes and pages: who sits where, what each room is doing, and what of it who is told. Offers and
// rings are kept beside it. It knows no HTTP: streams are sinks, waiting POSTs are callbacks. On the desk's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "provisioning/desk/offers.hpp"
#include "provisioning/desk/rings.hpp"

namespace madoguchi::desk {

struct RoomSettings {
  std::chrono::milliseconds answer_within{8000};  ///< a page's answer to an offer; then the box hears 503
  std::chrono::milliseconds grace{10000};         ///< a seat whose stream ended may come back; then it counts as left
  std::size_t most_offers = 16;                   ///< of a room; the oldest answered one gives way
  std::chrono::seconds handover_for{60};          ///< a colleague may take the seat; then who offers it keeps it
};

struct Joined {
  enum Kind { seated, taken, no_such_seat, no_handover } kind = seated;
  std::string session;
  std::string by;  ///< taken: who sits there
};

/// What a room is doing, for the list of bookings.
enum class RoomState { quiet, calling, talking, ended };
std::string_view name(RoomState state);

class Rooms {
 public:
  struct Handlers {
    std::function<void(const std::string& room)> changed;  ///< its state is another
    /// Of a ring: {hall, hall_name, receipt, room}.
    std::function<json::bj::object(const std::string& room)> facts;
    /// Somebody's page rings aloud; null: each that is open does.
    std::function<bool()> anybody_takes = nullptr;
  };

  Rooms(Clock& clock, RoomSettings settings, Handlers handlers);
  ~Rooms();
  Rooms(const Rooms&) = delete;
  Rooms& operator=(const Rooms&) = delete;

  static const std::vector<std::string>& seats();

  // ---- the box's side. `room` is known to exist.
  /// The first event is the snapshot.
  StreamId open_box(const std::string& room, Sink sink);
  void close_box(const std::string& room, StreamId stream);
  /// "calling", "cancelled", "talking", "ended", "idle" (nothing goes on there, whatever was said before), "staff-came"
  /// (pressed after call_staff()); false: not in the list.
  bool box_says(const std::string& room, const std::string& type);
  /// `done` is called once, perhaps before this returns, unless abandon() comes first. The offer's id.
  std::string post_offer(const std::string& room, const std::string& seat, Direction direction, std::string sdp,
                         std::function<void(Outcome)> done);
  /// The box took its POST back.
  void abandon(const std::string& offer);
  /// False: not there (any more).
  bool remove(const std::string& room, const std::string& resource);

  // ---- the page's side
  /// `takes_over`: the seat that its holder offers; it passes once the stream of the session given here is open, and
  /// until then she sits there. no_handover: nobody offers it (any more).
  Joined join(const std::string& room, const std::string& seat, const std::string& who, bool takes_over = false);
  /// nullopt: no such session.
  std::optional<StreamId> open_page(const std::string& room, const std::string& session, Sink sink,
                                    std::function<void()> end);
  void close_page(const std::string& room, StreamId stream);
  // False: the offer does not wait, or not at this session's seat.
  bool answer(const std::string& offer, const std::string& session, std::string sdp);
  bool reject(const std::string& offer, const std::string& session, std::string reason);
  bool leave(const std::string& room, const std::string& session);
  bool end(const std::string& room, const std::string& session);
  [[nodiscard]] bool is_seated(const std::string& room, const std::string& session) const;
  // Of the talk (rooms_talk.cpp); false: this session sits there no more.
  bool hold(const std::string& room, const std::string& session, bool on);
  bool banner(const std::string& room, const std::string& session, std::string text);
  /// Its microphone or camera is switched off: the hall's screen says so.
  bool paused(const std::string& room, const std::string& session, bool sound, bool picture);
  /// Colleagues are asked silently to come to her; or no more.
  bool help(const std::string& room, const std::string& session, bool on);
  /// `who` comes; false: nobody asks for it (any more).
  bool comes(const std::string& room, const std::string& who);
  /// The hall's staff are called by a chime, until somebody there presses; or no more.
  bool call_staff(const std::string& room, const std::string& session, bool on);
  /// Who listens beside her: the hall's screen says so.
  bool listeners(const std::string& room, const std::string& session, std::vector<std::string> names);
  /// Offers the seat to colleagues: to one of that name, "" = to all; or takes that back. While it is offered, the same
  /// again changes nothing.
  bool hand_over(const std::string& room, const std::string& session, bool on, std::string to);

  // ---- the desk's side
  /// Rings in progress are repeated at once.
  StreamId open_desk(Sink sink);
  void close_desk(StreamId stream) { rings_.close(stream); }
  void tell_desks(const json::bj::object& event) { rings_.tell(event); }
  void takers_changed() { rings_.look_who_hears(); }
  /// The booking was cancelled, or is over: everybody hears it.
  void close_room(const std::string& room);
  /// Calling is quiet while the box is away.
  [[nodiscard]] RoomState state(const std::string& room) const;
  /// From when on the room has been doing that; the epoch where nothing is remembered.
  [[nodiscard]] WallTime since(const std::string& room) const;
  /// `who` sits somewhere in this session.
  [[nodiscard]] bool sits(const std::string& session, const std::string& who) const;
  /// Those in which nothing goes on any more and that ended so long ago; the store knows their end.
  void forget_ended(std::chrono::hours after);
  /// It did not end: it was only tried.
  void forget_end(const std::string& room);
  /// Who sits there, "" = nobody.
  [[nodiscard]] std::string who(const std::string& room) const;
  /// Somebody sits there, or the hall calls or talks.
  [[nodiscard]] bool in_use(const std::string& room) const;
  /// Those with something to remember.
  [[nodiscard]] std::vector<std::string> all() const;

 private:
  struct Seat;
  struct Room;
  using RoomPtr = std::shared_ptr<Room>;

  Room& at(const std::string& room);
  void set_state(Room& room, RoomState state);
  void tell_boxes(Room& room, const json::bj::object& event);
  void tell_seats(Room& room, const json::bj::object& event);
  void look_at_ring(Room& room);
  void watch_box(const RoomPtr& room);
  void unseat(Room& room, Seat& seat, Outcome::Kind waiting);
  /// Hold, banner and an offered seat belong to one talk.
  void forget_talk(Room& room);
  Joined accept(Room& room, const std::string& who);
  /// This session was given to who takes the seat over: it is hers now.
  void pass_seat(Room& room, const std::string& session);
  /// The seat is offered no more; `why` = "accepted", "nobody", "taken-back".
  void stop_handover(Room& room, std::string_view why);
  [[nodiscard]] json::bj::object handover_event(const Room& room) const;
  [[nodiscard]] json::bj::object help_event(const Room& room) const;
  void stop_help(Room& room, const std::string& who);
  void set_staff(Room& room, bool on, bool came);
  /// What of the talk a box must know that has just connected, or a page.
  [[nodiscard]] static std::vector<json::bj::object> talk_of(const Room& room);
  void tidy(const std::string& room);
  /// One that waits at this session's seat, else nullptr.
  const Offer* offer_of(const std::string& id, const std::string& session);
  static Seat* seat_of_session(Room& room, const std::string& session);

  Clock& clock_;
  RoomSettings settings_;
  Handlers handlers_;
  std::map<std::string, RoomPtr> rooms_;
  Offers offers_;
  Rings rings_;
  StreamId last_stream_ = 0;
};

}  // namespace madoguchi::desk
