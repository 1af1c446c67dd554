// SPDX-License-Identifier: Apache-2.0
// [board] of the configuration: buttons, lamp and bounds of a real board. Read once, at the start.
#pragma once

#include "board/settings.hpp"
#include "firmware/config/reader.hpp"

namespace madoguchi::config {

/// `needed`: the box has a real board, which needs a start button and a lamp; complaints about that stand at `box`.
void read_board(Table table, Table& box, bool needed, board::Settings& board);

}  // namespace madoguchi::config
