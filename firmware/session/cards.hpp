// SPDX-License-Identifier: Apache-2.0
// The words of each card that the resident and the staff read, in Japanese (screen) and English (status). Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/session/state.hpp"
#include "media/protocol.hpp"

namespace madoguchi::session {

struct Words {
  std::string title_ja, title_en;
  std::vector<std::string> lines_ja, lines_en;
};

/// What is said on the card besides its fixed words.
struct CardFacts {
  std::string hall;               ///< "中央公民館", "" = not said
  std::string telephone;          ///< shown on every waiting or failing card, "" = not said
  std::optional<WallTime> start;  ///< of the consultation that is open or next
  std::optional<WallTime> opens;  ///< from when on a press joins it
  WallTime now{};
  std::chrono::minutes utc_offset = kJapan;  ///< times on the card are local
};

/// Errc::not_found never happens for cards that view() makes; an unknown code gives the "starting" card.
Words words(const View& view, const CardFacts& facts);

/// The message for the media process: Japanese words, tone, chime.
protocol::ShowCard card(const View& view, const CardFacts& facts);

/// Every card code there is, for the tests.
std::vector<std::string_view> all_cards();

}  // namespace madoguchi::session
