// SPDX-License-Identifier: Apache-2.0
// The simulated board: its button is pressed through the control socket, its lamp is a value with a history. On the
// daemon's loop.
#pragma once

#include <deque>

#include "base/clock.hpp"
#include "board/board.hpp"

namespace madoguchi::board {

class FakeBoard final : public Board, public Simulation {
 public:
  explicit FakeBoard(const Clock& clock) : clock_(clock) {}
  [[nodiscard]] std::string_view kind() const override { return "fake"; }
  void set_lamp(const Lamp& lamp) override;
  [[nodiscard]] Lamp lamp() const override { return lamp_; }
  void listen(Ears ears) override { ears_ = std::move(ears); }

  [[nodiscard]] Simulation* simulation() override { return this; }

  void press(Press press) override;
  [[nodiscard]] const std::deque<Change>& history() const override { return history_; }

 private:
  const Clock& clock_;
  Lamp lamp_;
  Ears ears_;
  std::deque<Change> history_;
};

}  // namespace madoguchi::board
