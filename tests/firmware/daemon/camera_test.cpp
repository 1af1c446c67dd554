// SPDX-License-Identifier: Apache-2.0
// A real daemon in a consultation whose camera does everything wrong: the talk goes on, the screen and the status say what it
// is, and the picture comes back. The camera is a preloaded stand-in of V4L2 (a simulation).
#include "tests/firmware/daemon/box_and_office.hpp"
#include "tests/support/camera_stand_in.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

// Small pictures: two of these tests run at a time, and under a sanitizer full ones take more than the machine has.
constexpr const char* kMedia = "width = 640\nheight = 360\nfps = 15\n";

struct Hall {
  CameraStandIn camera;
  BoxAndOffice it{kMedia, "device = \"" + camera.node() + "\"\nsame_frame_after = \"2s\"\n"};

  Hall() {
    const auto file = it.box.folder() / "box.toml";
    std::string config = read_text(file);
    const std::string key = "programs = \"", real = key + MADOGUCHI_BIN;
    const auto at = config.find(real);
    REQUIRE(at != std::string::npos);
    config.replace(at, real.size(), key + camera.programs().native());
    write_text(file, config);
    it.box.start();
  }
  bool good(std::chrono::seconds within = 30s) {
    return it.box.until(
        [](const object& now) {
          return !text_at(now, "camera.mode").empty() && text_at(now, "card.code") == "talking" &&
                 text_at(now, "phase") == "talking" && now.at("faults").as_array().empty();
        },
        within);
  }
  bool trouble(std::string_view fault) {
    return it.box.until(
        [fault](const object& now) { return has_fault(now, fault) && text_at(now, "card.code") == "camera-trouble"; },
        30s);
  }
  /// The far side's picture is shown and its sound played: the talk goes on in both directions.
  bool talk_goes_on() {
    const double seen = number_at(leg_of(it.box.last, "play"), "frames");
    const double sent = number_at(leg_of(it.box.last, "publish"), "bytes");
    return it.box.until(
        [&](const object& now) {
          return text_at(now, "phase") == "talking" && now.at("microphone").as_bool() &&
                 number_at(leg_of(now, "play"), "frames") > seen + 5 &&
                 number_at(leg_of(now, "publish"), "bytes") > sent;
        },
        10s);
  }
};

}  // namespace

TEST_CASE("each trouble of a camera is told by its name, the talk goes on, and the picture comes back by itself") {
  Hall hall;
  const auto state = [&] { return json::bj::serialize(hall.it.box.last) + "\n" + hall.it.box.log(); };
  REQUIRE(hall.it.talking());
  if (!hall.good()) FAIL(state());
  StandIn& camera = hall.camera.control();
  struct Row {
    std::string fault;
    std::function<void()> begin, end;
  };
  const Row rows[] = {
      {"camera-unplugged", [&] { hall.camera.pull(); }, [&] { hall.camera.plug(); }},
      {"camera-silent", [&] { camera.picture = StandIn::none; }, [&] { camera.picture = StandIn::moving; }},
      {"camera-broken", [&] { camera.picture = StandIn::garbage; }, [&] { camera.picture = StandIn::moving; }},
      {"camera-frozen", [&] { camera.picture = StandIn::repeated; }, [&] { camera.picture = StandIn::moving; }},
      {"camera-dark", [&] { camera.picture = StandIn::dark; }, [&] { camera.picture = StandIn::moving; }},
      {"camera-hung", [&] { camera.ioctl_blocks = true; }, [&] { camera.ioctl_blocks = false; }},
  };
  for (const Row& row : rows) {
    INFO(row.fault);
    row.begin();
    if (!hall.trouble(row.fault)) FAIL(state());
    if (!hall.talk_goes_on()) FAIL(state());
    row.end();
    if (!hall.good()) FAIL(state());
  }
}

TEST_CASE(
    "a camera that another program holds, or that is forbidden, is told, and after its release there is a picture") {
  Hall hall;
  hall.camera.control().open_error = EBUSY;
  REQUIRE(hall.it.talking());
  REQUIRE(hall.trouble("camera-busy"));
  hall.camera.control().open_error = EACCES;
  REQUIRE(hall.trouble("camera-permission"));
  CHECK_FALSE(has_fault(hall.it.box.last, "camera-busy"));  // the reason of now
  REQUIRE(hall.talk_goes_on());
  hall.camera.control().open_error = 0;
  REQUIRE(hall.good());
}

TEST_CASE("the end of a consultation takes the camera's faults along") {
  Hall hall;
  hall.camera.control().open_error = EBUSY;
  REQUIRE(hall.it.talking());
  REQUIRE(hall.trouble("camera-busy"));
  hall.it.box.press(true);
  REQUIRE(hall.it.box.until_phase("idle", 20s));
  CHECK(hall.it.box.until([](const object& now) { return !has_fault(now, "camera-busy"); }, 10s));
  CHECK(hall.it.box.children_gone());
}
