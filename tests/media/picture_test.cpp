// SPDX-License-Identifier: Apache-2.0
// Pictures of each raw format become the same I420, short ones are refused, and a watch tells the same and the dark.
#include "media/camera/picture.hpp"

#include <vector>

#include "media/camera/picture_watch.hpp"
#include "media/frames.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi::camera;
using namespace std::chrono_literals;
using madoguchi::protocol::frame_bytes;

namespace {

constexpr int kWidth = 64, kHeight = 32;

std::vector<std::byte> bytes(std::size_t count, int value) { return {count, std::byte(value)}; }

/// Luma 100, blue 90, red 200.
std::vector<std::byte> raw(PixelFormat format, int stride) {
  const auto line = static_cast<std::size_t>(stride);
  std::vector<std::byte> result;
  if (format == PixelFormat::yuy2) {
    for (std::size_t i = 0; i < line * kHeight; ++i) {
      result.push_back(std::byte(i % 2 == 0 ? 100 : i % 4 == 1 ? 90 : 200));
    }
    return result;
  }
  result = bytes(line * kHeight, 100);
  if (format == PixelFormat::nv12) {
    for (std::size_t i = 0; i < line * kHeight / 2; ++i) result.push_back(std::byte(i % 2 == 0 ? 90 : 200));
  } else {
    result.resize(result.size() + line / 2 * kHeight / 2, std::byte(90));
    result.resize(result.size() + line / 2 * kHeight / 2, std::byte(200));
  }
  return result;
}

}  // namespace

TEST_CASE("raw pictures become I420, with padding at their lines too, and a byte too few is none") {
  const auto format = GENERATE(PixelFormat::yuy2, PixelFormat::nv12, PixelFormat::i420);
  const int padding = GENERATE(0, 32);
  const int stride = (format == PixelFormat::yuy2 ? 2 : 1) * kWidth + padding;
  auto picture = raw(format, stride);
  std::vector<std::byte> room(frame_bytes(kWidth, kHeight));
  PictureMaker maker(kWidth, kHeight);
  REQUIRE(maker.make({format, kWidth, kHeight, stride, picture}, room));
  const std::size_t luma = kWidth * kHeight;
  CHECK(room == [&] {
    auto expected = bytes(luma, 100);
    expected.resize(luma * 5 / 4, std::byte(90));
    expected.resize(luma * 3 / 2, std::byte(200));
    return expected;
  }());
  CHECK_FALSE(maker.make({format, kWidth, kHeight, stride, std::span(picture).first(picture.size() - 1)}, room));
  CHECK_FALSE(maker.make({format, kWidth, kHeight, kWidth / 2, picture}, room));
  CHECK_FALSE(maker.make({format, kWidth + 1, kHeight, stride, picture}, room));
  CHECK_FALSE(maker.make({format, kWidth, kHeight, stride, picture}, std::span(room).first(room.size() - 1)));
}

TEST_CASE("another shape is fitted between black bars") {
  const auto picture = raw(PixelFormat::i420, kWidth);
  std::vector<std::byte> room(frame_bytes(128, 32));
  REQUIRE(PictureMaker(128, 32).make({PixelFormat::i420, kWidth, kHeight, kWidth, picture}, room));
  CHECK(std::to_integer<int>(room[0]) == 16);
  CHECK(std::to_integer<int>(room[64]) == 100);
  CHECK(std::to_integer<int>(room[127]) == 16);
  std::vector<std::byte> tall(frame_bytes(32, 128));
  REQUIRE(PictureMaker(32, 128).make({PixelFormat::i420, kWidth, kHeight, kWidth, picture}, tall));
  CHECK(std::to_integer<int>(tall[0]) == 16);
  CHECK(std::to_integer<int>(tall[64 * 32]) == 100);
}

TEST_CASE("what is no JPEG is none") {
  std::vector<std::byte> room(frame_bytes(kWidth, kHeight));
  PictureMaker maker(kWidth, kHeight);
  CHECK_FALSE(maker.make({PixelFormat::mjpeg, kWidth, kHeight, 0, {}}, room));
  const auto nonsense = bytes(1000, 0xff);
  CHECK_FALSE(maker.make({PixelFormat::mjpeg, kWidth, kHeight, 0, nonsense}, room));
}

TEST_CASE("the same picture is counted from its first, a dark one after five seconds") {
  PictureWatch watch(kWidth, kHeight);
  auto light = bytes(frame_bytes(kWidth, kHeight), 100);
  watch.see(light, 10s);
  CHECK(watch.same_for() == 0s);
  watch.see(light, 13s);
  CHECK(watch.same_for() == 3s);
  light[5] = std::byte(101);
  watch.see(light, 14s);
  CHECK(watch.same_for() == 0s);
  CHECK_FALSE(watch.dark());
  const auto dark = bytes(frame_bytes(kWidth, kHeight), 17), dim = bytes(frame_bytes(kWidth, kHeight), 27);
  watch.see(dim, 15s);
  watch.see(dark, 20s);
  watch.see(dark, 24999ms);
  CHECK(watch.same_for() == 0s);
  CHECK_FALSE(watch.dark());
  watch.see(dark, 25s);
  CHECK(watch.dark());
  watch.see(dim, 26s);  // not light yet
  CHECK(watch.dark());
  watch.see(light, 27s);
  CHECK_FALSE(watch.dark());
}
