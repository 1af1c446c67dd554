// SPDX-License-Identifier: Apache-2.0
// What reaches the screen when a button is pressed, and what a box with a real board refuses.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/firmware/room.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

TEST_CASE("a press is answered on the screen, with a chime, each time") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made));
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.board->lamp().mode == board::Lamp::Mode::pulse);
  CHECK(room.chimes("nothing-open") == Strings{"press"});
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.chimes("nothing-open") == Strings{"press", "press"});
}

TEST_CASE("a finger lights the lamp at once, and fills a ring where holding on means something else") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made), [](Room& it) { it.booked(5min, 30min); });
  const auto since = [&room] { return room.latest().held_since_ms; };
  button.ears.touch(true);
  room.settle();
  CHECK(room.board->lamp().mode == board::Lamp::Mode::pulse);
  CHECK(since() == 0);  // from idle any press starts
  button.ears.touch(false);
  button.press(board::Press::short_press);
  room.settle();
  REQUIRE(room.latest().code == "calling");
  CHECK(since() == 0);

  room.advance(2s);
  button.ears.touch(true);
  room.settle();
  CHECK(since() == room.clock.boot().time_since_epoch() / 1ms);
  CHECK(room.latest().hold_ms == config::Config().board.press.long_after / 1ms);
  button.ears.touch(false);
  room.settle();
  CHECK(since() == 0);
}

TEST_CASE("the day on the screen is another after midnight in Japan") {
  Room room(std::make_unique<HallBoard>(), [](Room& it) {
    const auto day = WallTime(std::chrono::floor<std::chrono::hours>(it.clock.wall().time_since_epoch()));
    REQUIRE(day == it.clock.wall());            // 17:00 in Japan
    it.clock.advance(6h + 59min + 30s, [] {});  // nothing runs yet
    it.booked(600min, 630min);
  });
  CAPTURE(room.latest().code, room.words());
  CHECK(room.latest().date.find("15日（金）") != std::string::npos);
  room.advance(25s);
  CHECK(room.latest().date.find("15日（金）") != std::string::npos);
  room.advance(10s);
  CHECK(room.latest().date.find("16日（土）") != std::string::npos);
}

TEST_CASE("the receipt number is shown from the press on, not to whoever walks by") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made), [](Room& it) { it.booked(5min, 30min, "100234"); });
  REQUIRE(room.latest().code == "ready");
  CHECK(room.words().find("100234") == std::string::npos);
  button.press(board::Press::short_press);
  room.settle();
  REQUIRE(room.latest().code == "calling");
  CHECK(room.words().find("受付番号　100234") != std::string::npos);
}

TEST_CASE("a press while the media process hangs is answered by the next one") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made));
  room.media.hang();
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.board->lamp().mode == board::Lamp::Mode::pulse);
  for (int i = 0; i < 40 && room.media.lives() == 1; ++i) room.advance(100ms);
  REQUIRE(room.media.lives() == 2);
  room.advance(100ms);
  CHECK(room.chimes("nothing-open") == Strings{"press"});
}

TEST_CASE("a press while no media process is ready is answered as soon as one is") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made));
  room.media.habits.ready = false;
  room.media.die();
  room.advance(1s);
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.chimes("nothing-open").empty());
  room.media.habits.ready = true;
  for (int i = 0; i < 200 && room.chimes("nothing-open").empty(); ++i) room.advance(100ms);
  CHECK(room.chimes("nothing-open") == Strings{"press"});
}

TEST_CASE("the ready card chimes when a booking opens, and not when a fresh media process shows it again") {
  Room room(std::make_unique<HallBoard>(), [](Room& it) { it.booked(31min, 60min); });
  CHECK(room.chimes("ready").empty());
  room.advance(2min);
  CHECK(room.chimes("ready") == Strings{"ready"});
  room.media.die();
  for (int i = 0; i < 40 && room.media.lives() == 1; ++i) room.advance(100ms);
  room.advance(100ms);
  REQUIRE(room.media.lives() == 2);
  CHECK(room.chimes("ready") == Strings{""});
}

TEST_CASE(
    "a press of an earlier life of this boot is gone on with, also past the booked end, and a bare id by the agenda") {
  struct Row {
    const char* what;
    object press;
    std::chrono::minutes from, until;  ///< of the booking in the agenda; from 0: there is none
    bool resumed;
  };
  const std::string boot = session::read_boot_id();
  const auto now = FakeClock(WallTime(1'800'000'000'000ms)).boot().time_since_epoch();
  const auto written = [&](std::chrono::seconds ago, const std::string& server = silent_office()) {
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(now - ago).count();
    const object seat{
        {"id", "counsellor"}, {"role", "相談員"}, {"publish", server + "/whip/r"}, {"play", server + "/whep/r"}};
    return object{{"version", 1},
                  {"boot", boot},
                  {"written", at},
                  {"plan", object{{"consultation", "0123456789abcdef"},
                                  {"start", 1'799'990'000'000},
                                  {"end", 1'799'999'000'000},
                                  {"events", ""},
                                  {"seats", json::bj::array{seat}}}}};
  };
  const object bare{{"boot", boot}, {"consultation", "0123456789abcdef"}};
  const Row rows[] = {
      {"past the end, written a minute ago", written(1min), -60min, -20min, true},
      {"a server that no rule makes", written(1min, "https://elsewhere.example"), 0min, 0min, false},
      {"the agenda does not know it", written(1min), 0min, 0min, true},
      {"past the end, the daemon was long away", written(1h), -60min, -20min, false},
      {"the office has moved the end", written(1h), -60min, 20min, true},
      {"a bare id, the booking goes on", bare, -60min, 20min, true},
      {"a bare id, past the end", bare, -60min, -20min, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Room room(std::make_unique<HallBoard>(), [&row](Room& it) {
      it.booked(row.from, row.until);
      if (row.from == 0min) std::filesystem::remove(it.folder / "state/agenda-hall.json");
      write_text(it.folder / "state/press.json", json::bj::serialize(row.press));
    });
    room.advance(1s);
    CHECK(room.media.heard<protocol::SetMicrophone>().empty() != row.resumed);
    const auto file = room.folder / "state/press.json";
    REQUIRE(until(
        room.io,
        [&] {
          return std::filesystem::exists(file) == row.resumed &&
                 (!row.resumed || read_text(file).find("\"version\":1") != std::string::npos);
        },
        20s));
  }
}

TEST_CASE("a media process that runs without its sandbox is a fault, until one has it") {
  Room room(std::make_unique<HallBoard>());
  const auto missing = [&room] {
    const Strings codes = faults(room);
    return std::find(codes.begin(), codes.end(), "sandbox-missing") != codes.end();
  };
  CHECK_FALSE(missing());
  room.media.habits.sandboxed = false;
  room.media.die();
  for (int i = 0; i < 40 && room.media.lives() == 1; ++i) room.advance(100ms);
  room.advance(100ms);
  CHECK(missing());
  room.media.habits.sandboxed = true;
  room.media.die();
  for (int i = 0; i < 40 && room.media.lives() == 2; ++i) room.advance(100ms);
  room.advance(100ms);
  CHECK_FALSE(missing());
}

TEST_CASE("who wants pictures of the screen does not keep others from the status") {
  Room room(std::make_unique<HallBoard>());
  room.media.habits.pictures = false;  // each of them waits for as long as it may
  std::vector<std::future<Result<control::Reply>>> askers;
  for (int i = 0; i < 16; ++i) {
    askers.push_back(std::async(std::launch::async, [&room] {
      return control::ask(room.folder / "control.sock", {{"command", "screenshot"}}, 20s);
    }));
  }
  const auto refused = [&askers] {
    return std::count_if(askers.begin(), askers.end(),
                         [](const auto& each) { return each.wait_for(0s) == std::future_status::ready; });
  };
  REQUIRE(until(
      room.io, [&refused] { return refused() == 12; }, 20s));
  CHECK(room.ask({{"command", "status"}}));
  room.media.die();
  int busy = 0;
  REQUIRE(until(
      room.io, [&refused] { return refused() == 16; }, 20s));
  for (auto& each : askers) {
    const auto reply = each.get();
    REQUIRE_FALSE(reply);
    busy += reply.error().message.find("others are taking pictures") != std::string::npos ? 1 : 0;
  }
  CHECK(busy == 12);
}

TEST_CASE("a state file that cannot be read is a fault until it was looked at, and nothing is lost by it") {
  const Strings names{"agenda-hall.json", "resources.json", "press.json"};
  for (const std::string& name : names) {
    CAPTURE(name);
    Room room(std::make_unique<HallBoard>(), [&name](Room& it) {
      it.booked(5min, 30min);
      write_text(it.folder / "state" / name,
                 "\x7f"
                 "ELF");
    });
    CHECK(faults(room) == Strings{"state-damaged"});
    const auto aside = room.folder / "state" / (name + ".damaged-1");
    CHECK(read_text(aside) ==
          "\x7f"
          "ELF");
    if (name != names[0]) CHECK(room.latest().code == "ready");
    std::filesystem::remove(aside);
    room.advance(1min);
    CHECK(faults(room).empty());
  }
}

TEST_CASE("only a finger presses the button of a real board, and nobody's picture is taken") {
  Room room(std::make_unique<HallBoard>());
  for (const object& question : {object{{"command", "press"}}, object{{"command", "press"}, {"long", true}},
                                 object{{"command", "mute"}, {"on", true}}}) {
    CAPTURE(json::bj::serialize(question));
    const auto reply = room.ask(question);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::permission);
  }
  CHECK(room.chimes("nothing-open").empty());
  CHECK(room.media.heard<protocol::SetMute>().empty());

  const auto card = room.ask({{"command", "screenshot"}});
  REQUIRE(card);
  REQUIRE(card->fds.size() == 1);
  CHECK(::lseek(card->fds[0].get(), 0, SEEK_END) == 8);
  room.media.habits.people = true;
  const auto people = room.ask({{"command", "screenshot"}});
  REQUIRE_FALSE(people);
  CHECK(people.error().code == Errc::permission);
}

TEST_CASE("on the simulated board the same works") {
  asio::io_context none;
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  Room room(std::make_unique<board::FakeBoard>(clock));
  CHECK(room.ask({{"command", "press"}}));
  room.settle();
  CHECK(room.chimes("nothing-open") == Strings{"press"});
  room.media.habits.people = true;
  const auto people = room.ask({{"command", "screenshot"}});
  REQUIRE(people);
  REQUIRE(people->fds.size() == 1);
  CHECK(::lseek(people->fds[0].get(), 0, SEEK_END) == 8);
}
