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

/// A fault of severity "error" is raised: the exit status of `madoguchi status` says so.
bool has_error_fault(const json::bj::object& reply);

}  // namespace madoguchi::control
