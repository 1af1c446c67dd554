// SPDX-License-Identifier: Apache-2.0
// The simulated camera: its picture moves and tells the time; the program films into the frame memory, beats, gives up
// in words, and ends with its channel.
#include <poll.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/child.hpp"
#include "base/seqpacket.hpp"
#include "media/camera/source.hpp"
#include "media/camera/test_picture.hpp"
#include "media/frames.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/newest.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::protocol;
using test::Frame;
using test::newest;

namespace {

std::vector<std::byte> drawn(int width, int height, std::chrono::nanoseconds moment, std::chrono::milliseconds time) {
  std::vector<std::byte> room(frame_bytes(width, height));
  camera::TestPicture(width, height).draw(room, moment, time);
  return room;
}

struct Program {
  boost::asio::io_context loop;
  UniqueFd channel;
  std::optional<Child> child;
  FrameMemory memory;

  Program() {
    auto ends = seqpacket_pair();
    REQUIRE(ends.has_value());
    channel = std::move(ends->first);
    ChildSpec spec;
    spec.program = MADOGUCHI_BIN "/madoguchi-camera";
    spec.fds.emplace_back(kChannelFd, std::move(ends->second));
    auto spawned = Child::spawn(loop.get_executor(), std::move(spec));
    REQUIRE(spawned.has_value());
    child = std::move(*spawned);
  }
  void greet(const CameraHello& hello) {
    auto made = make_frame_memory(hello.width, hello.height);
    if (made) memory = std::move(*made);
    std::vector<int> fds;
    if (made) fds = {memory.writable.get()};
    REQUIRE(send_message(channel.get(), encode(ToCamera(hello)), fds).has_value());
  }
  /// nullopt: it has closed.
  std::optional<FromCamera> next() {
    pollfd wait{channel.get(), POLLIN, 0};
    REQUIRE(::poll(&wait, 1, 30'000) == 1);
    auto message = receive_message(channel.get());
    REQUIRE(message.has_value());
    if (!message->has_value()) return std::nullopt;
    auto decoded = decode_from_camera((*message)->text);
    REQUIRE(decoded.has_value());
    return std::move(*decoded);
  }
  int exit_status() {
    std::optional<int> status;
    boost::asio::co_spawn(loop, child->wait(), [&status](std::exception_ptr error, int value) {
      if (!error) status = value;
    });
    loop.run_for(30s);
    REQUIRE(status.has_value());
    REQUIRE(WIFEXITED(*status));
    return WEXITSTATUS(*status);
  }
};

}  // namespace

TEST_CASE("the test picture fills its frame and moves") {
  const auto [width, height] = GENERATE(table<int, int>({{1280, 720}, {640, 480}, {16, 16}, {4096, 16}, {16, 4096}}));
  INFO(width << "x" << height);
  const auto one = drawn(width, height, 10s, 12h);
  const auto same = drawn(width, height, 10s, 12h);
  const auto later = drawn(width, height, 10s + 1500ms, 12h);
  CHECK(one == same);
  const auto luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  CHECK(std::memcmp(one.data(), later.data(), luma) != 0);
  for (std::size_t i = 0; i < luma; ++i) {
    const int y = std::to_integer<int>(one[i]);
    if (y < 16 || y > 235) FAIL("luma " << y << " at " << i);  // zero would be a hole
  }
}

TEST_CASE("the strip's brightness rises and falls within two seconds") {
  using camera::TestPicture;
  CHECK(TestPicture::strip_luma(0s) == 16);
  CHECK(TestPicture::strip_luma(1s) == 235);
  CHECK(TestPicture::strip_luma(2s) == 16);
  CHECK(TestPicture::strip_luma(500ms) == TestPicture::strip_luma(1500ms));
  const auto picture = drawn(640, 480, 500ms, 0ms);
  const int top = TestPicture(640, 480).strip_top();
  CHECK(std::to_integer<int>(picture[static_cast<std::size_t>(top) * 640]) == TestPicture::strip_luma(500ms));
  CHECK(std::to_integer<int>(picture[640 * 480 - 1]) == TestPicture::strip_luma(500ms));
}

TEST_CASE("the picture's clock changes with each millisecond") {
  std::vector<std::vector<std::byte>> seen;
  for (int digit = 0; digit < 10; ++digit) {  // every digit has its own form
    const auto picture = drawn(320, 180, 0s, std::chrono::milliseconds(digit));
    for (const auto& other : seen) CHECK(picture != other);
    seen.push_back(picture);
  }
  CHECK(drawn(320, 180, 0s, 23h + 59min + 59s) != drawn(320, 180, 0s, 22h + 59min + 59s));
  CHECK(drawn(320, 180, 0s, 24h) == drawn(320, 180, 0s, 0h));
}

TEST_CASE("a source that cannot be is refused with a code") {
  struct Row {
    CameraHello hello;
    std::string code;
  };
  const auto row = GENERATE(values<Row>({{{1, "/dev/video-not-there", 1280, 720, 30}, "unplugged"},
                                         {{1, "", 1280, 720, 30}, "unplugged"},
                                         {{1, "simulated", 1281, 720, 30}, "broken"},
                                         {{1, "simulated", 0, 0, 30}, "broken"},
                                         {{1, "simulated", 1280, 720, 0}, "broken"},
                                         {{1, "simulated", 1280, 720, 1000}, "broken"}}));
  auto source = camera::open_device(row.hello);
  REQUIRE_FALSE(source.has_value());
  CHECK(source.error().code == row.code);
  CHECK_FALSE(source.error().message.empty());
}

TEST_CASE("the program films: ready with the first frame, heartbeats, new frames") {
  Program program;
  program.greet(CameraHello{kVersion, "simulated", 640, 360, 30});
  const auto first = program.next();
  REQUIRE(first.has_value());
  REQUIRE(std::holds_alternative<CameraReady>(*first));
  CHECK(std::get<CameraReady>(*first).width == 640);
  CHECK(std::get<CameraReady>(*first).fps == 30);
  CHECK(std::get<CameraReady>(*first).seccomp);

  auto reader = FrameReader::open(program.memory.readable.get(), 640, 360);
  REQUIRE(reader.has_value());
  Frame frame;
  REQUIRE(newest(*reader, frame));
  const Frame before = frame;
  for (std::uint64_t count = 1; count <= 2; ++count) {
    const auto beat = program.next();
    REQUIRE(beat.has_value());
    REQUIRE(std::holds_alternative<Heartbeat>(*beat));
    CHECK(std::get<Heartbeat>(*beat).count == count);
  }
  REQUIRE(newest(*reader, frame));
  CHECK(frame.number > before.number + 3);
  CHECK(frame.pts_ns - before.pts_ns > 300'000'000);  // two beats
  CHECK(frame.pixels != before.pixels);

  if (GENERATE(false, true)) {
    program.channel.reset();
  } else {
    REQUIRE(send_message(program.channel.get(), encode(ToCamera(Quit{}))).has_value());
  }
  CHECK(program.exit_status() == 0);
}

TEST_CASE("the program ends with its channel also before the hello") {
  Program program;
  program.channel.reset();
  CHECK(program.exit_status() == 0);
}

TEST_CASE("a camera that is not there: words, and an exit status") {
  Program program;
  program.greet(CameraHello{kVersion, "/dev/video99", 640, 360, 30});
  const auto failed = program.next();
  REQUIRE(failed.has_value());
  REQUIRE(std::holds_alternative<CameraFailed>(*failed));
  CHECK(std::get<CameraFailed>(*failed).code == "unplugged");
  CHECK(std::get<CameraFailed>(*failed).message.find("/dev/video99") != std::string::npos);
  CHECK_FALSE(program.next().has_value());
  CHECK(program.exit_status() == 2);
}

TEST_CASE("a daemon that breaks the protocol is left") {
  Program program;
  SECTION("no hello") { REQUIRE(send_message(program.channel.get(), "{}").has_value()); }
  SECTION("no descriptors") {
    REQUIRE(send_message(program.channel.get(), encode(ToCamera(CameraHello{}))).has_value());
  }
  CHECK(program.exit_status() == 3);
}
