// SPDX-License-Identifier: Apache-2.0
// The real board on a made kernel: real descriptors and files, virtual time.
#include "board/linux/linux_board.hpp"

#include <boost/asio/io_context.hpp>

#include "tests/board/fake_kernel.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::board;
using madoguchi::test::FakeKernel;
using madoguchi::test::read_text;
using madoguchi::test::write_text;

namespace {

struct Bench {
  FakeKernel kernel;
  boost::asio::io_context io;
  FakeClock clock{WallTime(1000h)};
  std::vector<std::string> heard;
  Settings settings = kernel.settings();
  std::unique_ptr<LinuxBoard> board;

  void start() {
    board = std::make_unique<LinuxBoard>(io.get_executor(), clock, settings, kernel.ioctl());
    board->listen(
        {[this](Press press) { heard.emplace_back(press == Press::long_press ? "long" : "short"); },
         [this](bool down) { heard.emplace_back(down ? "down" : "up"); }, [this] { heard.emplace_back("mute"); },
         [this](Fault fault, bool raised) { heard.push_back((raised ? "+" : "-") + std::string(info(fault).code)); }});
    board->start();
    settle();
  }
  void settle() {
    io.restart();
    io.poll();
  }
  void advance(BootClock::duration by) {
    clock.advance(by, [this] { settle(); });
    settle();
  }
  std::vector<std::string> take() {
    settle();
    return std::exchange(heard, {});
  }
  ButtonRule& add_button(Role role) {
    ButtonRule rule;
    rule.role = role;
    settings.buttons.push_back(rule);
    return settings.buttons.back();
  }
  void usb_button() {
    ButtonRule& rule = add_button(Role::start);
    rule.device = "USB Button";
    rule.key = KEY_ENTER;
  }
  void line_button() { add_button(Role::start).line = "START_BUTTON"; }
  void line_lamp() {
    kernel.add_line("STATUS_LAMP");
    settings.lamp.line = "STATUS_LAMP";
  }
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a key of the device that the rule names is the button, and nobody else sees it") {
  Bench bench;
  bench.line_lamp();
  bench.usb_button();
  bench.kernel.plug("event0", "Some Keyboard");
  bench.kernel.plug("event1", "USB Button");
  bench.start();
  CHECK(bench.take().empty());
  CHECK(bench.kernel.grabbed.size() == 1);
  bench.kernel.key("event0", KEY_ENTER, 1);  // another device
  bench.kernel.key("event1", KEY_SPACE, 1);  // another key
  CHECK(bench.take().empty());
  bench.kernel.key("event1", KEY_ENTER, 1);
  CHECK(bench.take() == Strings{"down"});
  bench.kernel.send("event1", EV_KEY, KEY_ENTER, 2);  // the keyboard repeats
  bench.advance(200ms);
  CHECK(bench.take().empty());
  bench.kernel.key("event1", KEY_ENTER, 0);
  CHECK(bench.take() == Strings{"short", "up"});
  bench.advance(1s);
  bench.kernel.key("event1", KEY_ENTER, 1);
  bench.settle();
  bench.advance(999ms);
  CHECK(bench.take() == Strings{"down"});
  bench.advance(1ms);
  CHECK(bench.take() == Strings{"long"});
}

TEST_CASE("events that the kernel dropped are asked for anew") {
  Bench bench;
  bench.line_lamp();
  bench.usb_button();
  bench.kernel.plug("event1", "USB Button");
  bench.start();
  bench.kernel.key("event1", KEY_ENTER, 1);
  CHECK(bench.take() == Strings{"down"});
  bench.kernel.keys[KEY_ENTER] = false;  // its release was in what got lost
  bench.kernel.send("event1", EV_SYN, SYN_DROPPED, 0);
  CHECK(bench.take() == Strings{"short", "up"});
}

TEST_CASE("a button that is missing is a fault, and is found when it is plugged in") {
  Bench bench;
  bench.line_lamp();
  bench.usb_button();
  bench.start();
  CHECK(bench.take() == Strings{"+button-missing"});
  REQUIRE(bench.board->parts().size() == 2);
  CHECK_FALSE(bench.board->parts()[0].there);
  CHECK(bench.board->parts()[0].rule == "input device \"USB Button\", key 28");
  bench.kernel.plug("event4", "USB Button");
  bench.advance(1s);
  CHECK(bench.take() == Strings{"-button-missing"});
  CHECK(bench.board->parts()[0].state == "event4 \"USB Button\"");
}

TEST_CASE("a new node is seen at once, without waiting for the next look") {
  Bench bench;
  bench.line_lamp();
  bench.usb_button();
  bench.start();
  CHECK(bench.take() == Strings{"+button-missing"});
  bench.kernel.plug("event4", "USB Button");
  bench.settle();  // no time passes
  CHECK(bench.take() == Strings{"-button-missing"});
}

TEST_CASE("a device that another program has grabbed is said to be so, and is tried again") {
  Bench bench;
  bench.line_lamp();
  bench.usb_button();
  bench.kernel.grab_busy = true;
  bench.kernel.plug("event1", "USB Button");
  bench.start();
  CHECK(bench.take() == Strings{"+button-missing"});
  CHECK(bench.board->parts()[0].state.find("another program has grabbed") != std::string::npos);
  bench.kernel.grab_busy = false;
  bench.advance(1s);
  CHECK(bench.take() == Strings{"-button-missing"});
}

TEST_CASE("a GPIO line by its name is the button: the kernel waits for its bounce") {
  Bench bench;
  bench.line_lamp();
  bench.kernel.add_line("START_BUTTON");
  bench.line_button();
  bench.settings.buttons.back().active_low = true;
  bench.start();
  CHECK(bench.take().empty());
  CHECK(bench.kernel.line("START_BUTTON").debounce_us == 20000);
  CHECK(bench.kernel.line("START_BUTTON").active_low);
  CHECK_FALSE(bench.kernel.line("START_BUTTON").output);
  bench.kernel.level("START_BUTTON", true);
  CHECK(bench.take() == Strings{"down"});
  bench.advance(100ms);
  bench.kernel.level("START_BUTTON", false);
  CHECK(bench.take() == Strings{"short", "up"});
}

TEST_CASE("where the kernel cannot wait for the bounce, the board does") {
  Bench bench;
  bench.line_lamp();
  bench.kernel.can_debounce = false;
  bench.kernel.add_line("START_BUTTON");
  bench.line_button();
  bench.start();
  bench.kernel.level("START_BUTTON", true);
  bench.settle();
  bench.advance(10ms);
  bench.kernel.level("START_BUTTON", false);
  bench.settle();
  bench.advance(100ms);
  CHECK(bench.take().empty());
  bench.kernel.level("START_BUTTON", true);
  bench.settle();
  bench.advance(20ms);
  CHECK(bench.take() == Strings{"down"});
}

TEST_CASE("a chip that goes takes the press with it, and comes back") {
  Bench bench;
  bench.line_lamp();
  bench.kernel.add_line("START_BUTTON");
  bench.line_button();
  bench.start();
  bench.kernel.level("START_BUTTON", true);
  CHECK(bench.take() == Strings{"down"});
  bench.kernel.line("START_BUTTON").kernel_end.reset();
  CHECK(bench.take() == Strings{"up", "+button-missing"});  // the fake still holds the line: busy
  bench.kernel.line("START_BUTTON").taken = false;
  bench.advance(1s);
  CHECK(bench.take() == Strings{"-button-missing"});
  bench.advance(2s);  // still down, since before: no press
  CHECK(bench.take().empty());
}

TEST_CASE("stuck for 15 s is a fault until it is free") {
  Bench bench;
  bench.line_lamp();
  bench.kernel.add_line("START_BUTTON").active = true;
  bench.line_button();
  bench.start();
  bench.advance(14999ms);
  CHECK(bench.take().empty());
  bench.advance(1ms);
  CHECK(bench.take() == Strings{"+button-stuck", "up"});
  bench.kernel.level("START_BUTTON", false);
  CHECK(bench.take() == Strings{"-button-stuck"});
}

TEST_CASE("two buttons start, one mutes, one that is left is no fault") {
  Bench bench;
  bench.line_lamp();
  bench.kernel.add_line("START_BUTTON");
  bench.kernel.add_line("MUTE_BUTTON");
  bench.line_button();
  bench.usb_button();
  bench.add_button(Role::mute).line = "MUTE_BUTTON";
  bench.start();
  CHECK(bench.take().empty());  // the other start button is missing
  CHECK_FALSE(bench.board->parts()[1].there);
  bench.kernel.level("MUTE_BUTTON", true);
  CHECK(bench.take() == Strings{"mute"});
  bench.advance(100ms);
  bench.kernel.level("MUTE_BUTTON", false);
  bench.settle();
  bench.advance(100ms);
  bench.kernel.level("MUTE_BUTTON", true);  // an impatient second knock does not unmute
  CHECK(bench.take().empty());
}

TEST_CASE("the lamp's rhythms on a line") {
  Bench bench;
  bench.line_lamp();
  bench.start();
  const auto lit = [&bench] { return bench.kernel.line("STATUS_LAMP").active; };
  CHECK_FALSE(lit());
  bench.board->set_lamp({Lamp::Mode::pulse, 0});
  CHECK(lit());  // at once
  bench.advance(249ms);
  CHECK(lit());
  bench.advance(1ms);
  CHECK_FALSE(lit());
  bench.advance(250ms);
  CHECK(lit());
  bench.board->set_lamp({Lamp::Mode::steady, 0});
  bench.advance(10s);
  CHECK(lit());
  bench.board->set_lamp({Lamp::Mode::rhythm, 3});
  int blinks = 0;
  bool was = false;
  for (int ms = 0; ms < 3000; ms += 50) {
    if (lit() && !was) ++blinks;
    was = lit();
    bench.advance(50ms);
  }
  CHECK(blinks == 3);
  CHECK(lit());  // and again
  bench.board->set_lamp({});
  CHECK_FALSE(lit());
}

TEST_CASE("an LED is the lamp: its trigger is taken away, what is read back is told") {
  Bench bench;
  const auto led = bench.kernel.add_led("status");
  bench.settings.lamp.led = "status";
  bench.start();
  CHECK(read_text(led / "trigger").rfind("none", 0) == 0);
  bench.board->set_lamp({Lamp::Mode::steady, 0});
  CHECK(read_text(led / "brightness").rfind("255", 0) == 0);
  CHECK(bench.board->lamp_seen().wanted);
  CHECK(bench.board->lamp_seen().lit == true);
  write_text(led / "brightness", "0\n");  // somebody else
  CHECK(bench.board->lamp_seen().wanted);
  CHECK(bench.board->lamp_seen().lit == false);
}

TEST_CASE("a lamp that is missing is a fault, found, it shows what it should by then") {
  Bench bench;
  bench.settings.lamp.led = "status";
  bench.start();
  CHECK(bench.take() == Strings{"+lamp-missing"});
  CHECK_FALSE(bench.board->lamp_seen().lit);
  bench.board->set_lamp({Lamp::Mode::steady, 0});
  const auto led = bench.kernel.add_led("status");
  bench.advance(1s);
  CHECK(bench.take() == Strings{"-lamp-missing"});
  CHECK(read_text(led / "brightness").rfind("255", 0) == 0);
  std::filesystem::remove_all(led);
  bench.board->set_lamp({});
  bench.board->set_lamp({Lamp::Mode::steady, 0});
  CHECK(bench.take() == Strings{"+lamp-missing"});
}
