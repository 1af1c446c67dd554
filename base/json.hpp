// SPDX-License-Identifier: Apache-2.0
// Reading JSON of others with errors instead of exceptions, on Boost.JSON.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace madoguchi::json {

namespace bj = boost::json;

/// An object, at most 16 levels deep; Errc::invalid says where it broke off.
Result<bj::object> parse_object(std::string_view text);

/// A member of the wanted type; Errc::invalid names the key that is missing or of another type.
Result<std::string> string(const bj::object& object, std::string_view key);
Result<std::int64_t> integer(const bj::object& object, std::string_view key);
Result<bool> boolean(const bj::object& object, std::string_view key);
/// As above, `otherwise` where the key is missing (of another type is still an error).
Result<std::string> string_or(const bj::object& object, std::string_view key, std::string_view otherwise);
Result<std::int64_t> integer_or(const bj::object& object, std::string_view key, std::int64_t otherwise);
Result<bool> boolean_or(const bj::object& object, std::string_view key, bool otherwise);

}  // namespace madoguchi::json
