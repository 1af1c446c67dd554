// SPDX-License-Identifier: Apache-2.0
// Offers by room, in the order in which they came. On the desk's loop.
#include "provisioning/desk/offers.hpp"

#include <algorithm>
#include <utility>

#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

std::string_view name(Direction direction) { return direction == Direction::whip ? "whip" : "whep"; }

Offers::Offers(Clock& clock, std::chrono::milliseconds answer_within, std::size_t most_of_room,
               std::function<void(const Offer&)> gone)
    : clock_(clock), answer_within_(answer_within), most_of_room_(most_of_room), gone_(std::move(gone)) {}

Offer* Offers::find(const std::string& id) const {
  for (auto& [room, offers] : rooms_) {
    for (Offer& offer : offers) {
      if (offer.id == id) return &offer;
    }
  }
  return nullptr;
}

void Offers::drop(const std::string& id, const Outcome& outcome, bool tell_page) {
  const Offer* found = find(id);
  if (found == nullptr) return;
  const auto room = rooms_.find(found->room);
  const auto place =
      std::find_if(room->second.begin(), room->second.end(), [&id](const Offer& each) { return each.id == id; });
  const Offer offer = std::move(*place);
  room->second.erase(place);
  if (room->second.empty()) rooms_.erase(room);
  if (tell_page) gone_(offer);
  if (offer.done) offer.done(outcome);
}

const Offer* Offers::post(const std::string& room, const std::string& seat, Direction direction, std::string sdp,
                          std::function<void(Outcome)> done) {
  if (const auto found = rooms_.find(room); found != rooms_.end() && found->second.size() >= most_of_room_) {
    // Of a box that was started over and over; the page need not keep all these peers.
    const auto oldest =
        std::find_if(found->second.begin(), found->second.end(), [](const Offer& each) { return !each.done; });
    if (oldest == found->second.end()) {
      done(Outcome{});
      return nullptr;
    }
    const std::string gives_way = oldest->id;
    drop(gives_way, Outcome{}, true);
  }
  Offer offer;
  offer.id = random_hex(16);
  offer.room = room;
  offer.seat = seat;
  offer.sdp = std::move(sdp);
  offer.direction = direction;
  offer.done = std::move(done);
  offer.deadline = std::make_unique<Alarm>(clock_);
  offer.deadline->after(answer_within_, [this, id = offer.id] { drop(id, Outcome{}, true); });
  std::list<Offer>& offers = rooms_[room];
  offers.push_back(std::move(offer));
  return &offers.back();
}

const Offer* Offers::waiting(const std::string& id) const {
  const Offer* offer = find(id);
  return offer != nullptr && offer->done ? offer : nullptr;
}

std::vector<const Offer*> Offers::waiting(const std::string& room, const std::string& seat) const {
  std::vector<const Offer*> result;
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return result;
  for (const Offer& offer : found->second) {
    if (offer.seat == seat && offer.done) result.push_back(&offer);
  }
  return result;
}

void Offers::answer(const std::string& id, std::string sdp) {
  Offer* offer = find(id);
  if (offer == nullptr || !offer->done) return;
  const auto done = std::exchange(offer->done, nullptr);
  offer->deadline.reset();
  offer->sdp.clear();
  done(Outcome{Outcome::answered, std::move(sdp), id, {}});
}

void Offers::refuse(const std::string& id, std::string reason) {
  if (waiting(id) != nullptr) drop(id, Outcome{Outcome::refused, {}, {}, std::move(reason)}, false);
}

void Offers::abandon(const std::string& id) {
  Offer* offer = find(id);
  if (offer == nullptr) return;
  offer->done = nullptr;
  drop(id, Outcome{}, true);
}

bool Offers::remove(const std::string& room, const std::string& id) {
  const Offer* offer = find(id);
  if (offer == nullptr || offer->room != room) return false;
  drop(id, Outcome{Outcome::gone, {}, {}, {}}, true);
  return true;
}

void Offers::forget_answered(const std::string& room, const std::string& seat) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  found->second.remove_if([&seat](const Offer& offer) { return offer.seat == seat && !offer.done; });
  if (found->second.empty()) rooms_.erase(found);
}

void Offers::end_waiting(const std::string& room, const std::string& seat, Outcome::Kind kind) {
  std::vector<std::string> ids;
  for (const Offer* offer : waiting(room, seat)) ids.push_back(offer->id);
  Outcome outcome;
  outcome.kind = kind;
  for (const std::string& id : ids) drop(id, outcome, false);
}

}  // namespace madoguchi::desk
