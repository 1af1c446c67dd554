// SPDX-License-Identifier: Apache-2.0
// The lamp's words. No state.
#include "board/board.hpp"

namespace madoguchi::board {

std::string_view name(Lamp::Mode mode) {
  switch (mode) {
    case Lamp::Mode::dark: return "dark";
    case Lamp::Mode::pulse: return "pulse";
    case Lamp::Mode::steady: return "steady";
    case Lamp::Mode::rhythm: return "rhythm";
  }
  return "?";
}

}  // namespace madoguchi::board
