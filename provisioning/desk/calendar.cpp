// SPDX-License-Identifier: Apache-2.0
// iCalendar and dates as text. Pure.
#include "provisioning/desk/calendar.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>

namespace madoguchi::desk {

namespace {

std::tm utc(WallTime time) {
  return fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(time)));
}

std::string stamp(WallTime time) { return fmt::format("{:%Y%m%dT%H%M%SZ}", utc(time)); }

void line(std::string& out, const std::string& text) {
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t next = at + 1;  // a whole UTF-8 character
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U) ++next;
    if (used + (next - at) > 75) {
      out += "\r\n ";
      used = 1;
    }
    out.append(text, at, next - at);
    used += next - at;
    at = next;
  }
  out += "\r\n";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == ';' || c == ',') out += '\\';
    if (c == '\n') out += "\\n";
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out;
}

}  // namespace

std::string calendar_text(const Hall& hall, const std::vector<Booking>& bookings, const std::string& origin) {
  std::string out;
  line(out, "BEGIN:VCALENDAR");
  line(out, "VERSION:2.0");
  line(out, "PRODID:-//madoguchi//desk//JA");
  line(out, "X-WR-CALNAME:" + escaped(hall.name));
  line(out, "REFRESH-INTERVAL;VALUE=DURATION:PT1M");
  for (const Booking& booking : bookings) {
    line(out, "BEGIN:VEVENT");
    line(out, "UID:" + booking.room + "@madoguchi");
    line(out, "DTSTAMP:" + stamp(booking.changed));
    line(out, "DTSTART:" + stamp(booking.start));
    line(out, "DTEND:" + stamp(booking.end));
    line(out, booking.cancelled ? "STATUS:CANCELLED" : "STATUS:CONFIRMED");
    line(out, "SUMMARY:受付番号 " + booking.receipt);
    line(out, "CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:" + origin + "/rooms/" + booking.room);
    line(out, "END:VEVENT");
  }
  line(out, "END:VCALENDAR");
  return out;
}

std::string http_date(WallTime time) { return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", utc(time)); }

std::string rfc3339(WallTime time) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc(time)); }

Result<WallTime> parse_rfc3339(const std::string& text) {
  const Error wrong{Errc::invalid, "write a time as 2026-11-23T13:00:00Z or with an offset, 2026-11-23T22:00:00+09:00"};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%lf%n", &year, &month, &day, &hour, &minute, &second, &used) != 6) {
    return fail(wrong);
  }
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second >= 61) return fail(wrong);
  std::chrono::minutes offset{0};
  const std::string zone = text.substr(static_cast<std::size_t>(used));
  if (zone != "Z" && zone != "z") {
    char sign = 0;
    int hours = 0, minutes = 0, end = 0;
    if (std::sscanf(zone.c_str(), "%c%2d:%2d%n", &sign, &hours, &minutes, &end) != 3 ||
        static_cast<std::size_t>(end) != zone.size() || (sign != '+' && sign != '-')) {
      return fail(wrong);
    }
    offset = std::chrono::minutes((sign == '+' ? 1 : -1) * (hours * 60 + minutes));
  }
  return WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) - offset + std::chrono::milliseconds(static_cast<long>(second * 1000)));
}

}  // namespace madoguchi::desk
