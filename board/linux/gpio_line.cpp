// SPDX-License-Identifier: Apache-2.0
// The version 2 line interface: find a line by name, ask for it, read and write it. On the daemon's loop.
#include "board/linux/gpio_line.hpp"

#include <fcntl.h>
#include <linux/gpio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace madoguchi::board {

namespace fs = std::filesystem;

namespace {

constexpr const char* kConsumer = "madoguchi";

template <std::size_t N>
std::string text(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

std::vector<fs::path> chips(const fs::path& dev) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator each(dev, error), end; !error && each != end; each.increment(error)) {
    if (each->path().filename().native().rfind("gpiochip", 0) == 0) found.push_back(each->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<gpio_v2_line_request> request(int chip, std::uint32_t offset, const GpioLine::Wanted& wanted, bool debounce,
                                     const Ioctl& ioctl) {
  gpio_v2_line_request asked{};
  asked.offsets[0] = offset;
  asked.num_lines = 1;
  std::strncpy(asked.consumer, kConsumer, sizeof asked.consumer - 1);
  asked.config.flags =
      wanted.use == GpioLine::Use::output
          ? std::uint64_t{GPIO_V2_LINE_FLAG_OUTPUT}
          : std::uint64_t{GPIO_V2_LINE_FLAG_INPUT} | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
  if (wanted.active_low) asked.config.flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
  if (debounce) {
    asked.config.num_attrs = 1;
    asked.config.attrs[0].mask = 1;
    asked.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
    asked.config.attrs[0].attr.debounce_period_us =
        static_cast<std::uint32_t>(std::chrono::microseconds(wanted.bounce).count());
  }
  if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &asked) < 0) {
    const int why = errno;
    if (why == EBUSY) return fail(Errc::busy, "another program or a kernel driver holds it; see gpioinfo");
    return fail(errno_error("asking for the line", why));
  }
  return asked;
}

}  // namespace

Result<GpioLine> GpioLine::open(const fs::path& dev, const Wanted& wanted, const Ioctl& ioctl) {
  std::string denied;
  for (const fs::path& path : chips(dev)) {
    const UniqueFd chip(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!chip.valid()) {
      if (errno == EACCES || errno == EPERM) denied = path.native();
      continue;
    }
    gpiochip_info about{};
    if (ioctl(chip.get(), GPIO_GET_CHIPINFO_IOCTL, &about) < 0) continue;
    for (std::uint32_t offset = 0; offset < about.lines; ++offset) {
      gpio_v2_line_info line{};
      line.offset = offset;
      if (ioctl(chip.get(), GPIO_V2_GET_LINEINFO_IOCTL, &line) < 0 || text(line.name) != wanted.name) continue;
      bool debounced = wanted.use == Use::input && wanted.bounce.count() > 0;
      auto got = request(chip.get(), offset, wanted, debounced, ioctl);
      if (!got && debounced && got.error().code != Errc::busy) {  // this driver cannot: we wait ourselves
        debounced = false;
        got = request(chip.get(), offset, wanted, false, ioctl);
      }
      if (!got) return fail(got.error().in("GPIO line " + wanted.name));
      UniqueFd fd(got->fd);
      const int flags = ::fcntl(fd.get(), F_GETFL);
      ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK);
      return GpioLine(std::move(fd), ioctl, path.filename().native() + " line " + std::to_string(offset), debounced);
    }
  }
  if (!denied.empty()) {
    return fail(Errc::permission,
                "GPIO line " + wanted.name + ": " + denied +
                    " may not be opened; is the daemon's user in the group that the udev rules name?");
  }
  return fail(Errc::not_found, "no GPIO line is named " + wanted.name + "; gpioinfo lists the names");
}

Result<bool> GpioLine::get() const {
  gpio_v2_line_values values{};
  values.mask = 1;
  if (ioctl_(fd_.get(), GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0) return fail(errno_error(where_, errno));
  return (values.bits & 1) != 0;
}

Result<void> GpioLine::set(bool active) {
  gpio_v2_line_values values{};
  values.mask = 1;
  values.bits = active ? 1 : 0;
  if (ioctl_(fd_.get(), GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0) return fail(errno_error(where_, errno));
  return {};
}

Result<void> GpioLine::drain() {
  gpio_v2_line_event events[16];
  for (;;) {
    const ssize_t got = ::read(fd_.get(), events, sizeof events);
    if (got > 0) continue;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    return fail(Errc::cut, where_ + " has gone");
  }
}

}  // namespace madoguchi::board
