// SPDX-License-Identifier: Apache-2.0
// A hall's bookings as iCalendar (RFC 5545). No names: the desk knows none. Pure.
#pragma once

#include <string>
#include <vector>

#include "provisioning/desk/store.hpp"

namespace madoguchi::desk {

/// `origin`: "http://127.0.0.1:8080", for the links. Lines folded at 75 bytes, never inside a character.
std::string calendar_text(const Hall& hall, const std::vector<Booking>& bookings, const std::string& origin);

/// RFC 9110's date, "Mon, 23 Nov 2026 13:00:00 GMT".
std::string http_date(WallTime time);
/// RFC 3339 in UTC, "2026-11-23T13:00:00Z".
std::string rfc3339(WallTime time);
/// RFC 3339 with Z or an offset.
Result<WallTime> parse_rfc3339(const std::string& text);

}  // namespace madoguchi::desk
