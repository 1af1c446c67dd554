// SPDX-License-Identifier: Apache-2.0
// One GPIO line by its name, through the kernel's version 2 line interface (linux/gpio.h). The daemon's loop owns it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "board/linux/kernel.hpp"

namespace madoguchi::board {

class GpioLine {
 public:
  enum class Use { input, output };
  struct Wanted {
    std::string name;
    Use use = Use::input;
    bool active_low = false;
    std::chrono::milliseconds bounce{};  ///< of an input; the kernel is asked to wait so long
  };

  /// The first line of this name under <dev>/gpiochip*, ours alone; an output starts inactive. Errc::not_found; busy:
  /// another holds it; permission.
  static Result<GpioLine> open(const std::filesystem::path& dev, const Wanted& wanted, const Ioctl& ioctl);

  /// The level, with active_low taken into account: true = pressed, or lit.
  [[nodiscard]] Result<bool> get() const;
  Result<void> set(bool active);
  /// Reads the edges that wait and forgets them: get() tells what is now. Errc::cut: the chip has gone.
  Result<void> drain();
  /// Readable when there was an edge.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Does the kernel wait for the bounce?
  [[nodiscard]] bool debounced() const { return debounced_; }
  /// "gpiochip0 line 3"
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  GpioLine(UniqueFd fd, Ioctl ioctl, std::string where, bool debounced)
      : fd_(std::move(fd)), ioctl_(std::move(ioctl)), where_(std::move(where)), debounced_(debounced) {}
  UniqueFd fd_;
  Ioctl ioctl_;
  std::string where_;
  bool debounced_ = false;
};

}  // namespace madoguchi::board
