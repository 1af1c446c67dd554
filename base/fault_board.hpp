// SPDX-License-Identifier: Apache-2.0
// The faults that stand now: since when, and where. The one book of faults: lamp, screen, status and report read it. On the
// daemon's loop.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/faults.hpp"

namespace madoguchi {

/// What has the fault: the box itself, one leg of the consultation ("counsellor publish"), one device ("camera"), or an
/// office by its host ("desk.example").
struct FaultSource {
  enum class Kind { box, leg, device, office };
  Kind kind = Kind::box;
  std::string id;  ///< "" for the box
  auto operator<=>(const FaultSource&) const = default;
};
std::string_view name(FaultSource::Kind kind);

/// A fault with each that has it.
struct StandingFault {
  Fault fault{};
  BootTime since{};                  ///< of the source that has had it longest
  std::vector<FaultSource> sources;  ///< at least one, in order
};

class FaultBoard {
 public:
  /// `changed` is called after each raise or clear that changed something.
  explicit FaultBoard(const Clock& clock, std::function<void()> changed = {});

  /// A fault that its source has already keeps its time.
  void raise(Fault fault, const FaultSource& source = {});
  void clear(Fault fault, const FaultSource& source = {});

  [[nodiscard]] bool stands(Fault fault) const;
  /// In the order of base/faults.toml.
  [[nodiscard]] std::vector<StandingFault> standing() const;
  /// Of the highest severity the first in that order.
  [[nodiscard]] std::optional<Fault> worst() const;

 private:
  const Clock& clock_;
  std::function<void()> changed_;
  std::map<Fault, std::map<FaultSource, BootTime>> faults_;  ///< no fault without a source
};

}  // namespace madoguchi
