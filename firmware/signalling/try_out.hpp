// SPDX-License-Identifier: Apache-2.0
// Whether an office answers and knows this box, asked before anybody presses. On the daemon's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/net/http_client.hpp"
#include "firmware/signalling/whip.hpp"

namespace madoguchi::signalling {

/// A room that is nobody's: a request for it touches no consultation, and 404 is the right answer.
inline constexpr std::string_view kNobodysRoom = "madoguchi-check";

/// What keeps this box from being answered; nullopt: the office is there and takes the token, whatever it says of the room.
/// `method`: GET for an events stream, OPTIONS (RFC 9725 section 4.2) for offers. Cancellation throws operation_aborted.
boost::asio::awaitable<std::optional<PostError>> try_out(HttpClient& http, std::string method, Url url,
                                                         std::string bearer, std::chrono::milliseconds within);

}  // namespace madoguchi::signalling
