// SPDX-License-Identifier: Apache-2.0
// What a program keeps in its private folder for its own next life: small JSON objects. What lies there and is none of ours
// is set aside, never overwritten: somebody may want to know what happened. Blocks: at the start.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace madoguchi {

/// Gives the object in `file` to `take`, at most `cap` bytes of text. True: taken; false: there is no such file.
/// An error, logged already: it can't be read, is no plain file of this user, is no JSON object, or `take` refused it. It is
/// FILE.damaged-1 then, up to -9: the first eight stay, a tenth takes the place of the ninth.
Result<bool> read_state(const std::filesystem::path& file, std::size_t cap,
                        const std::function<Result<void>(const json::bj::object&)>& take);

/// The names of what was set aside in this folder and not taken away since, in order.
std::vector<std::string> set_aside(const std::filesystem::path& folder);

/// Removes what a write_file_atomically() that was killed has left half written. Nobody else may be writing here.
void remove_half_written(const std::filesystem::path& folder);

}  // namespace madoguchi
