// SPDX-License-Identifier: Apache-2.0
// Rules of the board, with words for what is missing or says two things at once. Read once, at the start.
#include "firmware/config/read_board.hpp"

#include <algorithm>
#include <regex>

#include "board/linux/input_device.hpp"

namespace madoguchi::config {

using namespace std::chrono_literals;

namespace {

void read_button(Table table, board::Settings& board) {
  board::ButtonRule rule;
  std::string role = "start", key;
  table.read_word("role", role, {"start", "mute"});
  rule.role = role == "mute" ? board::Role::mute : board::Role::start;
  table.read("line", rule.line);
  table.read("active_low", rule.active_low);
  table.read("device", rule.device);
  table.read("phys", rule.phys);
  table.read("uniq", rule.uniq);
  table.read("id", rule.id);
  table.read("key", key);
  const bool input = !rule.device.empty() || !rule.phys.empty() || !rule.uniq.empty() || !rule.id.empty();
  if (rule.line.empty() == !input) {
    table.complain("role",
                   "a button is either a GPIO line (line = \"START_BUTTON\"), or a key of an input device "
                   "(device, phys, uniq or id, as `madoguchi devices` lists them, and key)");
  }
  static const std::regex ids("[0-9a-f]{4}:[0-9a-f]{4}");
  if (!rule.id.empty() && !std::regex_match(rule.id, ids))
    table.complain("id", "an id is vendor and product as lsusb writes them: \"046d:c077\"");
  if (input) {
    rule.key = board::key_code(key);
    if (rule.key == 0)
      table.complain("key", "a key is a name such as \"KEY_ENTER\", or its number as evtest shows it: \"28\"");
  }
  board.buttons.push_back(std::move(rule));
}

void read_lamp(Table table, bool needed, board::LampRule& lamp) {
  table.read("line", lamp.line);
  table.read("active_low", lamp.active_low);
  table.read("led", lamp.led);
  if (lamp.led.find('/') != std::string::npos || lamp.led.starts_with("."))
    table.complain("led", "an LED is named as in /sys/class/leds, without a path");
  if (!lamp.line.empty() && !lamp.led.empty()) table.complain("led", "a lamp is a line or an LED, not both");
  if (needed && lamp.line.empty() && lamp.led.empty())
    table.complain("line",
                   "a real board needs its lamp: line = \"STATUS_LAMP\" (a GPIO line), or led = \"NAME\" (a "
                   "name in /sys/class/leds)");
}

}  // namespace

void read_board(Table table, Table& box, bool needed, board::Settings& board) {
  for (Table& button : table.tables("button")) read_button(button, board);
  read_lamp(table.table("lamp"), needed, board.lamp);
  table.read("bounce", board.press.bounce, 0ms, 200ms);
  table.read("long_after", board.press.long_after, 300ms, 10s);
  table.read("double_within", board.press.double_within, 0ms, 2s);
  table.read("stuck_after", board.press.stuck_after, 2s, 10min);
  table.read("look_again", board.look_again, 100ms, 60s);
  if (board.press.stuck_after <= board.press.long_after)
    table.complain("stuck_after", "\"stuck_after\" must be longer than \"long_after\"");
  const bool startable = std::any_of(board.buttons.begin(), board.buttons.end(),
                                     [](const auto& rule) { return rule.role == board::Role::start; });
  if (needed && !startable)
    box.complain("board", "a real board needs a button that starts: [[board.button]] with line or device");
}

}  // namespace madoguchi::config
