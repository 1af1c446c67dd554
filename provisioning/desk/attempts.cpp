// SPDX-License-Identifier: Apache-2.0
// Counts of wrong passwords. On the desk's loop.
#include "provisioning/desk/attempts.hpp"

#include <algorithm>

namespace madoguchi::desk {

std::vector<Attempts::Limited> Attempts::limits_of(const Attempt& attempt) const {
  if (!attempt.device.empty()) return {{"device " + attempt.device, limits_.most_of_pair}};
  return {{"pair " + attempt.block + " " + attempt.name, limits_.most_of_pair},
          {"name " + attempt.name, limits_.most_of_name},
          {"block " + attempt.block, limits_.most_of_block}};
}

std::optional<std::chrono::seconds> Attempts::refused(const Attempt& attempt) const {
  std::optional<std::chrono::seconds> longest;
  for (const auto& [key, most] : limits_of(attempt)) {
    const auto found = failures_.find(key);
    if (found == failures_.end() || found->second.count < most || !still_counts(found->second)) continue;
    const auto left = std::chrono::ceil<std::chrono::seconds>(found->second.last + limits_.counts_for - clock_.boot());
    longest = std::max(longest.value_or(std::chrono::seconds(1)), left);
  }
  return longest;
}

bool Attempts::is_full(const Attempt& attempt) const {
  return attempt.device.empty() ? waiting_ >= limits_.most_waiting
                                : waiting_with_device_ >= limits_.most_waiting_with_device;
}

Attempts::Failures& Attempts::failures_of(const std::string& key) {
  if (failures_.count(key) == 0 && failures_.size() >= limits_.most_remembered) {
    std::erase_if(failures_, [this](const auto& each) { return !still_counts(each.second); });
    if (failures_.size() >= limits_.most_remembered) {
      failures_.erase(std::min_element(failures_.begin(), failures_.end(), [](const auto& one, const auto& other) {
        return one.second.last < other.second.last;
      }));
    }
  }
  Failures& failures = failures_[key];
  if (!still_counts(failures)) failures.count = 0;
  return failures;
}

void Attempts::begins(const Attempt& attempt) {
  ++(attempt.device.empty() ? waiting_ : waiting_with_device_);
  for (const Limited& limited : limits_of(attempt)) {
    Failures& failures = failures_of(limited.key);
    ++failures.count;
    failures.last = clock_.boot();
  }
}

void Attempts::ends(const Attempt& attempt, bool right) {
  --(attempt.device.empty() ? waiting_ : waiting_with_device_);
  if (!right) return;
  // Who knows the password has cleared the name for this caller; what others tried goes on counting.
  const std::vector<Limited> limits = limits_of(attempt);
  failures_.erase(limits.front().key);
  for (std::size_t i = 1; i < limits.size(); ++i) {
    const auto found = failures_.find(limits[i].key);
    if (found != failures_.end() && found->second.count > 0) --found->second.count;
  }
}

}  // namespace madoguchi::desk
