// SPDX-License-Identifier: Apache-2.0
// Edges and time into presses. Pure.
#include "board/linux/press_machine.hpp"

#include <algorithm>

namespace madoguchi::board {

std::string_view name(Said said) {
  switch (said) {
    case Said::touched: return "touched";
    case Said::again: return "again";
    case Said::released: return "released";
    case Said::short_press: return "short";
    case Said::long_press: return "long";
    case Said::stuck: return "stuck";
    case Said::freed: return "freed";
  }
  return "?";
}

PressMachine::Button& PressMachine::at(std::size_t button) {
  if (button >= buttons_.size()) buttons_.resize(button + 1);
  return buttons_[button];
}

bool PressMachine::touched() const {
  return std::any_of(buttons_.begin(), buttons_.end(), [](const Button& each) { return each.down && !each.stuck; });
}

bool PressMachine::is_stuck() const {
  return std::any_of(buttons_.begin(), buttons_.end(), [](const Button& each) { return each.stuck; });
}

void PressMachine::found(std::size_t index, bool down, std::chrono::milliseconds bounce, BootTime now) {
  Button& button = at(index);
  button = Button{};
  button.there = true;
  button.bounce = bounce;
  button.raw = button.down = down;
  button.raw_since = button.since = now;
}

std::vector<Said> PressMachine::gone(std::size_t index, BootTime) {
  std::vector<Said> said;
  Button& button = at(index);
  const bool was_touched = touched(), was_stuck = is_stuck();
  button = Button{};
  if (was_stuck && !is_stuck()) said.push_back(Said::freed);
  if (was_touched && !touched()) said.push_back(Said::released);
  return said;
}

std::vector<Said> PressMachine::level(std::size_t index, bool down, BootTime now) {
  std::vector<Said> said = pass(now);  // what was due before this edge comes before it
  Button& button = at(index);
  if (!button.there || button.raw == down) return said;
  button.raw = down;
  button.raw_since = now;
  settle(button, now, said);
  return said;
}

std::vector<Said> PressMachine::pass(BootTime now) {
  std::vector<Said> said;
  for (Button& button : buttons_) {
    if (button.there) settle(button, now, said);
  }
  return said;
}

void PressMachine::settle(Button& button, BootTime now, std::vector<Said>& said) {
  // A level that is settling may be the release: then the time that counts ended where it began.
  const BootTime until = button.raw == button.down ? now : button.raw_since;
  if (button.down && button.grows && until >= button.since + settings_.long_after) {
    button.grows = button.counts = false;
    said.push_back(Said::long_press);
  }
  if (button.down && !button.stuck && until >= button.since + settings_.stuck_after) {
    const bool first = !is_stuck();
    button.stuck = true;
    if (first) said.push_back(Said::stuck);
    if (!touched()) said.push_back(Said::released);
  }
  if (button.raw == button.down || now < button.raw_since + button.bounce) return;
  if (button.raw) take_down(button, now, said);
  else take_up(button, now, said);
}

void PressMachine::take_down(Button& button, BootTime now, std::vector<Said>& said) {
  const bool second = (last_ && button.raw_since < *last_ + settings_.double_within) || touched();
  button.down = true;
  button.since = button.raw_since;
  button.counts = !second;
  button.grows = true;
  said.push_back(second ? Said::again : Said::touched);
  settle(button, now, said);  // seen late, it may be long already
}

void PressMachine::take_up(Button& button, BootTime, std::vector<Said>& said) {
  const bool was_touched = touched();
  button.down = false;
  const bool freed = button.stuck;
  button.stuck = false;
  if (freed && !is_stuck()) said.push_back(Said::freed);
  if (button.counts) said.push_back(Said::short_press);
  last_ = button.raw_since;
  button.counts = button.grows = false;
  if (was_touched && !touched()) said.push_back(Said::released);
}

std::optional<BootTime> PressMachine::due() const {
  std::optional<BootTime> soonest;
  const auto add = [&soonest](BootTime when) {
    if (!soonest || when < *soonest) soonest = when;
  };
  for (const Button& button : buttons_) {
    if (!button.there) continue;
    if (button.raw != button.down) {
      add(button.raw_since + button.bounce);
      continue;
    }
    if (!button.down) continue;
    if (button.grows) add(button.since + settings_.long_after);
    if (!button.stuck) add(button.since + settings_.stuck_after);
  }
  return soonest;
}

}  // namespace madoguchi::board
