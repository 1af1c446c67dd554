// SPDX-License-Identifier: Apache-2.0
// WHIP (RFC 9725) and WHEP with client offer: one POST, an offer in and an answer out. On the daemon's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/net/http_client.hpp"
#include "firmware/signalling/post_failure.hpp"

namespace madoguchi::signalling {

struct Answered {
  std::string sdp;
  Url resource;  ///< to DELETE; may hold tokens: never printed
};

struct PostError {
  PostFailure failure{};
  std::string message;
  std::optional<std::chrono::seconds> retry_after;  ///< at most ten minutes
};

/// Of a request that had no answer.
PostFailure failure_of(Errc code);

/// RFC 9725 section 4.2. The bearer goes to the endpoint's origin alone. Cancellation throws operation_aborted.
boost::asio::awaitable<tl::expected<Answered, PostError>> post_offer(HttpClient& http, const Clock& clock, Url endpoint,
                                                                     std::string offer, std::string bearer,
                                                                     std::chrono::milliseconds within);

/// 200, 204, 404 and 410 are all done.
boost::asio::awaitable<Result<void>> delete_resource(HttpClient& http, Url resource, std::string bearer,
                                                     std::chrono::milliseconds within);

/// Seconds or an HTTP date (RFC 9110 section 10.2.3); nullopt when it is neither; 0 to 600 s.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, WallTime now);

}  // namespace madoguchi::signalling
