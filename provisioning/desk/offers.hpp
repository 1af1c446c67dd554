// SPDX-License-Identifier: Apache-2.0
// The offers of boxes: each waits for the page at its seat, and once answered it is the resource that the box will DELETE.
// It knows neither rooms nor streams. On the desk's loop.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace madoguchi::desk {

enum class Direction { whip, whep };
std::string_view name(Direction direction);

struct Outcome {
  enum Kind { answered, nobody, refused, gone, over } kind = nobody;
  std::string sdp;       ///< answered
  std::string resource;  ///< answered: its id
  std::string reason;    ///< refused
};

struct Offer {
  std::string id;  ///< unguessable
  std::string room, seat, sdp;
  Direction direction{};
  std::function<void(Outcome)> done;  ///< null once answered: then `id` is the resource
  std::unique_ptr<Alarm> deadline;
};

class Offers {
 public:
  /// An offer that no page answers in time counts as nobody; of a room's most offers the oldest answered one gives way.
  /// `gone` hears of each that its page was told of and need not keep.
  Offers(Clock& clock, std::chrono::milliseconds answer_within, std::size_t most_of_room,
         std::function<void(const Offer&)> gone);

  /// `done` is called once, perhaps before this returns, unless abandon() comes first. nullptr: there is no place.
  const Offer* post(const std::string& room, const std::string& seat, Direction direction, std::string sdp,
                    std::function<void(Outcome)> done);
  /// One that waits; nullptr: answered, or not there (any more).
  [[nodiscard]] const Offer* waiting(const std::string& id) const;
  /// Those that wait at this seat, oldest first.
  [[nodiscard]] std::vector<const Offer*> waiting(const std::string& room, const std::string& seat) const;
  [[nodiscard]] bool any(const std::string& room) const { return rooms_.contains(room); }

  // Of one that waits.
  void answer(const std::string& id, std::string sdp);
  void refuse(const std::string& id, std::string reason);
  /// The box took its POST back: `done` is not called.
  void abandon(const std::string& id);

  /// Waiting or answered; false: not there (any more).
  bool remove(const std::string& room, const std::string& id);
  /// Their peers went with the page.
  void forget_answered(const std::string& room, const std::string& seat);
  /// Those that wait at this seat end so, and its page is not told.
  void end_waiting(const std::string& room, const std::string& seat, Outcome::Kind kind);

 private:
  using Of = std::map<std::string, std::list<Offer>>;
  [[nodiscard]] Offer* find(const std::string& id) const;
  void drop(const std::string& id, const Outcome& outcome, bool tell_page);

  Clock& clock_;
  std::chrono::milliseconds answer_within_;
  std::size_t most_of_room_;
  std::function<void(const Offer&)> gone_;
  mutable Of rooms_;  ///< no room without an offer
};

}  // namespace madoguchi::desk
