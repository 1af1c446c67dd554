// SPDX-License-Identifier: Apache-2.0
// The stand-in's open, ioctl and mmap. Its descriptor is a timerfd, so that poll(2) needs no help. In a camera process with
// one thread; a block is a pause(2) that only a signal ends, as SIGKILL does.
#include "tests/support/v4l2_stand_in.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>  // jpeglib.h uses FILE and does not ask for it
//
#include <jpeglib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using madoguchi::test::StandIn;

constexpr std::array<std::array<std::uint32_t, 2>, 3> kSizes = {{{1280, 720}, {640, 480}, {320, 180}}};
constexpr std::size_t kBufferBytes = 1280 * 720 * 2;

struct Camera {
  StandIn* control = nullptr;
  std::string node;
  int fd = -1;
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint8_t*> buffers;
  std::vector<std::uint32_t> queued;
  std::uint32_t drawn = 0;
  std::vector<std::vector<std::uint8_t>> units;     ///< of H.264
  std::vector<std::vector<std::uint8_t>> prepared;  ///< pictures that cost nothing but their copy
};

Camera& camera() {
  static Camera it = [] {
    Camera made;
    const char* node = std::getenv(madoguchi::test::kStandInNode);
    const char* file = std::getenv(madoguchi::test::kStandInControl);
    if (node == nullptr || file == nullptr) return made;
    const auto real = reinterpret_cast<int (*)(const char*, int, ...)>(::dlsym(RTLD_NEXT, "open"));
    const int fd = real(file, O_RDWR | O_CLOEXEC);
    void* shared = ::mmap64(nullptr, sizeof(StandIn), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (shared == MAP_FAILED) return made;
    made.control = static_cast<StandIn*>(shared);
    if (const char* units = std::getenv(madoguchi::test::kStandInUnits)) {
      std::FILE* in = std::fopen(units, "rb");
      for (std::uint32_t size = 0; in != nullptr && std::fread(&size, sizeof size, 1, in) == 1;) {
        std::vector<std::uint8_t> unit(size);
        if (std::fread(unit.data(), 1, size, in) != size) break;
        made.units.push_back(std::move(unit));
      }
      if (in != nullptr) std::fclose(in);
    }
    made.node = node;
    return made;
  }();
  return it;
}

/// Sanitizers map memory before there is an environment to read.
bool begun = false;

/// The sandbox takes files away later: look at the control before.
[[gnu::constructor]] void begin() {
  camera();
  begun = true;
}

[[noreturn]] void block() {
  for (;;) ::pause();
}

int refuse(int error) {
  errno = error;
  return -1;
}

int open_camera() {
  Camera& it = camera();
  ++it.control->opened;
  if (it.control->open_blocks) block();
  if (it.control->open_error != 0) return refuse(it.control->open_error);
  if (it.control->unplugged) return refuse(ENOENT);
  it.fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  return it.fd;
}

constexpr std::uint32_t kPeriod = 160;  ///< of the brightness, across and down

/// The brightness of one picture: line `y` begins at pixel `y % kPeriod`, `step` bytes a pixel. A sanitizer would take a
/// second for a picture that is computed pixel by pixel.
std::vector<std::uint8_t> brightness(std::uint32_t width, std::uint32_t step) {
  const Camera& it = camera();
  const bool dark = it.control->picture == StandIn::dark;
  const std::uint32_t moved = it.control->picture == StandIn::repeated ? 0 : it.drawn * 4;
  std::vector<std::uint8_t> line((width + kPeriod) * step, 128);
  for (std::uint32_t x = 0; x < width + kPeriod; ++x) {
    line[x * step] = static_cast<std::uint8_t>(dark ? 16 + (x + it.drawn) % 2 : 40 + (x + moved) % kPeriod);
  }
  return line;
}

std::uint32_t draw_yuy2(std::uint8_t* to) {
  const Camera& it = camera();
  const auto line = brightness(it.width, 2);
  for (std::uint32_t y = 0; y < it.height; ++y, to += it.width * 2) {
    std::memcpy(to, &line[y % kPeriod * 2], it.width * 2);
  }
  return it.width * it.height * 2;
}

std::uint32_t draw_jpeg(std::uint8_t* to, std::uint32_t width, std::uint32_t height) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = ::jpeg_std_error(&errors);
  ::jpeg_create_compress(&jpeg);
  std::uint8_t* bytes = nullptr;
  unsigned long size = 0;
  ::jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = 1;
  jpeg.in_color_space = JCS_GRAYSCALE;
  ::jpeg_set_defaults(&jpeg);
  ::jpeg_start_compress(&jpeg, TRUE);
  auto line = brightness(width, 1);
  for (std::uint32_t y = 0; y < height; ++y) {
    JSAMPROW row = &line[y % kPeriod];
    ::jpeg_write_scanlines(&jpeg, &row, 1);
  }
  ::jpeg_finish_compress(&jpeg);
  std::memcpy(to, bytes, size);
  ::jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return static_cast<std::uint32_t>(size);
}

std::uint32_t draw(std::uint8_t* to) {
  Camera& it = camera();
  ++it.drawn;
  if (it.control->picture == StandIn::garbage) {
    for (int i = 0; i < 2000; ++i) to[i] = static_cast<std::uint8_t>(i * 31 + static_cast<int>(it.drawn));
    return 2000;
  }
  if (it.control->h264) {
    const auto& unit = it.units.at(it.drawn % it.units.size());
    std::memcpy(to, unit.data(), unit.size());
    return static_cast<std::uint32_t>(unit.size());
  }
  if (it.control->picture == StandIn::prepared) {
    // As a camera's own hardware writes it: each buffer has its picture already, but for a line that changes.
    if (it.prepared.size() < 4) {
      std::vector<std::uint8_t> made(kBufferBytes);
      made.resize(it.control->mjpeg ? draw_jpeg(made.data(), it.width, it.height) : draw_yuy2(made.data()));
      it.prepared.push_back(made);
      std::memcpy(to, made.data(), made.size());
      return static_cast<std::uint32_t>(made.size());
    }
    const auto& made = it.prepared.at(it.drawn % 4);
    if (it.control->mjpeg) std::memcpy(to, made.data(), made.size());
    else std::memset(to, static_cast<int>(40 + it.drawn % 160), it.width * 2);
    return static_cast<std::uint32_t>(made.size());
  }
  if (!it.control->mjpeg) return draw_yuy2(to);
  const bool other = it.control->picture == StandIn::resized && it.drawn % 2 == 1;
  return draw_jpeg(to, other ? 640 : it.width, other ? 480 : it.height);
}

int take(v4l2_buffer& buffer) {
  Camera& it = camera();
  std::uint64_t beats = 0;
  if (::read(it.fd, &beats, sizeof beats) != sizeof beats) return refuse(EAGAIN);
  if (it.control->picture == StandIn::none || it.queued.empty()) return refuse(EAGAIN);
  buffer.index = it.queued.front();
  it.queued.erase(it.queued.begin());
  buffer.bytesused = draw(it.buffers.at(buffer.index));
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  buffer.timestamp = {now.tv_sec, now.tv_nsec / 1000};
  buffer.flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  return 0;
}

std::uint32_t fourcc() {
  const StandIn& control = *camera().control;
  if (control.h264) return V4L2_PIX_FMT_H264;
  return control.mjpeg ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_YUYV;
}

int answer(unsigned long request, void* argument) {
  Camera& it = camera();
  if (it.control->ioctl_blocks) block();
  if (it.control->unplugged) return refuse(ENODEV);
  switch (request) {
    case VIDIOC_QUERYCAP: {
      auto& can = *static_cast<v4l2_capability*>(argument);
      can.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
      return 0;
    }
    case VIDIOC_ENUM_FMT: {
      auto& each = *static_cast<v4l2_fmtdesc*>(argument);
      if (each.index > 0) return refuse(EINVAL);
      each.pixelformat = fourcc();
      return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
      auto& each = *static_cast<v4l2_frmsizeenum*>(argument);
      if (each.index >= kSizes.size()) return refuse(EINVAL);
      each.type = V4L2_FRMSIZE_TYPE_DISCRETE;
      each.discrete = {kSizes.at(each.index)[0], kSizes.at(each.index)[1]};
      if (it.control->h264) each.discrete = {320, 180};
      return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
      auto& each = *static_cast<v4l2_frmivalenum*>(argument);
      if (each.index > 0) return refuse(EINVAL);
      each.type = V4L2_FRMIVAL_TYPE_DISCRETE;
      each.discrete = {1, 30};
      return 0;
    }
    case VIDIOC_S_FMT: {
      if (it.control->format_error != 0) return refuse(it.control->format_error);
      auto& pix = static_cast<v4l2_format*>(argument)->fmt.pix;
      it.width = pix.width;
      it.height = pix.height;
      pix.pixelformat = fourcc();
      pix.bytesperline = it.control->mjpeg ? 0 : pix.width * 2;
      return 0;
    }
    case VIDIOC_S_PARM: return 0;
    case VIDIOC_REQBUFS: {
      auto& wanted = *static_cast<v4l2_requestbuffers*>(argument);
      for (std::uint32_t i = 0; i < wanted.count; ++i) {
        void* room = ::mmap64(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        it.buffers.push_back(static_cast<std::uint8_t*>(room));
      }
      return 0;
    }
    case VIDIOC_QUERYBUF: {
      auto& buffer = *static_cast<v4l2_buffer*>(argument);
      buffer.length = kBufferBytes;
      buffer.m.offset = static_cast<std::uint32_t>(buffer.index * kBufferBytes);
      return 0;
    }
    case VIDIOC_QBUF: it.queued.push_back(static_cast<v4l2_buffer*>(argument)->index); return 0;
    case VIDIOC_DQBUF: return take(*static_cast<v4l2_buffer*>(argument));
    case VIDIOC_STREAMON: {
      const itimerspec beat{{0, 33'000'000}, {0, 1}};
      return ::timerfd_settime(it.fd, 0, &beat, nullptr);
    }
    case VIDIOC_STREAMOFF: return 0;
    default: return refuse(ENOTTY);
  }
}

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

bool is_node(const char* path) { return begun && camera().control != nullptr && camera().node == path; }
bool is_camera(int fd) { return begun && fd >= 0 && camera().control != nullptr && fd == camera().fd; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (is_node(path)) return open_camera();
  return next<int (*)(const char*, int, ...)>("open")(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (is_node(path)) return open_camera();
  return next<int (*)(const char*, int, ...)>("open64")(path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list more;
  va_start(more, request);
  void* argument = va_arg(more, void*);
  va_end(more);
  if (is_camera(fd)) return answer(request, argument);
  return next<int (*)(int, unsigned long, void*)>("ioctl")(fd, request, argument);
}

void* mmap(void* at, size_t length, int protection, int flags, int fd, off_t offset) noexcept {
  if (is_camera(fd)) return camera().buffers.at(static_cast<std::size_t>(offset) / kBufferBytes);
  return next<void* (*)(void*, size_t, int, int, int, off_t)>("mmap")(at, length, protection, flags, fd, offset);
}

}  // extern "C"
