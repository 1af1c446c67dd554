// SPDX-License-Identifier: Apache-2.0
// libyuv's conversions (its JPEG is libjpeg-turbo's) behind checks of every size. A picture of the right size is written
// straight into the frame memory.
#include "media/camera/picture.hpp"

#include <libyuv.h>

#include <algorithm>

#include "media/frames.hpp"

namespace madoguchi::camera {

namespace {

struct Planes {
  std::uint8_t *y, *u, *v;
  int stride_y, stride_uv;
  Planes(std::uint8_t* start, int width, int height)
      : y(start), u(start + std::size_t(width) * std::size_t(height)),
        v(u + std::size_t(width / 2) * std::size_t(height / 2)), stride_y(width), stride_uv(width / 2) {}
};

std::size_t area(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

}  // namespace

bool PictureMaker::make(const RawPicture& raw, std::span<std::byte> room) {
  if (room.size() < protocol::frame_bytes(width_, height_)) return false;
  int width = raw.width, height = raw.height;
  if (raw.format == PixelFormat::mjpeg) {
    const auto* jpeg = reinterpret_cast<const std::uint8_t*>(raw.bytes.data());
    if (raw.bytes.empty() || libyuv::MJPGSize(jpeg, raw.bytes.size(), &width, &height) != 0) return false;
  }
  if (!protocol::frame_size_is_sane(width, height)) return false;
  auto* to = reinterpret_cast<std::uint8_t*>(room.data());
  if (width == width_ && height == height_) return convert(raw, width, height, to);
  between_.resize(protocol::frame_bytes(width, height));
  if (!convert(raw, width, height, between_.data())) return false;
  const Planes in(between_.data(), width, height);
  fit({width, height, in.stride_y, in.stride_uv, in.y, in.u, in.v}, to);
  return true;
}

bool PictureMaker::make(const PlanarPicture& picture, std::span<std::byte> room) {
  if (room.size() < protocol::frame_bytes(width_, height_)) return false;
  if (!protocol::frame_size_is_sane(picture.width, picture.height)) return false;
  auto* to = reinterpret_cast<std::uint8_t*>(room.data());
  if (picture.width != width_ || picture.height != height_) {
    fit(picture, to);
    return true;
  }
  const Planes out(to, width_, height_);
  return libyuv::I420Copy(picture.y, picture.stride_y, picture.u, picture.stride_uv, picture.v, picture.stride_uv,
                          out.y, out.stride_y, out.u, out.stride_uv, out.v, out.stride_uv, width_, height_) == 0;
}

bool PictureMaker::convert(const RawPicture& raw, int width, int height, std::uint8_t* to) const {
  const Planes out(to, width, height);
  const auto* in = reinterpret_cast<const std::uint8_t*>(raw.bytes.data());
  const std::size_t size = raw.bytes.size();
  const int stride = raw.stride;
  const std::size_t luma = stride > 0 ? area(stride, height) : 0;
  switch (raw.format) {
    case PixelFormat::mjpeg:
      return libyuv::MJPGToI420(in, size, out.y, out.stride_y, out.u, out.stride_uv, out.v, out.stride_uv, width,
                                height, width, height) == 0;
    case PixelFormat::h264: return false;  // H264Decoder's
    case PixelFormat::yuy2:
      if (stride < 2 * width || size < luma) return false;
      return libyuv::YUY2ToI420(in, stride, out.y, out.stride_y, out.u, out.stride_uv, out.v, out.stride_uv, width,
                                height) == 0;
    case PixelFormat::nv12:
      if (stride < width || size < luma + area(stride, height / 2)) return false;
      return libyuv::NV12ToI420(in, stride, in + luma, stride, out.y, out.stride_y, out.u, out.stride_uv, out.v,
                                out.stride_uv, width, height) == 0;
    case PixelFormat::i420: {
      const int half = stride / 2;
      if (stride < width || size < luma + 2 * area(half, height / 2)) return false;
      const std::uint8_t* u = in + luma;
      return libyuv::I420Copy(in, stride, u, half, u + area(half, height / 2), half, out.y, out.stride_y, out.u,
                              out.stride_uv, out.v, out.stride_uv, width, height) == 0;
    }
  }
  return false;
}

void PictureMaker::fit(const PlanarPicture& from, std::uint8_t* to) const {
  const int width = from.width, height = from.height;
  // As large as fits, at even places.
  int inner_width = width_, inner_height = height_;
  if (area(width, height_) < area(height, width_)) {
    inner_width = std::max(2, static_cast<int>(area(width, height_) / static_cast<std::size_t>(height)) & ~1);
  } else {
    inner_height = std::max(2, static_cast<int>(area(height, width_) / static_cast<std::size_t>(width)) & ~1);
  }
  const Planes out(to, width_, height_);
  if (inner_width != width_ || inner_height != height_) {
    libyuv::I420Rect(out.y, out.stride_y, out.u, out.stride_uv, out.v, out.stride_uv, 0, 0, width_, height_, 16, 128,
                     128);
  }
  const int left = (width_ - inner_width) / 2 & ~1, top = (height_ - inner_height) / 2 & ~1;
  libyuv::I420Scale(from.y, from.stride_y, from.u, from.stride_uv, from.v, from.stride_uv, width, height,
                    out.y + area(top, out.stride_y) + left, out.stride_y,
                    out.u + area(top / 2, out.stride_uv) + left / 2, out.stride_uv,
                    out.v + area(top / 2, out.stride_uv) + left / 2, out.stride_uv, inner_width, inner_height,
                    libyuv::kFilterBilinear);
}

}  // namespace madoguchi::camera
