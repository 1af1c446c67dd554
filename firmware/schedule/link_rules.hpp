// SPDX-License-Identifier: Apache-2.0
// Meeting links into legs. The rules are the allow-list: an address that no rule makes is never contacted. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "firmware/schedule/agenda.hpp"
#include "firmware/schedule/settings.hpp"

namespace madoguchi::schedule {

struct Legs {
  std::string events;
  std::vector<Seat> seats;
};

class LinkRules {
 public:
  /// Errc::invalid says which rule and what is wrong with it.
  static Result<LinkRules> compile(const std::vector<LinkRule>& rules);

  /// The first link in `text` (any prose) that a rule of this feed knows.
  [[nodiscard]] std::optional<Legs> match(std::string_view feed, std::string_view text) const;

 private:
  struct Compiled;
  std::vector<std::shared_ptr<const Compiled>> rules_;
};

}  // namespace madoguchi::schedule
