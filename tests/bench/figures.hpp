// SPDX-License-Identifier: Apache-2.0
// What every bench prints: one line a figure, `name value unit (min..max, n) target ok|MISSED`.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace madoguchi::bench {

class Figures {
 public:
  /// The median of the samples; `at_most`: the target, if there is one.
  void add(const std::string& name, const std::string& unit, std::vector<double> samples,
           std::optional<double> at_most = {}) {
    if (samples.empty()) {
      fmt::print("{} - {} (no sample){}\n", name, unit, at_most ? " MISSED" : "");
      missed_ = missed_ || at_most.has_value();
      return;
    }
    std::sort(samples.begin(), samples.end());
    const std::size_t half = samples.size() / 2;
    const double median = samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
    std::string verdict;
    if (at_most) {
      const bool good = median <= *at_most;
      missed_ = missed_ || !good;
      verdict = fmt::format(" target <={} {}", *at_most, good ? "ok" : "MISSED");
    }
    fmt::print("{} {:.1f} {} ({:.1f}..{:.1f}, {}){}\n", name, median, unit, samples.front(), samples.back(),
               samples.size(), verdict);
  }
  [[nodiscard]] bool missed() const { return missed_; }

 private:
  bool missed_ = false;
};

}  // namespace madoguchi::bench
