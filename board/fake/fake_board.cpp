// SPDX-License-Identifier: Apache-2.0
// The simulated board. On the daemon's loop.
#include "board/fake/fake_board.hpp"

namespace madoguchi::board {

void FakeBoard::set_lamp(const Lamp& lamp) {
  if (lamp == lamp_) return;
  lamp_ = lamp;
  history_.push_back({clock_.boot(), lamp});
  if (history_.size() > 64) history_.pop_front();
}

void FakeBoard::press(Press press) {
  if (ears_.press) ears_.press(press);
}

}  // namespace madoguchi::board
