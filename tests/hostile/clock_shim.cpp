// SPDX-License-Identifier: Apache-2.0
// A simulation of a wall clock that is set: preloaded into a program, it adds the seconds in the file MADOGUCHI_CLOCK_SHIM to
// what the program is told. The boot clock and the monotonic one stay. (libfaketime hangs programs that have sockets.)
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

long shift() {
  const char* path = ::getenv("MADOGUCHI_CLOCK_SHIM");
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  char text[32] = {};
  if (file >= 0) {
    [[maybe_unused]] const auto count = ::read(file, text, sizeof text - 1);
    ::close(file);
  }
  return std::strtol(text, nullptr, 10);
}

}  // namespace

extern "C" int clock_gettime(clockid_t which, timespec* now) noexcept {
  using Real = int (*)(clockid_t, timespec*);
  static const Real real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(which, now);
  if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
  return result;
}

extern "C" int gettimeofday(timeval* now, void*) noexcept {
  timespec time{};
  const int result = ::clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return result;
}

extern "C" time_t time(time_t* now) noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  if (now != nullptr) *now = time.tv_sec;
  return time.tv_sec;
}
