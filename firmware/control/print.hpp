// SPDX-License-Identifier: Apache-2.0
// The daemon's replies as words for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "board/linux/devices.hpp"

namespace madoguchi::control {

/// A table; says so when there is nothing.
std::string device_words(const std::vector<board::DeviceRow>& rows);
json::bj::object device_json(const std::vector<board::DeviceRow>& rows);

std::string status_words(const json::bj::object& reply);
std::string agenda_words(const json::bj::object& reply);
std::string done_words(const json::bj::object& reply);

/// Something stands that would spoil the next press: the exit status of `madoguchi status` says so. Of an older daemon, a
/// fault of severity "error".
bool spoils_next_press(const json::bj::object& reply);

}  // namespace madoguchi::control
