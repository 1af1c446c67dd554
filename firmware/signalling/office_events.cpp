// SPDX-License-Identifier: Apache-2.0
// The closed list, read strictly. Pure.
#include "firmware/signalling/office_events.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace madoguchi::signalling {

namespace {

constexpr std::size_t kMostSeats = 16;
constexpr std::size_t kMostFeatures = 32;
constexpr std::size_t kMostText = 64;
constexpr std::size_t kMostBanner = 120;  ///< characters
constexpr std::size_t kMostListeners = 4;
constexpr std::size_t kMostName = 20;  ///< characters

/// A short identifier; longer ones are nobody we know.
Result<std::string> word(const json::bj::object& object, std::string_view key) {
  auto text = json::string(object, key);
  if (text && text->size() > kMostText) return fail(Errc::invalid, "\"" + std::string(key) + "\" is too long");
  return text;
}

/// As word(), "" where the key is missing.
Result<std::string> word_or_none(const json::bj::object& object, std::string_view key) {
  if (!object.contains(key)) return std::string();
  return word(object, key);
}

/// Controls of both sets, and what turns the direction of writing round: not for a screen.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/// Whole characters only; the JSON parser has seen to it that it is UTF-8.
std::string shown(std::string_view text, std::size_t most) {
  std::string result;
  std::size_t characters = 0;
  while (!text.empty() && characters < most) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = std::min<std::size_t>(text.size(), first < 0x80   ? 1
                                                                  : first < 0xe0 ? 2
                                                                  : first < 0xf0 ? 3
                                                                                 : 4);
    char32_t c = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) c = (c << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
    if (!is_control(c)) {
      ++characters;
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result;
}

Result<OfficeEvent> seats(const json::bj::object& object) {
  const auto* list = object.if_contains("seats");
  if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "\"seats\" must be a list");
  Seats result;
  for (const auto& each : list->get_array()) {
    if (!each.is_object() || result.seats.size() == kMostSeats) return fail(Errc::invalid, "\"seats\" is malformed");
    auto seat = word(each.get_object(), "seat");
    auto present = json::boolean(each.get_object(), "present");
    auto session = json::string_or(each.get_object(), "session", "");
    if (!seat || !present || !session || session->size() > kMostText) {
      return fail(Errc::invalid, "a seat is malformed");
    }
    result.seats.push_back({*seat, *present, *session});
  }
  const auto* features = object.if_contains("features");
  if (features == nullptr) return OfficeEvent(std::move(result));
  if (!features->is_array() || features->get_array().size() > kMostFeatures) {
    return fail(Errc::invalid, "\"features\" must be a list of a few words");
  }
  for (const auto& each : features->get_array()) {
    if (!each.is_string() || each.get_string().size() > kMostText) return fail(Errc::invalid, "a feature is malformed");
    result.features.emplace_back(each.get_string());
  }
  return OfficeEvent(std::move(result));
}

Result<OfficeEvent> listeners(const json::bj::object& object) {
  const auto* list = object.if_contains("names");
  if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "\"names\" must be a list");
  Listeners result;
  for (const auto& each : list->get_array()) {
    if (!each.is_string() || result.names.size() == kMostListeners)
      return fail(Errc::invalid, "\"names\" is malformed");
    result.names.push_back(shown(each.get_string(), kMostName));
  }
  return OfficeEvent(std::move(result));
}

}  // namespace

Result<OfficeEvent> parse_office_event(std::string_view text) {
  auto object = json::parse_object(text);
  if (!object) return fail(object.error());
  const auto type = json::string(*object, "type");
  if (!type) return fail(type.error());
  if (*type == "seats") return seats(*object);
  if (*type == "seat-joined") {
    auto seat = word(*object, "seat");
    auto session = word(*object, "session");
    if (!seat) return fail(seat.error());
    if (!session) return fail(session.error());
    return OfficeEvent(SeatJoined{*seat, *session});
  }
  if (*type == "seat-left") {
    auto seat = word(*object, "seat");
    if (!seat) return fail(seat.error());
    const auto handover = json::boolean_or(*object, "handover", false);
    if (!handover) return fail(handover.error());
    return OfficeEvent(SeatLeft{*seat, *handover});
  }
  if (*type == "ringing") {
    auto seat = word_or_none(*object, "seat");
    if (!seat) return fail(seat.error());
    return OfficeEvent(Ringing{*seat});
  }
  if (*type == "hold") {
    const auto on = json::boolean(*object, "on");
    if (!on) return fail(on.error());
    return OfficeEvent(Hold{*on});
  }
  if (*type == "banner") {
    auto banner = json::string(*object, "text");
    if (!banner) return fail(banner.error());
    return OfficeEvent(Banner{shown(*banner, kMostBanner)});
  }
  if (*type == "paused") {
    const auto sound = json::boolean(*object, "sound");
    const auto picture = json::boolean(*object, "picture");
    if (!sound) return fail(sound.error());
    if (!picture) return fail(picture.error());
    return OfficeEvent(Paused{*sound, *picture});
  }
  if (*type == "staff") {
    const auto on = json::boolean(*object, "on");
    if (!on) return fail(on.error());
    return OfficeEvent(Staff{*on});
  }
  if (*type == "listeners") return listeners(*object);
  if (*type == "ended") {
    auto by = word_or_none(*object, "by");
    if (!by) return fail(by.error());
    return OfficeEvent(Ended{*by});
  }
  return fail(Errc::unsupported, "an event of a type that is not in the list");
}

}  // namespace madoguchi::signalling
