// SPDX-License-Identifier: Apache-2.0
// The cards on the TV: which there are, what each says in each language, how it looks and sounds. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "firmware/session/state.hpp"
#include "media/protocol.hpp"
#include "session/card_texts.hpp"

namespace madoguchi::session {

/// What is said on a card besides its fixed words.
struct CardFacts {
  std::string hall;               ///< "中央公民館", "" = not said
  std::string telephone;          ///< shown on every waiting or failing card, "" = not said
  std::string role;               ///< who sits at the far side, "" = 相談員
  std::string receipt;            ///< digits of the booking's receipt number, "" = not said
  std::optional<WallTime> start;  ///< of the consultation that is open or next
  std::optional<WallTime> opens;  ///< from when on a press joins it
  WallTime now{};
  std::chrono::minutes utc_offset = kJapan;  ///< times on the card are local
  bool show_bookings = true;                 ///< false: an idle TV does not tell the lobby who is expected when
  Language language = Language::ja;          ///< the one that is said in full
  std::optional<BootTime> since;             ///< from when on the seconds of a call are counted
  std::optional<BootTime> held_since;        ///< a finger holds the button down
  std::chrono::milliseconds hold{};          ///< until that is a long press
};

/// What card `view` says in one language. Errc::not_found never happens for cards that view() makes; an unknown code gives
/// the "starting" card.
protocol::CardText words(const View& view, const CardFacts& facts, Language language);

/// The message for the media process.
protocol::ShowCard card(const View& view, const CardFacts& facts);

}  // namespace madoguchi::session
