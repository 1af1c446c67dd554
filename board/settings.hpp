// SPDX-License-Identifier: Apache-2.0
// Which buttons, lamp and watchdog a real board has, and its bounds. Filled by firmware/config from [board]; the roots are
// for tests. No TOML here.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace madoguchi::board {

enum class Role { start, mute };

/// One button: a key of an input device, or a GPIO line. What is empty matches anything.
struct ButtonRule {
  Role role = Role::start;
  std::string line;         ///< name of the GPIO line; "" = an input device
  bool active_low = false;  ///< of the line
  std::string device;       ///< the input device's name, as /sys/class/input/event*/device/name has it
  std::string phys, uniq;
  std::string id;         ///< "046d:c077", vendor and product
  std::uint16_t key = 0;  ///< EV_KEY code
};

struct LampRule {
  std::string line;  ///< name of a GPIO line
  bool active_low = false;
  std::string led;  ///< or a name in /sys/class/leds
};

struct WatchdogRule {
  std::string identity;             ///< as /sys/class/watchdog/*/identity has it; "" = none
  std::chrono::seconds within{15};  ///< without a sign of life for so long, the machine starts anew
  std::chrono::seconds warn{0};     ///< pretimeout: the kernel's own action so long before; 0 = none
};

struct PressSettings {
  std::chrono::milliseconds bounce{20};  ///< of a GPIO line: what is shorter is no press
  std::chrono::milliseconds long_after{1000};
  std::chrono::milliseconds double_within{400};  ///< a second short press so soon belongs to the first
  std::chrono::milliseconds stuck_after{15000};
};

struct Settings {
  std::vector<ButtonRule> buttons;
  LampRule lamp;
  WatchdogRule watchdog;
  PressSettings press;
  std::chrono::milliseconds look_again{1000};  ///< for what is missing; a plugged device is seen at once besides
  std::filesystem::path sys = "/sys", dev = "/dev";
};

}  // namespace madoguchi::board
