// SPDX-License-Identifier: Apache-2.0
// Bounds of the talk with the office. Filled by firmware/config from [signalling].
#pragma once

#include <chrono>
#include <string>

namespace madoguchi::signalling {

/// A server that knows this box by a token.
struct Token {
  std::string origin;  ///< "https://desk.example:443", as Url::origin() writes it
  std::string token;   ///< a secret: never printed
};

struct Settings {
  std::chrono::milliseconds post_within{10000};  ///< what is told, or an offer's answer: the session's bound
  std::chrono::milliseconds delete_within{5000};
  std::chrono::milliseconds events_head_within{10000};
  std::chrono::milliseconds events_silent_after{15000};  ///< the office sends a comment every 5 s
  std::chrono::milliseconds events_retry_first{500};     ///< then doubled
  std::chrono::milliseconds events_retry_most{30000};
};

}  // namespace madoguchi::signalling
