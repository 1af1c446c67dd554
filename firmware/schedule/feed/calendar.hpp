// SPDX-License-Identifier: Apache-2.0
// iCalendar (RFC 5545, RFC 7986) into consultations, with libical. Runs only in the reading child: a few hundred bytes
// can keep libical busy for minutes, and names stop here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firmware/schedule/agenda.hpp"
#include "firmware/schedule/link_rules.hpp"

namespace madoguchi::schedule {

struct ReadOptions {
  std::string feed;
  std::string time_zone;  ///< of floating times
  WallTime from{}, until{};
};

struct Skipped {
  std::size_t event = 0;  ///< the how-manieth VEVENT, from 1
  std::string why;        ///< a code: "no-start", "no-link", "too-often", ...
};

struct ReadResult {
  Agenda agenda;
  std::vector<Skipped> skipped;  ///< at most 100
};

/// Errc::invalid: not a calendar; too_large: over 4 MiB, a line over 8 KiB, over 5,000 events.
Result<ReadResult> read_calendar(std::string_view bytes, const LinkRules& rules, const ReadOptions& options);

}  // namespace madoguchi::schedule
