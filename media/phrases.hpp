// SPDX-License-Identifier: Apache-2.0
// Where Japanese text may be broken into lines: between phrases (bunsetsu), never inside a word. Any thread.
#pragma once

#include <string_view>
#include <vector>

namespace madoguchi::media {

/// The byte offsets in `utf8` at which a phrase begins, ascending, without 0; [] for text that is not UTF-8. By the BudouX
/// model for Japanese (docs/decisions/017).
std::vector<std::size_t> phrase_starts(std::string_view utf8);

}  // namespace madoguchi::media
