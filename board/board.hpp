// SPDX-License-Identifier: Apache-2.0
// What a box has besides camera and sound: one button, one lamp. The daemon owns a Board on its loop; which one is a
// matter of configuration, not of compilation.
#pragma once

#include <functional>
#include <string_view>

namespace madoguchi::board {

enum class Press { short_press, long_press };

/// dark: nothing looks or listens. pulse: a press was taken. steady: a camera or microphone is open.
/// rhythm: `blinks` short ones and a pause = a fault.
struct Lamp {
  enum class Mode { dark, pulse, steady, rhythm };
  Mode mode = Mode::dark;
  int blinks = 0;
  bool operator==(const Lamp&) const = default;
};
std::string_view name(Lamp::Mode mode);

class Board {
 public:
  virtual ~Board() = default;
  /// "fake", "linux".
  [[nodiscard]] virtual std::string_view kind() const = 0;
  virtual void set_lamp(const Lamp& lamp) = 0;
  [[nodiscard]] virtual Lamp lamp() const = 0;
  /// One listener; called on the loop for each press that the board recognised.
  virtual void on_press(std::function<void(Press)> listener) = 0;
};

}  // namespace madoguchi::board
