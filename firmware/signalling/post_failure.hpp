// SPDX-License-Identifier: Apache-2.0
// Why a POST of an offer came to nothing. A plain value: the session decides by it.
#pragma once

#include <string_view>

namespace madoguchi::signalling {

/// Each has its fault. What the first five mean: firmware/session/refusals.hpp.
enum class PostFailure {
  not_found,       ///< 404
  not_acceptable,  ///< 406
  conflict,        ///< 409
  gone,            ///< 410
  busy,            ///< 429, 503
  server_error,    ///< other 5xx
  refused,         ///< 401, 403
  no_location,     ///< 201 without Location, or with one on another origin
  answer_invalid,  ///< not application/sdp, or not SDP
  empty_reply,
  late,
  cut,
  host_unknown,
  down,  ///< nobody listens there
  unreachable,
  tls,
  protocol,  ///< anything else
};
/// "not-found", "cut"
std::string_view name(PostFailure failure);

}  // namespace madoguchi::signalling
