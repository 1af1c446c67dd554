// SPDX-License-Identifier: Apache-2.0
// Which cards sound: a new card with its own chime, a press always, a card that is shown again not at all. Pure.
#pragma once

#include <string>

#include "media/protocol.hpp"

namespace madoguchi::session {

class Chime {
 public:
  /// A press is owed an answer that can be heard.
  void pressed() { owed_ = true; }
  [[nodiscard]] bool owed() const { return owed_; }

  /// The card with the chime that it gets now.
  [[nodiscard]] protocol::ShowCard on(protocol::ShowCard card) const;
  /// The screen has it: what is shown of this code again (new facts, a fresh media process) is silent.
  void shown(const protocol::ShowCard& card);

 private:
  bool owed_ = false;
  std::string last_;  ///< the card that was shown last
};

}  // namespace madoguchi::session
