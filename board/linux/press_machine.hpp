// SPDX-License-Identifier: Apache-2.0
// What edges of a button mean: a short press (told at the release), a long one (told as soon as it is long), nothing (a
// bounce, a spike, the second of a double press, a button that was down when it was found), or stuck. Pure: times are
// passed in. One machine a role; its buttons share the double press, so that two fingers on two buttons are one press.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "board/settings.hpp"

namespace madoguchi::board {

/// touched, again: a finger went down; again where a press has ended a moment ago, and this is its second knock.
/// released: no finger is on any button of this role any more. stuck, freed: the first button, the last one.
enum class Said { touched, again, released, short_press, long_press, stuck, freed };
std::string_view name(Said said);

class PressMachine {
 public:
  explicit PressMachine(PressSettings settings) : settings_(settings) {}

  /// A button that was found: down at that moment, it counts from its next release on.
  /// `bounce`: how long a level must stay to be believed; 0 where the kernel or the device does that already.
  void found(std::size_t button, bool down, std::chrono::milliseconds bounce, BootTime now);
  /// Its device vanished: a press that was under way is none.
  std::vector<Said> gone(std::size_t button, BootTime now);
  /// The level as it is now; one that is known already changes nothing.
  std::vector<Said> level(std::size_t button, bool down, BootTime now);
  /// Time has passed; call it at due().
  std::vector<Said> pass(BootTime now);
  /// When to call pass() next.
  [[nodiscard]] std::optional<BootTime> due() const;
  [[nodiscard]] bool is_stuck() const;

 private:
  struct Button {
    bool there = false;
    std::chrono::milliseconds bounce{};
    bool raw = false;  ///< the line's level
    BootTime raw_since{};
    bool down = false;  ///< believed
    BootTime since{};
    bool counts = false;  ///< its release is a short press
    bool grows = false;   ///< it becomes a long press in time
    bool stuck = false;
  };
  Button& at(std::size_t button);
  void settle(Button& button, BootTime now, std::vector<Said>& said);
  void take_down(Button& button, BootTime now, std::vector<Said>& said);
  void take_up(Button& button, BootTime now, std::vector<Said>& said);
  [[nodiscard]] bool touched() const;

  PressSettings settings_;
  std::vector<Button> buttons_;
  std::optional<BootTime> last_;  ///< the end of the last press
};

}  // namespace madoguchi::board
