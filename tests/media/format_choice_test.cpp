// SPDX-License-Identifier: Apache-2.0
// Which mode of a camera is taken: a table of cameras.
#include "media/camera/format_choice.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace madoguchi::camera;

namespace {

constexpr auto kI420 = PixelFormat::i420, kNv12 = PixelFormat::nv12, kYuy2 = PixelFormat::yuy2,
               kMjpeg = PixelFormat::mjpeg;

struct Row {
  std::string what;
  std::vector<Mode> modes;
  Processor processor;
  int width, height, fps;
  std::size_t chosen;  ///< index
};

const std::vector<Mode> kWebcam = {{kYuy2, 640, 480, 30},    {kYuy2, 1280, 720, 10},  {kYuy2, 1920, 1080, 5},
                                   {kMjpeg, 640, 480, 30},   {kMjpeg, 1280, 720, 30}, {kMjpeg, 1280, 720, 60},
                                   {kMjpeg, 1920, 1080, 30}, {kYuy2, 640, 360, 30}};

}  // namespace

TEST_CASE("the mode nearest to what is wanted, at the least work") {
  const auto row = GENERATE(values<Row>({
      {"a usual webcam gives 720p30 as JPEG alone", kWebcam, Processor::usual, 1280, 720, 30, 4},
      {"a small processor takes fewer lines rather than decode", kWebcam, Processor::small, 1280, 720, 30, 7},
      {"a small picture needs no JPEG", kWebcam, Processor::usual, 640, 360, 30, 7},
      {"full HD where it is wanted", kWebcam, Processor::usual, 1920, 1080, 30, 6},
      {"a low rate lets raw pictures in", kWebcam, Processor::usual, 1280, 720, 10, 1},
      {"raw goes before JPEG at the same size and rate",
       {{kMjpeg, 1280, 720, 30}, {kYuy2, 1280, 720, 30}, {kNv12, 1280, 720, 30}, {kI420, 1280, 720, 30}},
       Processor::usual,
       1280,
       720,
       30,
       3},
      {"29.97 is 30",
       {{kYuy2, 1280, 720, 25}, {kMjpeg, 1280, 720, 30000.0 / 1001}},
       Processor::usual,
       1280,
       720,
       30,
       1},
      {"the same shape goes before more lines",
       {{kYuy2, 640, 480, 30}, {kYuy2, 640, 360, 30}},
       Processor::usual,
       1280,
       720,
       30,
       1},
      {"larger rather than smaller",
       {{kYuy2, 320, 180, 30}, {kYuy2, 1280, 720, 30}},
       Processor::usual,
       640,
       360,
       30,
       1},
      {"nonsense is passed over",
       {{kYuy2, 0, 0, 30},
        {kYuy2, 1281, 720, 30},
        {kYuy2, 99998, 720, 30},
        {kYuy2, 1280, 720, 0},
        {kYuy2, 160, 120, 5}},
       Processor::usual,
       1280,
       720,
       30,
       4},
      {"H.264 where nothing else gives the size, and not otherwise",
       {{PixelFormat::h264, 1280, 720, 30}, {kMjpeg, 1280, 720, 30}, {PixelFormat::h264, 1920, 1080, 30}},
       Processor::usual,
       1280,
       720,
       30,
       1},
      {"H.264 alone", {{PixelFormat::h264, 1280, 720, 30}}, Processor::usual, 1280, 720, 30, 0},
      {"the first of equals", {{kYuy2, 1280, 720, 30}, {kYuy2, 1280, 720, 30}}, Processor::usual, 1280, 720, 30, 0},
  }));
  INFO(row.what);
  const auto chosen = choose_mode(row.modes, row.width, row.height, row.fps, row.processor);
  REQUIRE(chosen.has_value());
  INFO(name(chosen->format) << " " << chosen->width << "x" << chosen->height << " at " << chosen->fps);
  CHECK(*chosen == row.modes.at(row.chosen));
}

TEST_CASE("no usable mode is none") {
  CHECK_FALSE(choose_mode({}, 1280, 720, 30, Processor::usual).has_value());
  const Mode odd{kYuy2, 641, 480, 30};
  CHECK_FALSE(choose_mode(std::vector{odd}, 1280, 720, 30, Processor::usual).has_value());
}
