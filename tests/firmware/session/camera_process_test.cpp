// SPDX-License-Identifier: Apache-2.0
// The camera process across its lives: the real program killed, stopped and closed, as the kernel sees it; and the
// back-off in virtual time.
#include "firmware/session/camera_process.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "media/frames.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/newest.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::session;

namespace {

/// Children of this test process that the kernel still runs (a zombie does not run).
std::vector<pid_t> running_children() {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::ifstream file(entry.path() / "stat");
    std::string stat;
    std::getline(file, stat);
    const auto bracket = stat.rfind(')');
    if (bracket == std::string::npos || bracket + 4 > stat.size()) continue;
    if (stat[bracket + 2] == 'Z' || stat[bracket + 2] == 'X') continue;
    if (std::stoi(stat.substr(bracket + 4)) == ::getpid()) found.push_back(std::stoi(name));
  }
  return found;
}

struct Bench {
  boost::asio::io_context loop;
  SystemClock clock{loop.get_executor()};
  int readies = 0, alive_changes = 0;
  std::vector<Loss> losses;
  std::vector<protocol::CameraFailed> failures;
  std::function<void(const protocol::CameraReady&, const protocol::FrameMemory&)> on_ready;
  CameraProcess camera{loop.get_executor(),
                       clock,
                       settings(),
                       {.on_ready =
                            [this](const protocol::CameraReady& ready, const protocol::FrameMemory& frames) {
                              ++readies;
                              if (on_ready) on_ready(ready, frames);
                            },
                        .on_failed = [this](const protocol::CameraFailed& failed) { failures.push_back(failed); },
                        .on_lost = [this](const Loss& loss) { losses.push_back(loss); },
                        .on_alive_changed = [this] { ++alive_changes; }}};

  static CameraProcessSettings settings() {
    CameraProcessSettings settings;
    settings.program = MADOGUCHI_BIN "/madoguchi-camera";
    settings.ready_within = 30s;  // a loaded machine and sanitizers; the defaults are looked at in virtual time
    return settings;
  }
  static protocol::CameraHello hello() {
    protocol::CameraHello hello;
    hello.width = 320;
    hello.height = 180;
    return hello;
  }
  bool run_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + 40s;
    loop.restart();
    while (!done() && std::chrono::steady_clock::now() < until) loop.run_one_until(until);
    return done();
  }
  void stop() {
    bool stopped = false;
    boost::asio::co_spawn(loop, camera.stop(), [&stopped](std::exception_ptr error) { stopped = !error; });
    REQUIRE(run_until([&] { return stopped; }));
  }
};

}  // namespace

TEST_CASE("a camera process lives from start to stop, and draws") {
  Bench bench;
  CHECK_FALSE(bench.camera.alive());
  CHECK(running_children().empty());
  CHECK(bench.camera.frames() == nullptr);
  test::Frame frame;
  bench.on_ready = [&](const protocol::CameraReady& ready, const protocol::FrameMemory& frames) {
    CHECK(ready.width == 320);
    CHECK(ready.seccomp);
    CHECK_FALSE(frames.writable.valid());  // only the camera holds it
    auto reader = protocol::FrameReader::open(frames.readable.get(), ready.width, ready.height);
    REQUIRE(reader.has_value());
    CHECK(test::newest(*reader, frame));
  };
  bench.camera.start(Bench::hello());
  REQUIRE(bench.run_until([&] { return bench.readies == 1; }));
  CHECK(frame.number >= 1);
  CHECK(bench.camera.alive());
  CHECK(bench.camera.frames() != nullptr);
  CHECK(bench.alive_changes == 1);
  CHECK(bench.camera.pids() == running_children());
  CHECK(bench.camera.pids().size() == 1);

  bench.stop();
  CHECK_FALSE(bench.camera.alive());
  CHECK(running_children().empty());
  CHECK(bench.camera.pids().empty());
  CHECK(bench.camera.frames() == nullptr);
  CHECK(bench.alive_changes == 2);
  CHECK(bench.losses.empty());
}

TEST_CASE("stop right after start leaves no process") {
  Bench bench;
  bench.camera.start(Bench::hello());
  if (GENERATE(false, true)) REQUIRE(bench.run_until([&] { return bench.camera.alive(); }));
  bench.stop();
  CHECK(running_children().empty());
  bench.loop.restart();
  bench.loop.poll();
  CHECK_FALSE(bench.camera.alive());
  CHECK(bench.readies == 0);
}

TEST_CASE("a killed camera process is dead at once and comes back") {
  Bench bench;
  bench.camera.start(Bench::hello());
  REQUIRE(bench.run_until([&] { return bench.readies == 1; }));
  const pid_t pid = bench.camera.pids().at(0);
  ::kill(pid, SIGKILL);
  // No turn of the loop in between: the kernel is asked.
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (bench.camera.alive() && std::chrono::steady_clock::now() < until) continue;
  CHECK_FALSE(bench.camera.alive());
  REQUIRE(bench.run_until([&] { return bench.readies == 2; }));
  REQUIRE(bench.losses.size() == 1);
  CHECK(bench.losses[0].reason == Loss::died);
  CHECK(bench.losses[0].words == "killed by SIGKILL");
  CHECK(bench.camera.pids().at(0) != pid);
  CHECK(bench.camera.lives() == 2);
  bench.stop();
  CHECK(running_children().empty());
}

TEST_CASE("a stopped camera process is replaced as hung") {
  Bench bench;
  bench.camera.start(Bench::hello());
  REQUIRE(bench.run_until([&] { return bench.readies == 1; }));
  const pid_t pid = bench.camera.pids().at(0);
  ::kill(pid, SIGSTOP);
  REQUIRE(bench.run_until([&] { return bench.losses.size() == 1; }));
  CHECK(bench.losses[0].reason == Loss::hung);
  REQUIRE(bench.run_until([&] { return bench.readies == 2; }));
  CHECK(bench.camera.pids().at(0) != pid);
  CHECK(running_children().size() == 1);
  bench.stop();
  CHECK(running_children().empty());
}

TEST_CASE("a camera that is not there is named, and tried again") {
  Bench bench;
  auto hello = Bench::hello();
  hello.device = "/dev/video99";
  bench.camera.start(hello);
  REQUIRE(bench.run_until([&] { return bench.losses.size() == 2; }));
  REQUIRE_FALSE(bench.failures.empty());
  CHECK(bench.failures[0].code == "unplugged");
  CHECK(bench.losses[0].reason == Loss::died);
  CHECK(bench.losses[0].words.find("unplugged: ") == 0);
  CHECK(bench.losses[0].words.find("exit status 2") != std::string::npos);
  CHECK(bench.readies == 0);
  bench.stop();
}

TEST_CASE("the owner's end takes the camera process along") {
  std::optional<Bench> bench(std::in_place);
  bench->camera.start(Bench::hello());
  REQUIRE(bench->run_until([&] { return bench->readies == 1; }));
  REQUIRE(running_children().size() == 1);
  bench.reset();
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!running_children().empty() && std::chrono::steady_clock::now() < until) continue;
  CHECK(running_children().empty());
}

namespace {

/// A camera played by the test, without a process, in virtual time.
struct Played {
  boost::asio::io_context loop;
  FakeClock clock{WallTime(std::chrono::milliseconds(1'800'000'000'000))};
  std::vector<UniqueFd> theirs;
  std::vector<Loss> losses;
  int readies = 0, stuck = 0;
  bool unkillable = false;
  std::string device = "simulated";
  std::vector<std::string> failures;
  std::vector<bool> darks;
  CameraProcess camera{loop.get_executor(),
                       clock,
                       CameraProcessSettings{},
                       {.on_ready = [this](const protocol::CameraReady&, const protocol::FrameMemory&) { ++readies; },
                        .on_failed = [this](const protocol::CameraFailed& failed) { failures.push_back(failed.code); },
                        .on_lost = [this](const Loss& loss) { losses.push_back(loss); },
                        .on_alive_changed = {},
                        .find_device = [this] { return device; },
                        .on_dark = [this](bool dark) { darks.push_back(dark); },
                        .on_stuck = [this] { ++stuck; }},
                       [this]() -> Result<SpawnedChild> {
                         auto ends = seqpacket_pair();
                         if (!ends) return fail(ends.error());
                         theirs.push_back(std::move(ends->second));
                         SpawnedChild child;
                         child.channel = std::move(ends->first);
                         child.unkillable = unkillable;
                         return child;
                       }};
  void advance(BootClock::duration by) {
    const auto settle = [this] {
      loop.restart();
      loop.poll();
    };
    clock.advance(by, settle);
    settle();
  }
  void say(const protocol::FromCamera& message) {
    REQUIRE(send_message(theirs.back().get(), protocol::encode(message)).has_value());
    advance(0ms);
  }
  void die() {
    theirs.back().reset();
    advance(0ms);
  }
};

}  // namespace

TEST_CASE("the back-off grows to 5 s, and begins anew after steady pictures") {
  Played played;
  played.camera.start({});
  played.advance(0ms);
  REQUIRE(played.theirs.size() == 1);
  std::size_t lives = 1;
  for (const auto delay : {0ms, 500ms, 1000ms, 2000ms, 5000ms, 5000ms}) {
    INFO(delay.count());
    played.die();
    if (delay > 0ms) {
      played.advance(delay - 1ms);
      REQUIRE(played.theirs.size() == lives);
      played.advance(1ms);
    }
    REQUIRE(played.theirs.size() == ++lives);
  }
  played.say(protocol::CameraReady{});
  CHECK(played.readies == 1);
  for (int i = 0; i < 40; ++i) {
    played.advance(250ms);
    played.say(protocol::Heartbeat{});
  }
  REQUIRE(played.theirs.size() == lives);
  played.die();
  CHECK(played.theirs.size() == lives + 1);
  CHECK(played.losses.size() == 7);
}

TEST_CASE("the hello brings the frame memory, a new one for each life") {
  Played played;
  played.camera.start({});
  played.advance(0ms);
  auto message = receive_message(played.theirs.back().get());
  REQUIRE((message.has_value() && message->has_value()));
  CHECK(std::holds_alternative<protocol::CameraHello>(protocol::decode_to_camera((*message)->text).value()));
  REQUIRE((*message)->fds.size() == 1);
  auto writer = protocol::FrameWriter::open((*message)->fds[0].get(), 1280, 720);
  REQUIRE(writer.has_value());
  CHECK(played.camera.frames() == nullptr);  // nothing is in it yet
  writer->begin();
  writer->publish(1);
  played.say(protocol::CameraReady{});
  REQUIRE(played.camera.frames() != nullptr);
  const auto frames_seen = [&played] {
    auto reader = protocol::FrameReader::open(played.camera.frames()->readable.get(), 1280, 720);
    test::Frame frame;
    return reader.has_value() && test::newest(*reader, frame);
  };
  CHECK(frames_seen());
  played.die();
  CHECK(played.camera.frames() == nullptr);
  played.say(protocol::CameraReady{});
  REQUIRE(played.camera.frames() != nullptr);
  CHECK_FALSE(frames_seen());  // the old writer's picture is not in the new memory
}

TEST_CASE("a camera that is silent for 1 s, or not ready within 5 s, is hung - not before") {
  Played played;
  played.camera.start({});
  played.advance(4999ms);
  CHECK(played.losses.empty());
  played.advance(1ms);
  REQUIRE(played.losses.size() == 1);
  CHECK(played.losses[0].reason == Loss::hung);
  REQUIRE(played.theirs.size() == 2);
  played.say(protocol::CameraReady{});
  played.advance(999ms);
  CHECK(played.losses.size() == 1);
  played.advance(1ms);
  REQUIRE(played.losses.size() == 2);
  CHECK(played.losses[1].reason == Loss::hung);
  CHECK(played.losses[1].words == "no word for 1000 ms");
}

TEST_CASE("a camera process that survives its SIGKILL is left behind, told, and the next begins beside it") {
  Played played;
  played.unkillable = true;
  played.camera.start({});
  played.advance(0ms);
  played.say(protocol::CameraReady{});
  played.unkillable = false;
  played.advance(1000ms);  // hung
  REQUIRE(played.losses.size() == 1);
  played.advance(1999ms);
  CHECK(played.stuck == 0);
  CHECK(played.theirs.size() == 1);
  played.advance(1ms);
  CHECK(played.stuck == 1);
  CHECK(played.theirs.size() == 2);
  CHECK(played.camera.alive());  // the lamp stays lit: the old one still has the camera
  played.die();
  played.advance(500ms);
  CHECK(played.stuck == 1);
  CHECK(played.theirs.size() == 3);
}

TEST_CASE("a camera process that survives its SIGKILL at the end of a consultation is told too") {
  Played played;
  played.unkillable = true;
  played.camera.start({});
  played.advance(0ms);
  bool stopped = false;
  boost::asio::co_spawn(played.loop, played.camera.stop(), [&stopped](std::exception_ptr) { stopped = true; });
  played.advance(2000ms);
  CHECK(played.stuck == 1);
  CHECK_FALSE(stopped);
  CHECK(played.camera.alive());
  CHECK(played.theirs.size() == 1);
}

TEST_CASE("without a camera no process is started, and devices that come make the next try at once") {
  Played played;
  played.device.clear();
  played.camera.start({});
  played.advance(2000ms);
  CHECK(played.theirs.empty());
  CHECK_FALSE(played.camera.alive());
  REQUIRE_FALSE(played.failures.empty());
  CHECK(played.failures.front() == "unplugged");
  played.advance(60s);
  const std::size_t losses = played.losses.size();
  played.advance(1ms);
  CHECK(played.losses.size() == losses);  // in the middle of the longest pause
  played.device = "/dev/video7";
  played.camera.hurry();
  played.advance(0ms);
  REQUIRE(played.theirs.size() == 1);
  auto message = receive_message(played.theirs.back().get());
  REQUIRE((message.has_value() && message->has_value()));
  const auto hello = protocol::decode_to_camera((*message)->text).value();
  CHECK(std::get<protocol::CameraHello>(hello).device == "/dev/video7");
  CHECK(std::get<protocol::CameraHello>(hello).first_frame_ms == 4000);
  // Its rights come a moment after the node: the first try may fail, the change of rights is the second.
  played.die();
  CHECK(played.theirs.size() == 2);
  played.die();
  played.camera.hurry();
  played.advance(0ms);
  CHECK(played.theirs.size() == 3);
}

TEST_CASE("a dark picture is told as it comes and goes, and costs no process") {
  Played played;
  played.camera.start({});
  played.advance(0ms);
  played.say(protocol::CameraReady{protocol::kVersion, 1280, 720, 30, true, true, "YUY2 1280x720 at 30"});
  CHECK(played.camera.mode() == "YUY2 1280x720 at 30");
  played.say(protocol::CameraDark{true});
  played.say(protocol::CameraDark{false});
  CHECK(played.darks == std::vector<bool>{true, false});
  CHECK(played.losses.empty());
}

TEST_CASE("hurrying a camera that is not wanted, or is there, changes nothing") {
  Played played;
  played.camera.hurry();
  played.advance(10s);
  CHECK(played.theirs.empty());
  played.camera.start({});
  played.advance(0ms);
  played.say(protocol::CameraReady{});
  played.camera.hurry();
  played.advance(0ms);
  CHECK(played.theirs.size() == 1);
  CHECK(played.losses.empty());
}
