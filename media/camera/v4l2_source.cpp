// SPDX-License-Identifier: Apache-2.0
// V4L2's streaming calls, and each errno as the fault that people can do something about.
#include "media/camera/v4l2_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "media/frames.hpp"

namespace madoguchi::camera {

namespace {

using protocol::CameraFailed;

constexpr std::uint32_t kBuffers = 4;
constexpr int kErrorsInARow = 5;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

constexpr std::pair<std::uint32_t, PixelFormat> kFormats[] = {
    {V4L2_PIX_FMT_YUV420, PixelFormat::i420}, {V4L2_PIX_FMT_NV12, PixelFormat::nv12},
    {V4L2_PIX_FMT_YUYV, PixelFormat::yuy2},   {V4L2_PIX_FMT_MJPEG, PixelFormat::mjpeg},
    {V4L2_PIX_FMT_JPEG, PixelFormat::mjpeg},  {V4L2_PIX_FMT_H264, PixelFormat::h264},
};

std::optional<PixelFormat> known(std::uint32_t fourcc) {
  for (const auto& [code, format] : kFormats) {
    if (code == fourcc) return format;
  }
  return std::nullopt;
}

tl::unexpected<CameraFailed> failed(std::string_view what, int error) {
  std::string code = "broken";
  if (error == ENOENT || error == ENODEV || error == ENXIO) code = "unplugged";
  if (error == EACCES || error == EPERM) code = "permission";
  if (error == EBUSY) code = "busy";
  std::string words = errno_error(what, error).message;
  if (error == ENOSPC) words += ": this USB port has no room for the stream; use a port of its own for the camera";
  return tl::unexpected<CameraFailed>({std::move(code), std::move(words)});
}

/// A driver may be interrupted by a signal.
int call(int fd, unsigned long request, void* argument) {
  int result = 0;
  do {
    result = ::ioctl(fd, request, argument);
  } while (result < 0 && errno == EINTR);
  return result;
}

double rate(const v4l2_fract& interval) {
  return interval.numerator == 0 ? 0 : static_cast<double>(interval.denominator) / interval.numerator;
}

constexpr std::uint32_t kMostListed = 256;  // a driver that never ends its list

void add_rates(int fd, std::uint32_t fourcc, Mode mode, int fps, std::vector<Mode>& to) {
  for (std::uint32_t index = 0; index < kMostListed; ++index) {
    v4l2_frmivalenum each{};
    each.index = index;
    each.pixel_format = fourcc;
    each.width = static_cast<std::uint32_t>(mode.width);
    each.height = static_cast<std::uint32_t>(mode.height);
    if (call(fd, VIDIOC_ENUM_FRAMEINTERVALS, &each) != 0) {
      if (index > 0) return;
      mode.fps = fps;  // it does not say: let it try
      to.push_back(mode);
      return;
    }
    if (each.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
      mode.fps = std::clamp(static_cast<double>(fps), rate(each.stepwise.max), std::max(rate(each.stepwise.min), 1.0));
      to.push_back(mode);
      return;
    }
    mode.fps = rate(each.discrete);
    to.push_back(mode);
  }
}

/// To the wanted size or the nearest that the steps allow.
int step_to(int wanted, std::uint32_t least, std::uint32_t most, std::uint32_t step) {
  const auto value = std::clamp(static_cast<std::uint32_t>(wanted), least, std::max(least, most));
  return static_cast<int>(step == 0 ? value : least + (value - least) / step * step);
}

}  // namespace

OrFailed<UniqueFd> open_node(const std::string& path) {
  UniqueFd node(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!node.valid()) return failed("opening " + path, errno);
  return node;
}

OrFailed<std::unique_ptr<CameraSource>> V4l2Source::open(UniqueFd node, int width, int height, int fps) {
  std::unique_ptr<V4l2Source> source(new V4l2Source(std::move(node), width, height));
  if (auto started = source->start(width, height, fps); !started) return tl::unexpected(started.error());
  return source;
}

V4l2Source::~V4l2Source() {
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  call(node_.get(), VIDIOC_STREAMOFF, &type);
  for (const Buffer& buffer : buffers_) {
    if (buffer.start != nullptr) ::munmap(buffer.start, buffer.length);
  }
}

std::vector<Mode> V4l2Source::modes(int width, int height, int fps) const {
  std::vector<Mode> found;
  const int fd = node_.get();
  for (std::uint32_t i = 0; i < kMostListed; ++i) {
    v4l2_fmtdesc description{};
    description.index = i;
    description.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (call(fd, VIDIOC_ENUM_FMT, &description) != 0) break;
    const auto format = known(description.pixelformat);
    if (!format) continue;
    for (std::uint32_t j = 0; j < kMostListed; ++j) {
      v4l2_frmsizeenum size{};
      size.index = j;
      size.pixel_format = description.pixelformat;
      Mode mode{*format, width, height, 0};
      if (call(fd, VIDIOC_ENUM_FRAMESIZES, &size) != 0) {
        if (j == 0) add_rates(fd, description.pixelformat, mode, fps, found);
        break;
      }
      if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
        if (size.discrete.width > 8192 || size.discrete.height > 8192) continue;
        mode.width = static_cast<int>(size.discrete.width);
        mode.height = static_cast<int>(size.discrete.height);
        add_rates(fd, description.pixelformat, mode, fps, found);
        continue;
      }
      const auto& step = size.stepwise;
      mode.width = step_to(width, step.min_width, step.max_width, step.step_width);
      mode.height = step_to(height, step.min_height, step.max_height, step.step_height);
      add_rates(fd, description.pixelformat, mode, fps, found);
      break;
    }
  }
  return found;
}

OrFailed<void> V4l2Source::start(int width, int height, int fps) {
  const int fd = node_.get();
  v4l2_capability can{};
  if (call(fd, VIDIOC_QUERYCAP, &can) != 0) return failed("asking the camera what it is", errno);
  const auto flags = (can.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? can.device_caps : can.capabilities;
  if ((flags & V4L2_CAP_VIDEO_CAPTURE) == 0 || (flags & V4L2_CAP_STREAMING) == 0) {
    return tl::unexpected<CameraFailed>(
        {"broken", "this device gives no stream of pictures; choose another by a rule"});
  }
  const auto chosen = choose_mode(modes(width, height, fps), width, height, fps, this_processor());
  if (!chosen) {
    return tl::unexpected<CameraFailed>(
        {"broken", "the camera has no format that this version reads (MJPEG, YUY2, NV12, I420, H.264)"});
  }

  v4l2_format format{};
  format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  v4l2_pix_format& pix = format.fmt.pix;
  for (const auto& [fourcc, each] : kFormats) {
    if (each != chosen->format) continue;
    pix = {};
    pix.width = static_cast<std::uint32_t>(chosen->width);
    pix.height = static_cast<std::uint32_t>(chosen->height);
    pix.pixelformat = fourcc;
    pix.field = V4L2_FIELD_NONE;
    if (call(fd, VIDIOC_S_FMT, &format) != 0) return failed("setting the camera's format", errno);
    if (known(pix.pixelformat) == chosen->format) break;  // MJPEG goes by two names
  }
  if (known(pix.pixelformat) != chosen->format || pix.width > 4096 || pix.height > 4096) {
    return tl::unexpected<CameraFailed>({"broken", "the camera does not keep to its own list of formats"});
  }
  mode_ = {chosen->format, static_cast<int>(pix.width), static_cast<int>(pix.height), chosen->fps};
  stride_ = static_cast<int>(std::min<std::uint32_t>(pix.bytesperline, 1U << 16));
  if (mode_.format == PixelFormat::h264) decoder_.emplace();
  if (stride_ == 0) stride_ = mode_.width * (mode_.format == PixelFormat::yuy2 ? 2 : 1);

  v4l2_streamparm parameters{};
  parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  parameters.parm.capture.timeperframe = {1000, static_cast<std::uint32_t>(chosen->fps * 1000)};
  // Not all drivers can; they keep their own rate.
  if (call(fd, VIDIOC_S_PARM, &parameters) == 0) {
    const double given = rate(parameters.parm.capture.timeperframe);
    if (given >= 1) mode_.fps = given;
  }

  if (auto mapped = map_buffers(); !mapped) return mapped;
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  if (call(fd, VIDIOC_STREAMON, &type) != 0) return failed("starting the camera's stream", errno);
  return {};
}

OrFailed<void> V4l2Source::map_buffers() {
  v4l2_requestbuffers request{};
  request.count = kBuffers;
  request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  request.memory = V4L2_MEMORY_MMAP;
  if (call(node_.get(), VIDIOC_REQBUFS, &request) != 0) return failed("asking for the camera's buffers", errno);
  if (request.count < 2 || request.count > 64) {
    return tl::unexpected<CameraFailed>({"broken", fmt::format("the camera has {} buffers", request.count)});
  }
  for (std::uint32_t i = 0; i < request.count; ++i) {
    v4l2_buffer buffer{};
    buffer.index = i;
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    if (call(node_.get(), VIDIOC_QUERYBUF, &buffer) != 0) return failed("looking at the camera's buffers", errno);
    void* start =
        ::mmap(nullptr, buffer.length, PROT_READ, MAP_SHARED, node_.get(), static_cast<off_t>(buffer.m.offset));
    if (start == MAP_FAILED) return failed("mapping the camera's buffers", errno);
    buffers_.push_back({start, buffer.length});
    if (auto queued = queue(i); !queued) return queued;
  }
  return {};
}

OrFailed<void> V4l2Source::queue(std::uint32_t index) {
  v4l2_buffer buffer{};
  buffer.index = index;
  buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  buffer.memory = V4L2_MEMORY_MMAP;
  if (call(node_.get(), VIDIOC_QBUF, &buffer) != 0) return failed("giving a buffer back to the camera", errno);
  return {};
}

bool V4l2Source::draw(const v4l2_buffer& buffer, std::span<std::byte> room) {
  const Buffer& mapped = buffers_[buffer.index];
  const std::size_t used = std::min<std::size_t>(buffer.bytesused, mapped.length);
  if ((buffer.flags & V4L2_BUF_FLAG_ERROR) != 0 || used == 0) return false;
  const std::span bytes(static_cast<const std::byte*>(mapped.start), used);
  if (!decoder_) return maker_.make(RawPicture{mode_.format, mode_.width, mode_.height, stride_, bytes}, room);
  const auto picture = decoder_->decode(bytes);
  return picture && maker_.make(*picture, room);
}

OrFailed<std::optional<std::int64_t>> V4l2Source::take(std::span<std::byte> room) {
  std::optional<v4l2_buffer> newest;
  bool good = false;
  for (;;) {
    v4l2_buffer buffer{};
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    if (call(node_.get(), VIDIOC_DQBUF, &buffer) != 0) {
      if (errno == EAGAIN) break;
      if (errno == EIO && ++errors_ < kErrorsInARow) break;  // may pass by itself
      return failed("taking a picture", errno);
    }
    if (buffer.index >= buffers_.size()) {
      return tl::unexpected<CameraFailed>({"broken", "the driver gave a buffer that it does not have"});
    }
    if (newest) {
      if (auto queued = queue(newest->index); !queued) return tl::unexpected(queued.error());
    }
    newest = buffer;
    if (decoder_) good = draw(buffer, room);  // each picture builds on the last: none may be left out
  }
  if (!newest) return std::nullopt;

  if (!decoder_) good = draw(*newest, room);
  if (auto queued = queue(newest->index); !queued) return tl::unexpected(queued.error());
  spoilt_ = good ? 0 : spoilt_ + 1;
  if (!good) return std::nullopt;
  errors_ = 0;

  const std::int64_t now = monotonic_ns();
  const std::int64_t taken = newest->timestamp.tv_sec * kNanosPerSecond + newest->timestamp.tv_usec * 1000;
  const bool told = (newest->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  return told && taken <= now && taken > now - kNanosPerSecond ? taken : now;
}

std::string V4l2Source::mode() const {
  return fmt::format("{} {}x{} at {:.0f}", name(mode_.format), mode_.width, mode_.height, mode_.fps);
}

}  // namespace madoguchi::camera
