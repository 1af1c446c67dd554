// SPDX-License-Identifier: Apache-2.0
// Bounds of the talk with the office. Filled by firmware/config from [signalling].
#pragma once

#include <chrono>

namespace madoguchi::signalling {

struct Settings {
  std::chrono::milliseconds post_within{10000};  ///< an offer's answer
  std::chrono::milliseconds delete_within{5000};
  std::chrono::milliseconds events_head_within{10000};
  std::chrono::milliseconds events_silent_after{15000};  ///< the office sends a comment every 5 s
  std::chrono::milliseconds events_retry_first{500};     ///< then doubled
  std::chrono::milliseconds events_retry_most{30000};
};

}  // namespace madoguchi::signalling
