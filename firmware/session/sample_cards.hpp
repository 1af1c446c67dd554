// SPDX-License-Identifier: Apache-2.0
// Each card as an example, for whoever wants to see one without a box. Pure.
#pragma once

#include "firmware/session/cards.hpp"

namespace madoguchi::session {

/// When the examples are: a Tuesday, 13:42 in Japan.
inline constexpr WallTime kSampleNow(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24).time_since_epoch() +
                                     std::chrono::hours(4) + std::chrono::minutes(42));
inline constexpr BootTime kSampleBoot(std::chrono::hours(5));

/// A hall, a telephone number, a booking at 14:00, a call of 12 seconds; a button that is held for `hold-to-end`.
CardFacts sample_facts(CardCode code);
/// What the box would say there: a fault, a line of text, who listens.
View sample_view(CardCode code);

}  // namespace madoguchi::session
