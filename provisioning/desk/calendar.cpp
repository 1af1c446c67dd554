// SPDX-License-Identifier: Apache-2.0
// iCalendar and dates as text. Pure.
#include "provisioning/desk/calendar.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <string_view>

namespace madoguchi::desk {

namespace {

std::tm utc(WallTime time) {
  return fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(time)));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
    line(out, fmt::format("SEQUENCE:{}", booking.sequence));
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
  // Two-digit fields at fixed places, a fraction perhaps, then the zone: nothing that a number parser would forgive.
  const std::string_view form = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= form.size()) return fail(wrong);
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == 'd' ? !is_digit(text[i]) : form[i] != text[i]) return fail(wrong);
  }
  const auto number = [&text](std::size_t at, std::size_t size) { return std::stoi(text.substr(at, size)); };
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return fail(wrong);
  std::size_t at = form.size();
  if (text[at] == '.') {  // read, and left away
    const std::size_t first = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == first) return fail(wrong);
  }
  std::chrono::minutes offset{0};
  const std::string zone = text.substr(at);
  if (zone != "Z") {
    const bool good = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && is_digit(zone[1]) &&
                      is_digit(zone[2]) && zone[3] == ':' && is_digit(zone[4]) && is_digit(zone[5]);
    if (!good) return fail(wrong);
    offset = std::chrono::hours(std::stoi(zone.substr(1, 2))) + std::chrono::minutes(std::stoi(zone.substr(4, 2)));
    if (offset >= std::chrono::hours(24)) return fail(wrong);
    if (zone[0] == '-') offset = -offset;
  }
  return WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second) - offset);
}

}  // namespace madoguchi::desk
