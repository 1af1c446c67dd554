// SPDX-License-Identifier: Apache-2.0
// What nobody tells the box of: its clock, its lamp, its configuration, a camera that is not there, and what of all that
// would spoil the next press.
#include <fcntl.h>
#include <unistd.h>

#include "tests/firmware/room.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

using With = std::function<void(Room&, config::Config&)>;

bool has(const Strings& codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// What would spoil the next press.
Strings spoilers(Room& room) {
  const auto status = room.ask({{"command", "status"}});
  REQUIRE(status);
  const object& next = status->body.at("next_press").as_object();
  Strings codes;
  for (const auto& code : next.at("spoiled_by").as_array()) codes.emplace_back(code.as_string());
  CHECK(next.at("works").as_bool() == codes.empty());
  return codes;
}

}  // namespace

TEST_CASE("a clock before the floor is wrong, and the screen does not say that there are no bookings") {
  const bool saved = GENERATE(false, true);
  CAPTURE(saved);
  Room room(std::make_unique<HallBoard>(), {}, [saved](Room& it, config::Config& config) {
    const WallTime floor = it.clock.wall() + 1h;
    if (!saved) {
      config.box.built = floor;
      return;
    }
    std::filesystem::create_directories(config.box.state);
    std::filesystem::permissions(config.box.state, std::filesystem::perms::owner_all);
    const object known{{"wall", floor.time_since_epoch().count()}};
    write_text(config.box.state / "clock.json", json::bj::serialize(known));
  });
  CHECK(room.latest().code == "clock-wrong");
  CHECK(has(faults(room), "clock-wrong"));
  CHECK(has(spoilers(room), "clock-wrong"));
  room.clock.jump_wall(1h - 1s);
  room.advance(500ms);
  CHECK(room.latest().code == "clock-wrong");
  room.clock.jump_wall(1s);
  room.advance(500ms);
  CHECK(room.latest().code == "no-bookings");
  CHECK_FALSE(has(faults(room), "clock-wrong"));
  CHECK(spoilers(room).empty());
}

TEST_CASE("a clock that nothing has set is not believed, and is a fault after five minutes") {
  const bool wanted = GENERATE(true, false);
  CAPTURE(wanted);
  Room room(std::make_unique<HallBoard>(), {}, [wanted](Room& it, config::Config& config) {
    it.clock.synced = false;
    config.box.synchronised_clock = wanted;
  });
  CHECK(room.latest().code == (wanted ? "clock-wrong" : "no-bookings"));
  CHECK(has(spoilers(room), "clock-wrong") == wanted);
  room.advance(5min);
  CHECK_FALSE(has(faults(room), "clock-wrong"));
  room.advance(1s);
  CHECK(has(faults(room), "clock-wrong") == wanted);
  room.clock.synced = true;
  room.advance(1s);
  CHECK_FALSE(has(faults(room), "clock-wrong"));
  CHECK(room.latest().code == "no-bookings");
  // NTP is away: a clock that was right an hour ago is right enough for bookings, and IT reads of it.
  room.clock.synced = false;
  room.advance(6min);
  CHECK(has(faults(room), "clock-wrong") == wanted);
  CHECK(room.latest().code == "no-bookings");
}

TEST_CASE("the time that is known for sure is written every hour, and no other") {
  Room room(std::make_unique<HallBoard>(), {}, [](Room& it, config::Config&) { it.clock.synced = false; });
  const auto file = room.folder / "state/clock.json";
  const auto written = [&]() -> std::int64_t {
    if (!std::filesystem::exists(file)) return 0;
    return json::parse_object(read_text(file)).value_or(object()).at("wall").as_int64();
  };
  const auto now = [&room] { return room.clock.wall().time_since_epoch().count(); };
  room.advance(5min);
  CHECK(written() == 0);
  room.clock.synced = true;
  room.advance(1s);
  REQUIRE(until(
      room.io, [&] { return written() != 0; }, 20s));
  const std::int64_t first = written();
  CHECK(now() - first < 1000);
  room.advance(59min);
  room.advance(61s);
  REQUIRE(until(
      room.io, [&] { return written() != first; }, 20s));
  CHECK(now() - written() < 2000);
}

TEST_CASE("a lamp that is not as it was set is a fault, a moment is none, and a lamp that cannot be asked is none") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& hall = *made;
  Room room(std::move(made));
  room.advance(2s);
  CHECK_FALSE(has(faults(room), "lamp-differs"));
  hall.seen = {true, false};
  room.advance(500ms);
  CHECK_FALSE(has(faults(room), "lamp-differs"));
  room.advance(1s);
  CHECK(has(faults(room), "lamp-differs"));
  hall.seen = {true, true};
  room.advance(250ms);
  CHECK_FALSE(has(faults(room), "lamp-differs"));
  hall.seen = {false, true};
  room.advance(2s);
  CHECK(has(faults(room), "lamp-differs"));
  hall.seen = {false, std::nullopt};
  room.advance(250ms);
  CHECK_FALSE(has(faults(room), "lamp-differs"));
}

TEST_CASE("a camera that another program has open while the lamp is dark is a fault until it is closed") {
  Room room(std::make_unique<HallBoard>(), {}, [](Room& it, config::Config& config) {
    write_text(it.folder / "video7", "");
    config.camera.device = (it.folder / "video7").native();
  });
  CHECK(faults(room).empty());
  {
    const UniqueFd held(::open((room.folder / "video7").c_str(), O_RDONLY | O_CLOEXEC));
    room.advance(61s);
    CHECK(has(faults(room), "lamp-differs"));
    CHECK(room.board->lamp().mode == board::Lamp::Mode::dark);
  }
  room.advance(61s);
  CHECK(faults(room).empty());
}

TEST_CASE("a configuration that was spoilt is a fault before a restart finds it, until it is mended") {
  const std::string good = "[box]\nhall = \"x\"\n";
  Room room(std::make_unique<HallBoard>(), {}, [&good](Room& it, config::Config& config) {
    config.box.file = it.folder / "box.toml";
    write_text(config.box.file, good);
  });
  const auto file = room.folder / "box.toml";
  const auto at = std::filesystem::last_write_time(file);
  room.advance(3min);
  CHECK(faults(room).empty());
  write_text(file, "[box]\nhal = \"x\"\n");
  std::filesystem::last_write_time(file, at + 1s);
  room.advance(1min);
  CHECK(has(faults(room), "config-invalid"));
  write_text(file, good);
  std::filesystem::last_write_time(file, at + 2s);
  room.advance(1min);
  CHECK(faults(room).empty());
  std::filesystem::rename(file, room.folder / "elsewhere");
  room.advance(1min);
  CHECK(has(faults(room), "config-invalid"));
  std::filesystem::rename(room.folder / "elsewhere", file);
  room.advance(1min);
  CHECK(faults(room).empty());
}

TEST_CASE("a camera that is not there takes the idle box out of service with its two steps, and comes back by itself") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& hall = *made;
  Room room(
      std::move(made), [](Room& it) { it.booked(5min, 30min); },
      [](Room& it, config::Config& config) { config.camera.device = (it.folder / "video7").native(); });
  room.advance(500ms);
  CHECK(room.latest().code == "out-of-service");
  const FaultInfo& fault = info(Fault::camera_unplugged);
  for (const std::string_view said : {fault.ja, fault.steps_ja[0], fault.en, fault.steps_en[0]}) {
    CHECK(room.words().find(said) != std::string::npos);
  }
  CHECK(room.board->lamp() == board::Lamp{board::Lamp::Mode::rhythm, fault.lamp});
  CHECK(has(spoilers(room), "camera-unplugged"));
  hall.press(board::Press::short_press);
  room.settle();
  CHECK(room.board->lamp().mode == board::Lamp::Mode::pulse);
  CHECK(room.media.heard<protocol::SetMicrophone>().empty());

  write_text(room.folder / "video7", "");
  room.advance(61s);
  CHECK(room.latest().code == "ready");
  CHECK_FALSE(has(spoilers(room), "camera-unplugged"));
  hall.press(board::Press::short_press);
  room.settle();
  REQUIRE(room.latest().code == "calling");
  // Nobody who is called for is thrown out.
  std::filesystem::remove(room.folder / "video7");
  room.advance(61s);
  CHECK(room.latest().code != "out-of-service");
}

TEST_CASE("a button that is gone takes the idle box out of service") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& hall = *made;
  Room room(std::move(made));
  hall.ears.fault(Fault::button_missing, true);
  room.advance(250ms);
  CHECK(room.latest().code == "out-of-service");
  CHECK(room.words().find(info(Fault::button_missing).steps_ja[0]) != std::string::npos);
  hall.ears.fault(Fault::button_missing, false);
  room.advance(250ms);
  CHECK(room.latest().code == "no-bookings");
}

TEST_CASE("what would spoil the next press: a calendar that was never read, and why it is not read now") {
  Room never(
      std::make_unique<HallBoard>(), [](Room&) {},
      [](Room&, config::Config& config) { config.schedule.feeds[0].url = silent_office() + "/bookings.ics"; });
  CHECK(spoilers(never) == Strings{"bookings-unread"});
  Room down(std::make_unique<HallBoard>(), [](Room&) {});
  REQUIRE(until(
      down.io, [&down] { return spoilers(down) == Strings{"feed-down"}; }, 20s));
  down.advance(250ms);
  CHECK(down.latest().code == "bookings-unread");
  CHECK(down.words().find(info(Fault::feed_down).ja) != std::string::npos);
  CHECK(down.words().find("ケーブル") == std::string::npos);
}
