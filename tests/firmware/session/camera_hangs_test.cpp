// SPDX-License-Identifier: Apache-2.0
// Cameras whose driver blocks, and those that are pulled out and come back, across the lives of the real camera process. The
// camera is a preloaded stand-in of V4L2 (a simulation).
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <optional>

#include "board/linux/node_watch.hpp"
#include "firmware/session/camera_process.hpp"
#include "tests/support/camera_stand_in.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::session;

namespace {

struct Bench {
  test::CameraStandIn stand_in;
  boost::asio::io_context loop;
  SystemClock clock{loop.get_executor()};
  int readies = 0;
  std::vector<Loss> losses;
  std::vector<std::string> codes;
  std::unique_ptr<CameraProcess> camera;
  std::unique_ptr<board::NodeWatch> watch;

  void start(std::chrono::milliseconds ready_within = 30s) {
    CameraProcessSettings settings;
    settings.program = MADOGUCHI_BIN "/madoguchi-camera";
    for (auto& each : stand_in.environment()) settings.environment.push_back(each);
    settings.ready_within = ready_within;
    CameraProcess::Handlers handlers;
    handlers.on_ready = [this](const protocol::CameraReady&, const protocol::FrameMemory&) { ++readies; };
    handlers.on_failed = [this](const protocol::CameraFailed& failed) { codes.push_back(failed.code); };
    handlers.on_lost = [this](const Loss& loss) { losses.push_back(loss); };
    handlers.find_device = [this] {
      return std::filesystem::exists(stand_in.node()) ? stand_in.node() : std::string();
    };
    camera = std::make_unique<CameraProcess>(loop.get_executor(), clock, settings, std::move(handlers));
    auto opened =
        board::NodeWatch::open(loop.get_executor(), stand_in.folder() / "dev", "video", [this] { camera->hurry(); });
    REQUIRE(opened.has_value());
    watch = std::move(*opened);
    protocol::CameraHello hello;
    hello.width = 320;
    hello.height = 180;
    camera->start(hello);
  }
  bool run_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + 40s;
    loop.restart();
    while (!done() && std::chrono::steady_clock::now() < until) loop.run_one_until(until);
    return done();
  }
  ~Bench() { watch.reset(); }
};

}  // namespace

TEST_CASE("an open that blocks is a hung camera, and when it opens again, there is a picture") {
  Bench bench;
  bench.stand_in.control().open_blocks = true;
  bench.start(3s);
  REQUIRE(bench.run_until([&] { return bench.losses.size() == 1; }));
  CHECK(bench.losses[0].reason == Loss::hung);
  CHECK(bench.stand_in.control().opened >= 1);
  CHECK(bench.readies == 0);
  bench.stand_in.control().open_blocks = false;
  REQUIRE(bench.run_until([&] { return bench.readies > 0; }));
}

TEST_CASE("a driver that blocks in the middle of pictures is a hung camera, and is replaced") {
  Bench bench;
  bench.start();
  REQUIRE(bench.run_until([&] { return bench.readies == 1; }));
  bench.stand_in.control().ioctl_blocks = true;
  REQUIRE(bench.run_until([&] { return bench.losses.size() == 1; }));
  CHECK(bench.losses[0].reason == Loss::hung);
  bench.stand_in.control().ioctl_blocks = false;
  REQUIRE(bench.run_until([&] { return bench.readies == 2; }));
  CHECK(bench.codes.empty());
}

TEST_CASE("a camera that is pulled out is not asked for, and one that comes back is there at once") {
  Bench bench;
  bench.start();
  REQUIRE(bench.run_until([&] { return bench.readies == 1; }));
  bench.stand_in.pull();
  // Long enough for the longest back-off: the plug alone makes the next try.
  REQUIRE(bench.run_until([&] { return bench.losses.size() >= 5; }));
  CHECK(bench.codes.front() == "unplugged");
  const std::uint32_t lives = bench.camera->lives();
  CHECK(lives <= 2);  // without a camera no process: the lamp would be lit
  CHECK_FALSE(bench.camera->alive());
  bench.stand_in.plug();
  const auto plugged = std::chrono::steady_clock::now();
  REQUIRE(bench.run_until([&] { return bench.readies == 2; }));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - plugged);
  WARN("a picture " << took.count() << " ms after the plug");
  CHECK(bench.camera->lives() > lives);
}
