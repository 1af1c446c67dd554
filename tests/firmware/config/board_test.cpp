// SPDX-License-Identifier: Apache-2.0
// [board] of the configuration: what is read, what is refused and with which words. Pure.
#include <linux/input-event-codes.h>

#include "firmware/config/config.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;

namespace {

std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> result;
  for (const auto& each : config::parse(text, "box.toml").problems) result.push_back(to_string(each));
  return result;
}

const std::string kReal = "[box]\nboard = \"linux\"\n";
const std::string kButton = "[[board.button]]\nline = \"START_BUTTON\"\n";
const std::string kLamp = "[board.lamp]\nline = \"STATUS_LAMP\"\n";

}  // namespace

TEST_CASE("the board is simulated unless it is said, and its bounds have defaults") {
  const auto c = config::parse("", "box.toml").config;
  CHECK(c.box.board == "fake");
  CHECK(c.board.buttons.empty());
  CHECK(c.board.press.bounce == 20ms);
  CHECK(c.board.press.long_after == 1s);
  CHECK(c.board.press.double_within == 400ms);
  CHECK(c.board.press.stuck_after == 15s);
  CHECK(c.board.look_again == 1s);
  CHECK(c.board.sys == "/sys");
  CHECK(c.board.dev == "/dev");
}

TEST_CASE("a real board by lines, by an input device and by an LED") {
  const auto loaded =
      config::parse(kReal +
                        "[board]\nbounce = \"30ms\"\nlong_after = \"2s\"\ndouble_within = \"300ms\"\n"
                        "stuck_after = \"20s\"\nlook_again = \"5s\"\n" +
                        kButton +
                        "active_low = true\n[[board.button]]\nrole = \"mute\"\ndevice = \"USB Button\"\n"
                        "phys = \"usb-1/input0\"\nuniq = \"7\"\nid = \"046d:c077\"\nkey = \"KEY_ENTER\"\n"
                        "[[board.button]]\nid = \"1a2b:3c4d\"\nkey = \"28\"\n"
                        "[board.lamp]\nled = \"status\"\n",
                    "box.toml");
  for (const auto& problem : loaded.problems) UNSCOPED_INFO(to_string(problem));
  CHECK(loaded.problems.empty());
  const board::Settings& b = loaded.config.board;
  REQUIRE(b.buttons.size() == 3);
  CHECK(b.buttons[0].role == board::Role::start);
  CHECK(b.buttons[0].line == "START_BUTTON");
  CHECK(b.buttons[0].active_low);
  CHECK(b.buttons[1].role == board::Role::mute);
  CHECK(b.buttons[1].device == "USB Button");
  CHECK(b.buttons[1].phys == "usb-1/input0");
  CHECK(b.buttons[1].uniq == "7");
  CHECK(b.buttons[1].id == "046d:c077");
  CHECK(b.buttons[1].key == KEY_ENTER);
  CHECK(b.buttons[2].key == KEY_ENTER);
  CHECK(b.lamp.led == "status");
  CHECK(b.press.bounce == 30ms);
  CHECK(b.press.long_after == 2s);
  CHECK(b.press.double_within == 300ms);
  CHECK(b.press.stuck_after == 20s);
  CHECK(b.look_again == 5s);
}

TEST_CASE("what a board lacks or says twice is told with what to write") {
  struct Row {
    std::string what, text, wanted;
  };
  const std::vector<Row> rows = {
      {"no button", kReal + kLamp, "needs a button that starts: [[board.button]]"},
      {"a mute button alone", kReal + kButton + "role = \"mute\"\n" + kLamp, "needs a button that starts"},
      {"no lamp", kReal + kButton, "needs its lamp: line = \"STATUS_LAMP\""},
      {"another role", kReal + kButton + "role = \"help\"\n" + kLamp, "\"role\" must be one of: start, mute"},
      {"line and device", kReal + kButton + "device = \"d\"\nkey = \"28\"\n" + kLamp, "a button is either a GPIO line"},
      {"neither", kReal + "[[board.button]]\n" + kLamp, "a button is either a GPIO line"},
      {"no key", kReal + "[[board.button]]\ndevice = \"d\"\n" + kLamp, "a key is a name such as \"KEY_ENTER\""},
      {"no such key", kReal + "[[board.button]]\ndevice = \"d\"\nkey = \"KEY_NO\"\n" + kLamp, "as evtest shows it"},
      {"an id by guess", kReal + "[[board.button]]\nid = \"46d:c077\"\nkey = \"28\"\n" + kLamp, "as lsusb writes them"},
      {"two lamps", kReal + kButton + kLamp + "led = \"l\"\n", "a lamp is a line or an LED, not both"},
      {"an LED with a path", kReal + kButton + "[board.lamp]\nled = \"../x\"\n", "without a path"},
      {"stuck before long", kReal + "[board]\nstuck_after = \"2s\"\nlong_after = \"3s\"\n" + kButton + kLamp,
       "\"stuck_after\" must be longer"},
      {"an unknown key", kReal + kButton + "activelow = true\n" + kLamp, "the nearest known key is \"active_low\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto found = problems(row.text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].find(row.wanted) != std::string::npos);
  }
}
