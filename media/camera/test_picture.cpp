// SPDX-License-Identifier: Apache-2.0
// The test picture's drawing: whole lines are copied, so that 720p30 costs next to nothing.
#include "media/camera/test_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "media/protocol.hpp"

namespace madoguchi::camera {

namespace {

struct Colour {
  std::uint8_t y, u, v;
};
// 75 % bars, BT.601: white, yellow, cyan, green, magenta, red, blue, dark grey. Neighbours differ clearly in luma.
constexpr std::array<Colour, 8> kBars = {{{180, 128, 128},
                                          {162, 44, 142},
                                          {131, 156, 44},
                                          {112, 72, 58},
                                          {84, 184, 198},
                                          {65, 100, 212},
                                          {35, 212, 114},
                                          {50, 128, 128}}};

// Segments of a digit, bit by bit: top, upper right, lower right, bottom, lower left, upper left, middle.
constexpr std::array<std::uint8_t, 10> kDigits = {0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f};

constexpr std::uint8_t kBlack = 16, kWhite = 235, kGrey = 128;

}  // namespace

TestPicture::TestPicture(int width, int height) : width_(width), height_(height) {
  assert(width % 2 == 0 && height % 2 == 0);
  for (int x = 0; x < 2 * width; ++x) {
    const Colour& bar = kBars[static_cast<std::size_t>(x % width * 8 / width)];
    bars_y_.push_back(bar.y);
    if (x % 2 == 0) {
      bars_u_.push_back(bar.u);
      bars_v_.push_back(bar.v);
    }
  }
}

void TestPicture::Plane::fill(int left, int top, int right, int bottom, std::uint8_t value) const {
  left = std::max(left, 0);
  right = std::min(right, width);
  if (left >= right) return;
  for (int y = std::max(top, 0); y < std::min(bottom, height); ++y) {
    std::memset(data + std::ptrdiff_t{y} * width + left, value, static_cast<std::size_t>(right - left));
  }
}

std::uint8_t TestPicture::strip_luma(std::chrono::nanoseconds moment) {
  const auto phase = std::chrono::duration_cast<std::chrono::milliseconds>(moment).count() % 2000;
  const auto up = phase < 1000 ? phase : 2000 - phase;
  return static_cast<std::uint8_t>(kBlack + up * (kWhite - kBlack) / 1000);
}

void TestPicture::draw(std::span<std::byte> room, std::chrono::nanoseconds moment,
                       std::chrono::milliseconds time_of_day) {
  assert(room.size() >= protocol::frame_bytes(width_, height_));
  const std::ptrdiff_t luma_bytes = std::ptrdiff_t{width_} * height_;
  const Plane luma{room.data(), width_, height_};
  const Plane cb{luma.data + luma_bytes, width_ / 2, height_ / 2};
  const Plane cr{cb.data + luma_bytes / 4, width_ / 2, height_ / 2};

  // One bar's width a second, on even pixels so that colour and brightness stay together.
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(moment).count() % 8000;
  const int offset = static_cast<int>(ms * width_ / 8000) / 2 * 2;
  const int top = strip_top();
  const auto rows = [](const Plane& plane, const std::vector<std::uint8_t>& bars, int start, int until) {
    for (int y = 0; y < until; ++y) {
      std::memcpy(plane.data + std::ptrdiff_t{y} * plane.width, bars.data() + start,
                  static_cast<std::size_t>(plane.width));
    }
  };
  rows(luma, bars_y_, offset, top);
  rows(cb, bars_u_, offset / 2, cb.height);
  rows(cr, bars_v_, offset / 2, cr.height);

  luma.fill(0, top, width_, height_, strip_luma(moment));
  cb.fill(0, top / 2, cb.width, cb.height, kGrey);
  cr.fill(0, top / 2, cr.width, cr.height, kGrey);

  const auto total = time_of_day.count();
  draw_clock(luma, cb, cr,
             fmt::format("{:02}:{:02}:{:02}.{:03}", total / 3'600'000 % 24, total / 60'000 % 60, total / 1000 % 60,
                         total % 1000));
}

void TestPicture::draw_clock(const Plane& luma, const Plane& cb, const Plane& cr, std::string_view text) const {
  const int cell = std::max(4, width_ * 8 / 10 / static_cast<int>(text.size()));
  const int glyph_width = cell * 3 / 4, glyph_height = cell * 3 / 2, pen = std::max(1, cell / 8);
  const int left = (width_ - cell * static_cast<int>(text.size())) / 2 / 2 * 2;
  const int top = (height_ - glyph_height) / 2 / 2 * 2;

  const int frame_left = left - cell / 2, frame_right = width_ - frame_left;
  const int frame_top = top - cell / 2, frame_bottom = top + glyph_height + cell / 2;
  luma.fill(frame_left, frame_top, frame_right, frame_bottom, kBlack);
  for (const Plane& chroma : {cb, cr}) {
    chroma.fill(frame_left / 2, frame_top / 2, frame_right / 2, frame_bottom / 2, kGrey);
  }

  int x = left + cell / 8;
  for (const char c : text) {
    const int right = x + glyph_width, bottom = top + glyph_height, middle = top + glyph_height / 2;
    if (c == '.') {
      luma.fill(x, bottom - pen, x + pen, bottom, kWhite);
    } else if (c == ':') {
      luma.fill(x + glyph_width / 2, top + glyph_height / 4, x + glyph_width / 2 + pen, top + glyph_height / 4 + pen,
                kWhite);
      luma.fill(x + glyph_width / 2, bottom - glyph_height / 4 - pen, x + glyph_width / 2 + pen,
                bottom - glyph_height / 4, kWhite);
    } else {
      const std::uint8_t on = kDigits[static_cast<std::size_t>(c - '0')];
      if (on & 0x01) luma.fill(x, top, right, top + pen, kWhite);
      if (on & 0x02) luma.fill(right - pen, top, right, middle, kWhite);
      if (on & 0x04) luma.fill(right - pen, middle, right, bottom, kWhite);
      if (on & 0x08) luma.fill(x, bottom - pen, right, bottom, kWhite);
      if (on & 0x10) luma.fill(x, middle, x + pen, bottom, kWhite);
      if (on & 0x20) luma.fill(x, top, x + pen, middle, kWhite);
      if (on & 0x40) luma.fill(x, middle - pen / 2, right, middle - pen / 2 + pen, kWhite);
    }
    x += cell;
  }
}

}  // namespace madoguchi::camera
