// SPDX-License-Identifier: Apache-2.0
// The simulated board: its lamp's history and its finger. Virtual time.
#include "board/fake/fake_board.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::board;

TEST_CASE("the lamp starts dark, and its changes are kept with their times") {
  FakeClock clock(WallTime(1000h));
  FakeBoard board(clock);
  CHECK(board.kind() == "fake");
  CHECK(board.lamp() == Lamp{});
  CHECK(board.lamp().mode == Lamp::Mode::dark);
  CHECK(board.history().empty());

  const BootTime start = clock.boot();
  clock.advance(5ms);
  board.set_lamp({Lamp::Mode::pulse, 0});
  clock.advance(100ms);
  board.set_lamp({Lamp::Mode::steady, 0});
  clock.advance(1s);
  board.set_lamp({Lamp::Mode::rhythm, 3});
  CHECK(board.lamp() == Lamp{Lamp::Mode::rhythm, 3});
  REQUIRE(board.history().size() == 3);
  CHECK(board.history()[0].at == start + 5ms);
  CHECK(board.history()[0].lamp.mode == Lamp::Mode::pulse);
  CHECK(board.history()[1].at == start + 105ms);
  CHECK(board.history()[1].lamp.mode == Lamp::Mode::steady);
  CHECK(board.history()[2].at == start + 1105ms);
  CHECK(board.history()[2].lamp.blinks == 3);
}

TEST_CASE("the wall clock's jumps do not touch the history") {
  FakeClock clock(WallTime(1000h));
  FakeBoard board(clock);
  board.set_lamp({Lamp::Mode::pulse, 0});
  clock.jump_wall(-24h);
  clock.advance(1s);
  board.set_lamp({Lamp::Mode::dark, 0});
  REQUIRE(board.history().size() == 2);
  CHECK(board.history()[1].at - board.history()[0].at == 1s);
}

TEST_CASE("a lamp that stays as it is changes nothing, another number of blinks does") {
  FakeClock clock(WallTime(1000h));
  FakeBoard board(clock);
  board.set_lamp({Lamp::Mode::dark, 0});
  CHECK(board.history().empty());
  board.set_lamp({Lamp::Mode::rhythm, 2});
  board.set_lamp({Lamp::Mode::rhythm, 2});
  CHECK(board.history().size() == 1);
  board.set_lamp({Lamp::Mode::rhythm, 3});
  CHECK(board.history().size() == 2);
}

TEST_CASE("the last 64 changes are kept") {
  FakeClock clock(WallTime(1000h));
  FakeBoard board(clock);
  for (int i = 1; i <= 100; ++i) board.set_lamp({Lamp::Mode::rhythm, i});
  REQUIRE(board.history().size() == 64);
  CHECK(board.history().front().lamp.blinks == 37);
  CHECK(board.history().back().lamp.blinks == 100);
}

TEST_CASE("a press reaches the one listener, and nobody before there is one") {
  FakeClock clock(WallTime(1000h));
  FakeBoard board(clock);
  board.press(Press::short_press);  // nobody listens: nothing happens
  std::vector<std::string> heard;
  board.listen({[&heard](Press press) { heard.push_back(press == Press::long_press ? "first long" : "first short"); },
                {},
                {},
                {}});
  board.press(Press::short_press);
  board.press(Press::long_press);
  board.listen({[&heard](Press press) { heard.push_back(press == Press::long_press ? "second long" : "second short"); },
                {},
                {},
                {}});
  board.press(Press::long_press);
  CHECK(heard == std::vector<std::string>{"first short", "first long", "second long"});
}

TEST_CASE("each mode of the lamp has its word") {
  CHECK(name(Lamp::Mode::dark) == "dark");
  CHECK(name(Lamp::Mode::pulse) == "pulse");
  CHECK(name(Lamp::Mode::steady) == "steady");
  CHECK(name(Lamp::Mode::rhythm) == "rhythm");
}
