// SPDX-License-Identifier: Apache-2.0
// The word that somebody meant. Pure.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace madoguchi {

/// The one of `known` that takes the fewest changes of letters (Levenshtein), when it takes at most `most`; else "".
std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& known,
                    std::size_t most = std::string::npos);

}  // namespace madoguchi
