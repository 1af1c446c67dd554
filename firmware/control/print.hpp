// SPDX-License-Identifier: Apache-2.0
// The daemon's replies as words for people. Pure.
#pragma once

#include <string>

#include "base/json.hpp"

namespace madoguchi::control {

std::string status_words(const json::bj::object& reply);
std::string agenda_words(const json::bj::object& reply);
std::string done_words(const json::bj::object& reply);

/// A fault of severity "error" is raised: the exit status of `madoguchi status` says so.
bool has_error_fault(const json::bj::object& reply);

}  // namespace madoguchi::control
