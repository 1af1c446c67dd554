// SPDX-License-Identifier: Apache-2.0
// The rule. Pure.
#include "firmware/session/chime.hpp"

namespace madoguchi::session {

protocol::ShowCard Chime::on(protocol::ShowCard card) const {
  if (owed_ && card.chime.empty()) card.chime = "press";
  if (!owed_ && card.code == last_) card.chime.clear();
  return card;
}

void Chime::shown(const protocol::ShowCard& card) {
  // Each life of the media process begins with this one: the card after it is the one that was there before.
  if (card.code != "starting") last_ = card.code;
  owed_ = false;
}

}  // namespace madoguchi::session
