// SPDX-License-Identifier: Apache-2.0
// Raising, clearing, and a line in the log for each. No I/O besides.
#include "base/fault_board.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace madoguchi {

std::string_view name(FaultSource::Kind kind) {
  switch (kind) {
    case FaultSource::Kind::box: return "box";
    case FaultSource::Kind::leg: return "leg";
    case FaultSource::Kind::device: return "device";
    case FaultSource::Kind::office: return "office";
  }
  return "?";
}

namespace {
std::string_view words_of(const FaultSource& source) {
  return source.kind == FaultSource::Kind::box ? name(source.kind) : std::string_view(source.id);
}
}  // namespace

FaultBoard::FaultBoard(const Clock& clock, std::function<void()> changed)
    : clock_(clock), changed_(std::move(changed)) {}

void FaultBoard::raise(Fault fault, const FaultSource& source) {
  const bool first = !stands(fault);
  if (!faults_[fault].emplace(source, clock_.boot()).second) return;
  const FaultInfo& words = info(fault);
  log::write(words.severity == Severity::error ? log::Level::error : log::Level::warning, "fault-raised",
             {{"fault", words.code}, {"severity", name(words.severity)}, {"source", words_of(source)}});
  if (first && words.severity == Severity::error) log::write_recorded();
  if (changed_) changed_();
}

void FaultBoard::clear(Fault fault, const FaultSource& source) {
  const auto found = faults_.find(fault);
  if (found == faults_.end() || found->second.erase(source) == 0) return;
  if (found->second.empty()) faults_.erase(found);
  log::notice("fault-cleared", {{"fault", info(fault).code}, {"source", words_of(source)}});
  if (changed_) changed_();
}

bool FaultBoard::stands(Fault fault) const { return faults_.contains(fault); }

std::vector<StandingFault> FaultBoard::standing() const {
  std::vector<StandingFault> all;
  for (const auto& [fault, sources] : faults_) {
    StandingFault each;
    each.fault = fault;
    each.since = BootTime::max();
    for (const auto& [source, since] : sources) {
      each.sources.push_back(source);
      each.since = std::min(each.since, since);
    }
    all.push_back(std::move(each));
  }
  return all;
}

std::optional<Fault> FaultBoard::worst() const {
  const auto found = std::max_element(faults_.begin(), faults_.end(), [](const auto& a, const auto& b) {
    return info(a.first).severity < info(b.first).severity;
  });
  if (found == faults_.end()) return std::nullopt;
  return found->first;
}

}  // namespace madoguchi
