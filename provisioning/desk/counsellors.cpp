// SPDX-License-Identifier: Apache-2.0
// Pages come and go, states are set. On the desk's loop.
#include "provisioning/desk/counsellors.hpp"

#include <algorithm>

namespace madoguchi::desk {

using json::bj::array;
using json::bj::object;

std::string_view Counsellors::name(State state) {
  switch (state) {
    case State::taking: return "taking";
    case State::busy: return "busy";
    case State::away: return "away";
  }
  return "?";
}

std::optional<Counsellors::State> Counsellors::state_of(std::string_view wanted) {
  for (const State state : {State::taking, State::busy, State::away}) {
    if (name(state) == wanted) return state;
  }
  return std::nullopt;
}

void Counsellors::came(const std::string& who) {
  if (++all_[who].pages == 1) changed_();
}

void Counsellors::went(const std::string& who) {
  const auto found = all_.find(who);
  if (found != all_.end() && found->second.pages > 0 && --found->second.pages == 0) changed_();
}

void Counsellors::set(const std::string& who, State state) {
  Counsellor& counsellor = all_[who];
  if (counsellor.state == state) return;
  counsellor.state = state;
  if (counsellor.pages > 0) changed_();
}

void Counsellors::forget(const std::string& who) {
  const auto found = all_.find(who);
  if (found != all_.end()) found->second.state = State::taking;  // her other pages, if there are any, go on
}

bool Counsellors::anybody_takes() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const auto& each) { return each.second.pages > 0 && each.second.state == State::taking; });
}

bool Counsellors::is_last(const std::string& who) const {
  return std::none_of(all_.begin(), all_.end(), [&who](const auto& each) {
    return each.first != who && each.second.pages > 0 && each.second.state == State::taking;
  });
}

array Counsellors::list() const {
  array list;
  for (const auto& [who, each] : all_) {
    if (each.pages > 0) list.push_back(object{{"name", who}, {"state", name(each.state)}});
  }
  return list;
}

}  // namespace madoguchi::desk
