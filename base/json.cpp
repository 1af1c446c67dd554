// SPDX-License-Identifier: Apache-2.0
// Boost.JSON behind Results. No state.
#include "base/json.hpp"

#include <fmt/format.h>

namespace madoguchi::json {

namespace {

const bj::value* find(const bj::object& object, std::string_view key) {
  return object.if_contains(bj::string_view(key.data(), key.size()));
}

tl::unexpected<Error> wrong(std::string_view key, std::string_view wanted) {
  return fail(Errc::invalid, fmt::format("\"{}\" must be {}", key, wanted));
}

tl::unexpected<Error> missing(std::string_view key) {
  return fail(Errc::invalid, fmt::format("\"{}\" is missing", key));
}

Result<std::string> as_string(const bj::value& value, std::string_view key) {
  if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
  return wrong(key, "a string");
}

Result<std::int64_t> as_integer(const bj::value& value, std::string_view key) {
  if (const auto* number = value.if_int64()) return *number;
  return wrong(key, "an integer");
}

Result<bool> as_boolean(const bj::value& value, std::string_view key) {
  if (const auto* truth = value.if_bool()) return *truth;
  return wrong(key, "true or false");
}

}  // namespace

Result<bj::object> parse_object(std::string_view text) {
  bj::parse_options options;
  options.max_depth = 16;
  bj::parser parser({}, options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size()) error = bj::error::extra_data;
  if (error) return fail(Errc::invalid, fmt::format("not JSON: {} at byte {}", error.message(), read));
  bj::value value = parser.release();
  if (!value.is_object()) return fail(Errc::invalid, "not a JSON object");
  return std::move(value.get_object());
}

Result<std::string> string(const bj::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr) return missing(key);
  return as_string(*value, key);
}
Result<std::int64_t> integer(const bj::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr) return missing(key);
  return as_integer(*value, key);
}
Result<bool> boolean(const bj::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr) return missing(key);
  return as_boolean(*value, key);
}
Result<std::string> string_or(const bj::object& object, std::string_view key, std::string_view otherwise) {
  const auto* value = find(object, key);
  if (value == nullptr) return std::string(otherwise);
  return as_string(*value, key);
}
Result<std::int64_t> integer_or(const bj::object& object, std::string_view key, std::int64_t otherwise) {
  const auto* value = find(object, key);
  if (value == nullptr) return otherwise;
  return as_integer(*value, key);
}
Result<bool> boolean_or(const bj::object& object, std::string_view key, bool otherwise) {
  const auto* value = find(object, key);
  if (value == nullptr) return otherwise;
  return as_boolean(*value, key);
}

}  // namespace madoguchi::json
