// SPDX-License-Identifier: Apache-2.0
// What a box has besides camera and sound: buttons, one lamp, sensors. The daemon owns a Board on its loop; which one is
// a matter of configuration, not of compilation.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/faults.hpp"

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

/// What the lamp itself says, asked just now.
struct LampSeen {
  bool wanted = false;      ///< what was written last
  std::optional<bool> lit;  ///< read back from the line or LED; nothing where there is no lamp that could be asked
};

/// A part of the board, for status: "start", "GPIO line START_BUTTON", "gpiochip0 line 3" or what is missing.
struct Part {
  std::string kind, rule, state;
  bool there = false;
};

/// What only a simulated board can do: be pressed by a program, and tell what its lamp was.
class Simulation {
 public:
  struct Change {
    BootTime at;
    Lamp lamp;
  };
  virtual ~Simulation() = default;
  virtual void press(Press press) = 0;
  /// The last 64 changes of the lamp, oldest first.
  [[nodiscard]] virtual const std::deque<Change>& history() const = 0;
};

class Board {
 public:
  /// Called on the loop, never from inside a call of the board (but FakeBoard::press). Any may be empty.
  struct Ears {
    std::function<void(Press)> press;
    std::function<void(bool down)> touch;  ///< a finger is on the button, before it is known what press it becomes
    std::function<void()> mute;            ///< the room's own button: the other way round from now
    std::function<void(Fault fault, bool raised)> fault;
  };

  virtual ~Board() = default;
  /// "fake", "linux".
  [[nodiscard]] virtual std::string_view kind() const = 0;
  virtual void set_lamp(const Lamp& lamp) = 0;
  [[nodiscard]] virtual Lamp lamp() const = 0;
  /// One listener; a new one replaces it.
  virtual void listen(Ears ears) = 0;
  /// Opens what the rules name. What is missing is a fault, and is looked for again and again.
  virtual void start() {}
  /// Lets go of everything; the lamp is dark when it was.
  virtual void stop() {}
  [[nodiscard]] virtual LampSeen lamp_seen() const { return {}; }
  [[nodiscard]] virtual std::vector<Part> parts() const { return {}; }
  /// nullptr where a person presses.
  [[nodiscard]] virtual Simulation* simulation() { return nullptr; }
};

}  // namespace madoguchi::board
