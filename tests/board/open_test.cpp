// SPDX-License-Identifier: Apache-2.0
// The board by its name: which one, and which can be pressed by a program.
#include "board/open.hpp"

#include <boost/asio/io_context.hpp>

#include "tests/support/catch.hpp"

using namespace madoguchi;

TEST_CASE("a board by its name, and only the simulated one has a finger") {
  boost::asio::io_context io;
  FakeClock clock{WallTime(std::chrono::hours(1000))};
  const auto fake = board::open("fake", io.get_executor(), clock, {});
  REQUIRE(fake);
  CHECK((*fake)->kind() == "fake");
  REQUIRE((*fake)->simulation() != nullptr);
  int pressed = 0;
  board::Board::Ears ears;
  ears.press = [&pressed](board::Press) { ++pressed; };
  (*fake)->listen(std::move(ears));
  (*fake)->simulation()->press(board::Press::short_press);
  CHECK(pressed == 1);
  (*fake)->set_lamp({board::Lamp::Mode::pulse, 0});
  CHECK((*fake)->simulation()->history().size() == 1);

  const auto real = board::open("linux", io.get_executor(), clock, {});
  REQUIRE(real);
  CHECK((*real)->kind() == "linux");
  CHECK((*real)->simulation() == nullptr);
}

TEST_CASE("a name that no board has is refused with those that there are") {
  boost::asio::io_context io;
  FakeClock clock{WallTime(std::chrono::hours(1000))};
  const auto none = board::open("raspberry", io.get_executor(), clock, {});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::not_found);
  CHECK(none.error().message.find("\"fake\", and \"linux\"") != std::string::npos);
}
