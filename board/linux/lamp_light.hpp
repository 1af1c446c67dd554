// SPDX-License-Identifier: Apache-2.0
// The lamp as light: when it is on in each of its modes (pure), and the GPIO line or LED that it is. The rhythm is made
// here and not by the kernel's triggers, so that what was written can be compared with what is read back. On the loop.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "board/board.hpp"
#include "board/linux/gpio_line.hpp"
#include "board/settings.hpp"

namespace madoguchi::board {

/// Is it on `since` after this lamp was set, and when does that change next? Nothing: never.
struct Light {
  bool on = false;
  std::optional<BootClock::duration> changes_at;
};
Light light(const Lamp& lamp, BootClock::duration since);

/// What shines.
class Bulb {
 public:
  virtual ~Bulb() = default;
  virtual Result<void> set(bool on) = 0;
  /// Read back from the device.
  [[nodiscard]] virtual Result<bool> get() const = 0;
  [[nodiscard]] virtual std::string where() const = 0;
};
/// Errc::not_found, permission, busy: the words say what to do.
Result<std::unique_ptr<Bulb>> open_bulb(const Settings& settings, const Ioctl& ioctl);
std::string words(const LampRule& rule);

}  // namespace madoguchi::board
