// SPDX-License-Identifier: Apache-2.0
// evdev: identity from sysfs, so that no device is opened but the one that fits; EVIOCGRAB; key events. On the daemon's
// loop.
#include "board/linux/input_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/input.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <utility>

namespace madoguchi::board {

namespace fs = std::filesystem;

namespace {

std::string line_of(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

/// The keys that buttons on sale send; any other by its number.
constexpr std::pair<std::string_view, std::uint16_t> kKeys[] = {
    {"KEY_ENTER", KEY_ENTER},
    {"KEY_KPENTER", KEY_KPENTER},
    {"KEY_SPACE", KEY_SPACE},
    {"KEY_ESC", KEY_ESC},
    {"KEY_A", KEY_A},
    {"KEY_B", KEY_B},
    {"KEY_1", KEY_1},
    {"KEY_2", KEY_2},
    {"KEY_F1", KEY_F1},
    {"KEY_F2", KEY_F2},
    {"KEY_F12", KEY_F12},
    {"KEY_F13", KEY_F13},
    {"KEY_F14", KEY_F14},
    {"KEY_F24", KEY_F24},
    {"KEY_MUTE", KEY_MUTE},
    {"KEY_MICMUTE", KEY_MICMUTE},
    {"KEY_PHONE", KEY_PHONE},
    {"KEY_PLAYPAUSE", KEY_PLAYPAUSE},
    {"KEY_POWER", KEY_POWER},
    {"KEY_VOLUMEUP", KEY_VOLUMEUP},
    {"KEY_VOLUMEDOWN", KEY_VOLUMEDOWN},
    {"KEY_PROG1", KEY_PROG1},
    {"KEY_PROG2", KEY_PROG2},
    {"BTN_0", BTN_0},
    {"BTN_1", BTN_1},
    {"BTN_LEFT", BTN_LEFT},
    {"BTN_TRIGGER", BTN_TRIGGER},
    {"BTN_SOUTH", BTN_SOUTH},
};

}  // namespace

std::uint16_t key_code(const std::string& name) {
  for (const auto& [known, code] : kKeys) {
    if (name == known) return code;
  }
  std::uint16_t code = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code);
  return error == std::errc() && end == name.data() + name.size() && code <= KEY_MAX ? code : std::uint16_t{0};
}

std::vector<InputIdentity> input_devices(const fs::path& sys) {
  std::vector<InputIdentity> found;
  std::error_code error;
  for (fs::directory_iterator each(sys / "class/input", error), end; !error && each != end; each.increment(error)) {
    const std::string node = each->path().filename();
    if (node.rfind("event", 0) != 0) continue;
    const fs::path device = each->path() / "device";
    found.push_back({node, line_of(device / "name"), line_of(device / "phys"), line_of(device / "uniq"),
                     line_of(device / "id/vendor") + ":" + line_of(device / "id/product")});
  }
  // event2 before event10: the device that was there first.
  std::sort(found.begin(), found.end(), [](const InputIdentity& a, const InputIdentity& b) {
    return std::pair(a.node.size(), a.node) < std::pair(b.node.size(), b.node);
  });
  return found;
}

bool matches(const ButtonRule& rule, const InputIdentity& device) {
  const auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
  return rule.line.empty() && fits(rule.device, device.name) && fits(rule.phys, device.phys) &&
         fits(rule.uniq, device.uniq) && fits(rule.id, device.id);
}

std::string words(const ButtonRule& rule) {
  if (!rule.line.empty()) return "GPIO line " + rule.line;
  std::string text = "input device";
  if (!rule.device.empty()) text += fmt::format(" \"{}\"", rule.device);
  if (!rule.id.empty()) text += " id " + rule.id;
  if (!rule.phys.empty()) text += " phys " + rule.phys;
  if (!rule.uniq.empty()) text += " uniq " + rule.uniq;
  return text + fmt::format(", key {}", rule.key);
}

Result<InputDevice> InputDevice::open(const Settings& settings, const InputIdentity& device, const Ioctl& ioctl) {
  const fs::path path = settings.dev / "input" / device.node;
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return fail(errno_error(path.native(), errno));
  if (ioctl(fd.get(), EVIOCGRAB, reinterpret_cast<void*>(1)) < 0) {
    const int why = errno;
    if (why == EBUSY) return fail(Errc::busy, path.native() + ": another program has grabbed this device; end it");
    return fail(errno_error(path.native() + ": grabbing", why));
  }
  return InputDevice(std::move(fd), device, ioctl);
}

Result<bool> InputDevice::is_down(std::uint16_t key) const {
  std::array<std::uint8_t, KEY_MAX / 8 + 1> keys{};
  if (ioctl_(fd_.get(), EVIOCGKEY(sizeof keys), keys.data()) < 0) return fail(errno_error(identity_.node, errno));
  return (keys[key / 8] >> (key % 8) & 1) != 0;
}

Result<bool> InputDevice::next(Key& key) {
  for (;;) {
    input_event event{};
    const ssize_t got = ::read(fd_.get(), &event, sizeof event);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (got != static_cast<ssize_t>(sizeof event)) return fail(Errc::cut, identity_.node + " has gone");
    if (event.type == EV_SYN && event.code == SYN_DROPPED) {
      key = {0, false, true};
      return true;
    }
    if (event.type != EV_KEY || event.value == 2) continue;  // 2: the keyboard repeats
    key = {event.code, event.value != 0, false};
    return true;
  }
}

}  // namespace madoguchi::board
