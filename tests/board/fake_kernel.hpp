// SPDX-License-Identifier: Apache-2.0
// The kernel's side of a board: made /sys and /dev trees, input devices and GPIO chips whose descriptors are real pipes,
// and an ioctl that answers as linux/gpio.h and linux/input.h say. For tests of the real board without its hardware.
#pragma once

#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/input.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "board/linux/kernel.hpp"
#include "board/settings.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

class FakeKernel {
 public:
  struct Line {
    std::string name;
    bool active = false;  ///< logical
    bool taken = false, output = false, active_low = false;
    std::uint32_t debounce_us = 0;
    UniqueFd kernel_end;
    int user_end = -1;
  };

  FakeKernel() {
    std::filesystem::create_directories(root / "dev/input");
    std::filesystem::create_directories(root / "sys/class/input");
    std::filesystem::create_directories(root / "sys/class/leds");
  }
  board::Settings settings() const {
    board::Settings made;
    made.sys = root / "sys";
    made.dev = root / "dev";
    return made;
  }
  board::Ioctl ioctl() {
    return [this](int fd, unsigned long request, void* argument) { return answer(fd, request, argument); };
  }

  // ---- input devices: a FIFO, which we write and the board reads
  void plug(const std::string& node, const std::string& name, const std::string& id = "046d:c077") {
    const auto device = root / "sys/class/input" / node / "device";
    std::filesystem::create_directories(device / "id");
    write_text(device / "name", name + "\n");
    write_text(device / "phys", "usb-1/input0\n");
    write_text(device / "uniq", "\n");
    write_text(device / "id/vendor", id.substr(0, 4) + "\n");
    write_text(device / "id/product", id.substr(5) + "\n");
    const std::string path = root / "dev/input" / node;
    ::mkfifo(path.c_str(), 0600);
    writers[node] = UniqueFd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  }
  /// The end of the file is what the board sees of a pulled plug here; the kernel says ENODEV.
  void pull(const std::string& node) {
    std::filesystem::remove(root / "dev/input" / node);
    std::filesystem::remove_all(root / "sys/class/input" / node);
    writers.erase(node);
  }
  void key(const std::string& node, std::uint16_t code, int value) {
    keys[code] = value != 0;
    send(node, EV_KEY, code, value);
    send(node, EV_SYN, SYN_REPORT, 0);
  }
  void send(const std::string& node, std::uint16_t type, std::uint16_t code, int value) {
    input_event event{};
    event.type = type;
    event.code = code;
    event.value = value;
    if (::write(writers.at(node).get(), &event, sizeof event) != sizeof event) throw std::runtime_error("fifo");
  }

  // ---- GPIO: one chip
  Line& add_line(const std::string& name) {
    write_text(root / "dev/gpiochip0", "");
    lines.emplace_back().name = name;
    return lines.back();
  }
  Line& line(const std::string& name) {
    for (Line& each : lines) {
      if (each.name == name) return each;
    }
    throw std::runtime_error("no line " + name);
  }
  void level(const std::string& name, bool active) {
    Line& it = line(name);
    it.active = active;
    gpio_v2_line_event event{};
    event.id = active ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE;
    if (::write(it.kernel_end.get(), &event, sizeof event) != sizeof event) throw std::runtime_error("line");
  }

  // ---- LEDs
  std::filesystem::path add_led(const std::string& name) {
    const auto folder = root / "sys/class/leds" / name;
    std::filesystem::create_directories(folder);
    write_text(folder / "max_brightness", "255\n");
    write_text(folder / "brightness", "0\n");
    write_text(folder / "trigger", "none [heartbeat]\n");
    return folder;
  }

  Folder root;
  std::map<std::string, UniqueFd> writers;
  std::map<std::uint16_t, bool> keys;
  std::vector<Line> lines;
  std::set<int> grabbed;
  bool grab_busy = false, can_debounce = true;

 private:
  int failed(int why) {
    errno = why;
    return -1;
  }
  int answer(int fd, unsigned long request, void* argument) {
    if (request == EVIOCGRAB) {
      if (grab_busy) return failed(EBUSY);
      grabbed.insert(fd);
      return 0;
    }
    if (_IOC_TYPE(request) == 'E' && _IOC_NR(request) == 0x18) {  // EVIOCGKEY
      auto* bits = static_cast<std::uint8_t*>(argument);
      std::memset(bits, 0, _IOC_SIZE(request));
      for (const auto& [code, down] : keys) {
        if (down) bits[code / 8] = static_cast<std::uint8_t>(bits[code / 8] | 1U << (code % 8));
      }
      return 0;
    }
    if (request == GPIO_GET_CHIPINFO_IOCTL) {
      static_cast<gpiochip_info*>(argument)->lines = static_cast<std::uint32_t>(lines.size());
      return 0;
    }
    if (request == GPIO_V2_GET_LINEINFO_IOCTL) {
      auto* info = static_cast<gpio_v2_line_info*>(argument);
      std::strncpy(info->name, lines.at(info->offset).name.c_str(), sizeof info->name - 1);
      return 0;
    }
    if (request == GPIO_V2_GET_LINE_IOCTL) return take(*static_cast<gpio_v2_line_request*>(argument));
    for (Line& each : lines) {
      if (each.user_end != fd) continue;
      auto* values = static_cast<gpio_v2_line_values*>(argument);
      if (request == GPIO_V2_LINE_GET_VALUES_IOCTL) values->bits = each.active ? 1 : 0;
      else if (request == GPIO_V2_LINE_SET_VALUES_IOCTL) each.active = (values->bits & 1) != 0;
      else return failed(ENOTTY);
      return 0;
    }
    return failed(ENOTTY);
  }
  int take(gpio_v2_line_request& asked) {
    Line& it = lines.at(asked.offsets[0]);
    if (it.taken) return failed(EBUSY);
    if (asked.config.num_attrs > 0 && !can_debounce) return failed(EOPNOTSUPP);
    it.debounce_us = asked.config.num_attrs > 0 ? asked.config.attrs[0].attr.debounce_period_us : 0;
    it.output = (asked.config.flags & GPIO_V2_LINE_FLAG_OUTPUT) != 0;
    it.active_low = (asked.config.flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW) != 0;
    if (it.output) it.active = false;
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    it.kernel_end.reset(ends[0]);
    it.user_end = asked.fd = ends[1];
    it.taken = true;
    return 0;
  }
};

}  // namespace madoguchi::test
