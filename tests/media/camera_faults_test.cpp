// SPDX-License-Identifier: Apache-2.0
// The real camera program with a camera that does everything wrong: a preloaded stand-in of V4L2 (a simulation). Each fault
// has its own word, and good pictures of every kind arrive.
#include <poll.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <optional>
#include <string>
#include <variant>

#include "base/child.hpp"
#include "base/seqpacket.hpp"
#include "media/frames.hpp"
#include "tests/support/camera_stand_in.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/newest.hpp"

using namespace madoguchi;
using namespace madoguchi::protocol;
using test::CameraStandIn;
using test::Frame;
using test::newest;
using test::StandIn;

namespace {

struct Program {
  CameraStandIn camera;
  boost::asio::io_context loop;
  UniqueFd channel;
  std::optional<Child> child;
  FrameMemory memory;

  void start(CameraHello hello = {}) {
    auto ends = seqpacket_pair();
    REQUIRE(ends.has_value());
    channel = std::move(ends->first);
    ChildSpec spec;
    spec.program = MADOGUCHI_BIN "/madoguchi-camera";
    spec.environment = camera.environment();
    spec.fds.emplace_back(kChannelFd, std::move(ends->second));
    auto spawned = Child::spawn(loop.get_executor(), std::move(spec));
    REQUIRE(spawned.has_value());
    child = std::move(*spawned);
    hello.device = camera.node();
    auto made = make_frame_memory(hello.width, hello.height);
    REQUIRE(made.has_value());
    memory = std::move(*made);
    const int fds[] = {memory.writable.get()};
    REQUIRE(send_message(channel.get(), encode(ToCamera(hello)), fds).has_value());
  }
  /// Until the program says something, which must be a heartbeat, or the time of a picture has passed.
  void heartbeat_or_a_moment() {
    pollfd wait{channel.get(), POLLIN, 0};
    if (::poll(&wait, 1, 30) == 0) return;
    const auto message = receive_message(channel.get());
    REQUIRE(message.has_value());
    REQUIRE(message->has_value());
    const auto decoded = decode_from_camera((*message)->text);
    REQUIRE(decoded.has_value());
    REQUIRE(std::holds_alternative<Heartbeat>(*decoded));
  }
  /// The next word that is no heartbeat; nullopt: it has closed.
  std::optional<FromCamera> next() {
    for (;;) {
      pollfd wait{channel.get(), POLLIN, 0};
      REQUIRE(::poll(&wait, 1, 30'000) == 1);
      auto message = receive_message(channel.get());
      REQUIRE(message.has_value());
      if (!message->has_value()) return std::nullopt;
      auto decoded = decode_from_camera((*message)->text);
      REQUIRE(decoded.has_value());
      if (std::holds_alternative<Heartbeat>(*decoded)) continue;
      return std::move(*decoded);
    }
  }
  std::string ready_mode() {
    const auto word = next();
    REQUIRE(word.has_value());
    if (const auto* failed = std::get_if<CameraFailed>(&*word)) FAIL(failed->code << ": " << failed->message);
    CHECK(std::get<CameraReady>(*word).seccomp);
    return std::get<CameraReady>(*word).mode;
  }
  std::string failure() {
    const auto word = next();
    REQUIRE(word.has_value());
    REQUIRE(std::holds_alternative<CameraFailed>(*word));
    CHECK_FALSE(std::get<CameraFailed>(*word).message.empty());
    return std::get<CameraFailed>(*word).code;
  }
  /// Luma of the newest picture in the middle and in its left edge.
  std::pair<int, int> luma(int width, int height) {
    auto reader = FrameReader::open(memory.readable.get(), width, height);
    REQUIRE(reader.has_value());
    Frame frame;
    REQUIRE(newest(*reader, frame));
    const auto line = static_cast<std::size_t>(width) * static_cast<std::size_t>(height / 2);
    return {std::to_integer<int>(frame.pixels[line + static_cast<std::size_t>(width / 2)]),
            std::to_integer<int>(frame.pixels[line])};
  }
};

CameraHello sized(int width, int height) {
  CameraHello hello;
  hello.width = width;
  hello.height = height;
  return hello;
}

}  // namespace

TEST_CASE("pictures arrive from YUY2 and MJPEG, at the wanted size or fitted into it") {
  Program program;
  SECTION("YUY2 as it is") {
    program.start(sized(1280, 720));
    CHECK(program.ready_mode() == "YUY2 1280x720 at 30");
    CHECK(program.luma(1280, 720).first >= 40);
    CHECK(program.luma(1280, 720).second >= 40);
  }
  SECTION("MJPEG as it is") {
    program.camera.control().mjpeg = true;
    program.start(sized(320, 180));
    CHECK(program.ready_mode() == "MJPEG 320x180 at 30");
    CHECK(program.luma(320, 180).first >= 30);
  }
  SECTION("a wide picture from a 4:3 camera has bars at its sides") {
    program.start(sized(640, 400));
    CHECK(program.ready_mode() == "YUY2 640x480 at 30");
    CHECK(program.luma(640, 400).first >= 40);
    CHECK(program.luma(640, 400).second == 16);
  }
}

TEST_CASE("a camera that cannot be had says why") {
  Program program;
  StandIn& camera = program.camera.control();
  struct Row {
    int open_error, format_error;
    std::string code;
  };
  const auto row = GENERATE(values<Row>({{EBUSY, 0, "busy"},
                                         {EACCES, 0, "permission"},
                                         {ENOENT, 0, "unplugged"},
                                         {ENXIO, 0, "unplugged"},
                                         {EIO, 0, "broken"},
                                         {0, EBUSY, "busy"},
                                         {0, EINVAL, "broken"},
                                         {0, ENODEV, "unplugged"}}));
  camera.open_error = row.open_error;
  camera.format_error = row.format_error;
  program.start();
  CHECK(program.failure() == row.code);
  CHECK_FALSE(program.next().has_value());
}

TEST_CASE("a camera that never gives a picture is silent, one that gives nonsense is broken") {
  Program program;
  auto hello = sized(320, 180);
  hello.first_frame_ms = 500;
  SECTION("nothing") {
    program.camera.control().picture = StandIn::none;
    program.camera.control().mjpeg = GENERATE(false, true);
    program.start(hello);
    CHECK(program.failure() == "silent");
  }
  SECTION("nonsense") {
    program.camera.control().picture = StandIn::garbage;
    program.camera.control().mjpeg = GENERATE(false, true);
    program.start(hello);
    CHECK(program.failure() == "broken");
  }
}

TEST_CASE("what goes wrong after good pictures is told apart") {
  Program program;
  StandIn& camera = program.camera.control();
  camera.mjpeg = GENERATE(false, true);
  auto hello = sized(320, 180);
  hello.same_frame_ms = 1000;
  program.start(hello);
  program.ready_mode();
  SECTION("no more pictures") {
    camera.picture = StandIn::none;
    CHECK(program.failure() == "silent");
  }
  SECTION("always the same") {
    camera.picture = StandIn::repeated;
    CHECK(program.failure() == "frozen");
  }
  SECTION("nonsense") {
    camera.picture = StandIn::garbage;
    CHECK(program.failure() == "broken");
  }
  SECTION("pulled out") {
    program.camera.pull();
    CHECK(program.failure() == "unplugged");
  }
  SECTION("covered, and uncovered") {
    camera.picture = StandIn::dark;
    auto word = program.next();
    REQUIRE((word.has_value() && std::holds_alternative<CameraDark>(*word)));
    CHECK(std::get<CameraDark>(*word).dark);
    camera.picture = StandIn::moving;
    word = program.next();
    REQUIRE((word.has_value() && std::holds_alternative<CameraDark>(*word)));
    CHECK_FALSE(std::get<CameraDark>(*word).dark);
  }
}

TEST_CASE("MJPEG pictures whose size changes are fitted, each") {
  Program program;
  program.camera.control().mjpeg = true;
  program.camera.control().picture = StandIn::resized;
  program.start(sized(320, 180));
  program.ready_mode();
  // 640x480 is fitted between bars, 320x180 is not: both come.
  bool bars = false, none = false;
  for (int i = 0; i < 2000 && !(bars && none); ++i) {
    program.heartbeat_or_a_moment();
    const int edge = program.luma(320, 180).second;
    bars = bars || edge == 16;
    none = none || edge > 24;
  }
  CHECK(bars);
  CHECK(none);
}

TEST_CASE("a camera that gives H.264 alone is decoded, and nonsense of it is broken") {
  Program program;
  StandIn& camera = program.camera.control();
  camera.h264 = true;
  program.start(sized(320, 180));
  CHECK(program.ready_mode() == "H.264 320x180 at 30");
  auto reader = FrameReader::open(program.memory.readable.get(), 320, 180);
  REQUIRE(reader.has_value());
  // A white ball that moves on black.
  std::vector<std::vector<std::byte>> seen;
  Frame frame;
  while (seen.size() < 20) {
    program.heartbeat_or_a_moment();
    const auto before = frame.number;
    if (!newest(*reader, frame) || frame.number == before) continue;
    const auto [least, most] = std::minmax_element(frame.pixels.begin(), frame.pixels.begin() + 320 * 180);
    CHECK(std::to_integer<int>(*least) < 40);
    CHECK(std::to_integer<int>(*most) > 200);
    if (!seen.empty()) CHECK(seen.back() != frame.pixels);
    seen.push_back(frame.pixels);
  }
  camera.picture = StandIn::garbage;
  CHECK(program.failure() == "broken");
}
