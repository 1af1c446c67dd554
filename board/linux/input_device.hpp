// SPDX-License-Identifier: Apache-2.0
// One key of an input device (evdev), found by what the device says of itself, and taken for ourselves: no console and no
// other program sees its keys. The daemon's loop owns it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "board/linux/kernel.hpp"
#include "board/settings.hpp"

namespace madoguchi::board {

/// What /sys/class/input/eventN/device says.
struct InputIdentity {
  std::string node;  ///< "event3"
  std::string name, phys, uniq, id;
};
std::vector<InputIdentity> input_devices(const std::filesystem::path& sys);
/// "input device \"USB Button\" (1234:5678)": the rule in words.
std::string words(const ButtonRule& rule);
bool matches(const ButtonRule& rule, const InputIdentity& device);

class InputDevice {
 public:
  /// Errc::not_found; busy: another program has grabbed it; permission.
  static Result<InputDevice> open(const Settings& settings, const InputIdentity& device, const Ioctl& ioctl);

  /// Is the key down now?
  [[nodiscard]] Result<bool> is_down(std::uint16_t key) const;
  /// Reads one event; false where none waits. Errc::cut: unplugged.
  struct Key {
    std::uint16_t code = 0;
    bool down = false;
    bool lost = false;  ///< the kernel dropped events: ask is_down()
  };
  Result<bool> next(Key& key);
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const InputIdentity& identity() const { return identity_; }

 private:
  InputDevice(UniqueFd fd, InputIdentity identity, Ioctl ioctl)
      : fd_(std::move(fd)), identity_(std::move(identity)), ioctl_(std::move(ioctl)) {}
  UniqueFd fd_;
  InputIdentity identity_;
  Ioctl ioctl_;
};

/// "KEY_ENTER" or a number; 0 = no such key.
std::uint16_t key_code(const std::string& name);

}  // namespace madoguchi::board
