// SPDX-License-Identifier: Apache-2.0
// Rhythms, and the two kinds of lamps. On the daemon's loop.
#include "board/linux/lamp_light.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "base/atomic_file.hpp"

namespace madoguchi::board {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr BootClock::duration kPulse = 250ms;  ///< on, and as long off
constexpr BootClock::duration kBlinkOn = 200ms, kBlinkOff = 300ms;
constexpr BootClock::duration kPause = 1500ms;  ///< between two groups of blinks: they can be counted

constexpr const char* kNoLed = "; ls /sys/class/leds lists the names";

Result<void> write_attribute(const fs::path& file, std::string_view text) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return fail(errno_error(file.native(), errno));
  if (::pwrite(fd.get(), text.data(), text.size(), 0) < 0) return fail(errno_error(file.native(), errno));
  return {};
}

Result<long> read_number(const fs::path& file) {
  const auto text = read_file(file, 4096);
  if (!text) return fail(text.error());
  long number = 0;
  if (std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc())
    return fail(Errc::invalid, file.native() + " is no number");
  return number;
}

class LineBulb final : public Bulb {
 public:
  explicit LineBulb(GpioLine line) : line_(std::move(line)) {}
  Result<void> set(bool on) override { return line_.set(on); }
  [[nodiscard]] Result<bool> get() const override { return line_.get(); }
  [[nodiscard]] std::string where() const override { return line_.where(); }

 private:
  GpioLine line_;
};

class LedBulb final : public Bulb {
 public:
  LedBulb(fs::path folder, std::string full) : folder_(std::move(folder)), full_(std::move(full)) {}
  Result<void> set(bool on) override { return write_attribute(folder_ / "brightness", on ? full_ : "0"); }
  [[nodiscard]] Result<bool> get() const override {
    const auto now = read_number(folder_ / "brightness");
    if (!now) return fail(now.error());
    return *now > 0;
  }
  [[nodiscard]] std::string where() const override { return folder_.native(); }

 private:
  fs::path folder_;
  std::string full_;
};

}  // namespace

Light light(const Lamp& lamp, BootClock::duration since) {
  switch (lamp.mode) {
    case Lamp::Mode::dark: return {false, {}};
    case Lamp::Mode::steady: return {true, {}};
    case Lamp::Mode::pulse: {
      const auto turns = since / kPulse;
      return {turns % 2 == 0, (turns + 1) * kPulse};
    }
    case Lamp::Mode::rhythm: break;
  }
  if (lamp.blinks <= 0) return {false, {}};
  const BootClock::duration group = lamp.blinks * (kBlinkOn + kBlinkOff) + kPause;
  const BootClock::duration begun = (since / group) * group;
  const auto blink = (since - begun) / (kBlinkOn + kBlinkOff);
  if (blink >= lamp.blinks) return {false, begun + group};
  const BootClock::duration at = begun + blink * (kBlinkOn + kBlinkOff);
  if (since < at + kBlinkOn) return {true, at + kBlinkOn};
  return {false, blink + 1 < lamp.blinks ? at + kBlinkOn + kBlinkOff : begun + group};
}

std::string words(const LampRule& rule) { return rule.line.empty() ? "LED " + rule.led : "GPIO line " + rule.line; }

Result<std::unique_ptr<Bulb>> open_bulb(const Settings& settings, const Ioctl& ioctl) {
  const LampRule& rule = settings.lamp;
  if (!rule.line.empty()) {
    auto line = GpioLine::open(settings.dev, {rule.line, GpioLine::Use::output, rule.active_low, {}}, ioctl);
    if (!line) return fail(line.error());
    return std::unique_ptr<Bulb>(std::make_unique<LineBulb>(std::move(*line)));
  }
  const fs::path folder = settings.sys / "class/leds" / rule.led;
  const auto most = read_number(folder / "max_brightness");
  if (!most) return fail(Error(most.error().code, most.error().message + kNoLed));
  // A trigger (disk, heartbeat) would write over what we write; an LED without triggers has no such file.
  std::error_code error;
  if (fs::exists(folder / "trigger", error)) {
    if (auto freed = write_attribute(folder / "trigger", "none"); !freed) return fail(freed.error());
  }
  auto bulb = std::make_unique<LedBulb>(folder, std::to_string(*most));
  if (auto set = bulb->set(false); !set) {
    const char* hint = set.error().code == Errc::permission ? "; are the udev rules of the package in place?" : "";
    return fail(Error(set.error().code, set.error().message + hint));
  }
  return std::unique_ptr<Bulb>(std::move(bulb));
}

}  // namespace madoguchi::board
