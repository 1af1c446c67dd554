// SPDX-License-Identifier: Apache-2.0
// How each card looks and sounds, beside its words. Pure; this room's own.
#pragma once

#include <string>
#include <string_view>

#include "firmware/session/cards.hpp"

namespace madoguchi::session {

struct CardRow {
  CardCode code{};
  std::string_view tone;         ///< "calm", "busy", "good", "trouble"
  std::string_view chime = "";   ///< "" = silent
  bool telephone = false;        ///< a waiting or failing card: says which number to call
  bool fault = false;            ///< says what is wrong
  bool receipt = false;          ///< says the receipt number
  bool counts = false;           ///< the seconds of the call
  bool self_view = false;        ///< shows the room itself
  bool large_clock = false;      ///< with the date below it
  std::string_view repeat = "";  ///< sounds again and again
  int repeat_ms = 0;
};

/// Of the card that is on the TV for `view`: an idle one that would tell of bookings is "idle" where none are shown.
const CardRow& row_of(const View& view, const CardFacts& facts);

/// Today's date, with its weekday.
std::string date_text(const CardFacts& facts, Language language);

}  // namespace madoguchi::session
