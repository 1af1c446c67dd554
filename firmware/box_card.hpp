// SPDX-License-Identifier: Apache-2.0
// madoguchid --card: a card of the TV as a picture, without a box. On a loop of its own.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "firmware/config/config.hpp"

namespace madoguchi {

struct DrawCard {
  std::string card;             ///< "calling"
  std::string language = "ja";  ///< "ja", "easy", "en": what is said in full
  std::string size = "1280x720";
  std::filesystem::path out;  ///< a PNG
};

/// The example of a card (firmware/session/sample_cards.hpp), with `config`'s hall and telephone when there is one.
/// Errc::invalid for an unknown card, language or size (says which there are), unreachable when madoguchi-media cannot be
/// started, io when the file cannot be written.
Result<void> draw_card(const DrawCard& wanted, const config::Config* config);

}  // namespace madoguchi
