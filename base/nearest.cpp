// SPDX-License-Identifier: Apache-2.0
// Levenshtein's distance. Pure.
#include "base/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace madoguchi {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& known, std::size_t most) {
  std::string result;
  std::size_t least = std::string::npos;
  for (const std::string& each : known) {
    const std::size_t changes = distance(word, each);
    if (changes > most || changes >= least) continue;
    least = changes;
    result = each;
  }
  return result;
}

}  // namespace madoguchi
