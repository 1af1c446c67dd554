// SPDX-License-Identifier: Apache-2.0
// The closed list, read strictly. Pure.
#include "firmware/signalling/office_events.hpp"

#include "base/json.hpp"

namespace madoguchi::signalling {

namespace {

constexpr std::size_t kMostSeats = 16;
constexpr std::size_t kMostText = 64;
constexpr std::size_t kMostBanner = 120;

/// A short identifier; longer ones are nobody we know.
Result<std::string> word(const json::bj::object& object, std::string_view key) {
  auto text = json::string(object, key);
  if (text && text->size() > kMostText) return fail(Errc::invalid, "\"" + std::string(key) + "\" is too long");
  return text;
}

std::string shown(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (text.size() <= kMostBanner) return text;
  std::size_t end = kMostBanner;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;  // no half character
  text.resize(end);
  return text;
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
    return OfficeEvent(SeatLeft{*seat});
  }
  if (*type == "ringing") return OfficeEvent(Ringing{json::string_or(*object, "seat", "").value_or("")});
  if (*type == "hold") {
    const auto on = json::boolean(*object, "on");
    if (!on) return fail(on.error());
    return OfficeEvent(Hold{*on});
  }
  if (*type == "banner") {
    auto banner = json::string(*object, "text");
    if (!banner) return fail(banner.error());
    return OfficeEvent(Banner{shown(*banner)});
  }
  if (*type == "ended") return OfficeEvent(Ended{json::string_or(*object, "by", "").value_or("")});
  return fail(Errc::unsupported, "an event of a type that is not in the list");
}

}  // namespace madoguchi::signalling
