// SPDX-License-Identifier: Apache-2.0
// libical behind read_calendar(). In the reading child only.
#include "firmware/schedule/feed/calendar.hpp"

#include <fmt/format.h>
#include <libical/ical.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "firmware/schedule/feed/receipt.hpp"

namespace madoguchi::schedule {

namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;
constexpr std::size_t kMostLine = 8 * 1024;
constexpr std::size_t kMostEvents = 5000;
constexpr std::size_t kMostConsultations = 2000;
constexpr std::size_t kMostInstances = 1000;  // of one event
constexpr int kMostSteps = 100000;            // of one rule, from its first time on
constexpr std::size_t kMostSkipped = 100;

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};

struct FreeIterator {
  void operator()(icalrecur_iterator* iterator) const { icalrecur_iterator_free(iterator); }
};

Result<void> check_caps(std::string_view bytes) {
  if (bytes.size() > kMostBytes) return fail(Errc::too_large, "the calendar is larger than 4 MiB");
  std::size_t line = 0;  // unfolded
  std::size_t events = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n') {
      const bool folded = i + 1 < bytes.size() && (bytes[i + 1] == ' ' || bytes[i + 1] == '\t');
      if (!folded) line = 0;
      if (bytes.substr(i + 1, 12) == "BEGIN:VEVENT") ++events;
    } else if (++line > kMostLine) {
      return fail(Errc::too_large, "the calendar has a line longer than 8 KiB");
    }
  }
  if (events > kMostEvents) return fail(Errc::too_large, "the calendar has more than 5,000 events");
  return {};
}

std::string hash(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr);
  std::string result;
  for (unsigned i = 0; i < 8 && i < length; ++i) result += fmt::format("{:02x}", digest[i]);
  return result;
}

std::string value_of(icalproperty* property) {
  const char* text = icalproperty_get_value_as_string(property);
  return text == nullptr ? "" : text;
}

/// As written by people in TEXT properties: commas, semicolons and newlines are escaped.
std::string unescaped(std::string text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    ++i;
    result += text[i] == 'n' || text[i] == 'N' ? '\n' : text[i];
  }
  return result;
}

class Reader {
 public:
  Reader(const LinkRules& rules, const ReadOptions& options, icalcomponent* calendar)
      : rules_(rules), options_(options), calendar_(calendar),
        zone_(icaltimezone_get_builtin_timezone(options.time_zone.c_str())) {}

  ReadResult run() {
    // First the overrides, so that the masters know which of their occurrences to leave out.
    for (auto* event = first(); event != nullptr; event = next()) {
      if (icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY) == nullptr) continue;
      const auto time = icalcomponent_get_recurrenceid(event);
      if (const auto at = to_wall(event, ICAL_RECURRENCEID_PROPERTY, time)) overridden_.insert({uid(event), *at});
    }
    std::size_t ordinal = 0;
    for (auto* event = first(); event != nullptr; event = next()) read(event, ++ordinal);
    auto& list = result_.agenda.consultations;
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
    return std::move(result_);
  }

 private:
  icalcomponent* first() { return icalcomponent_get_first_component(calendar_, ICAL_VEVENT_COMPONENT); }
  icalcomponent* next() { return icalcomponent_get_next_component(calendar_, ICAL_VEVENT_COMPONENT); }

  static std::string uid(icalcomponent* event) {
    const char* text = icalcomponent_get_uid(event);
    return text == nullptr ? "" : text;
  }

  void skip(std::size_t ordinal, const char* why) {
    if (result_.skipped.size() < kMostSkipped) result_.skipped.push_back({ordinal, why});
  }

  static std::vector<icalproperty*> properties(icalcomponent* event, icalproperty_kind kind) {
    std::vector<icalproperty*> result;
    for (auto* each = icalcomponent_get_first_property(event, kind); each != nullptr;
         each = icalcomponent_get_next_property(event, kind)) {
      result.push_back(each);
    }
    return result;
  }

  /// The zone that a time is in: UTC, its TZID's (embedded VTIMEZONE, else the system's), for floating times the
  /// configured one. nullptr: nobody knows that TZID.
  icaltimezone* zone_of(icalproperty* property, const icaltimetype& time) {
    if (icaltime_is_utc(time) != 0) return icaltimezone_get_utc_timezone();
    if (time.zone != nullptr) return const_cast<icaltimezone*>(time.zone);
    icalparameter* parameter =
        property == nullptr ? nullptr : icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
    if (parameter == nullptr) return zone_;
    const char* id = icalparameter_get_tzid(parameter);
    icaltimezone* zone = icalcomponent_get_timezone(calendar_, id);
    return zone != nullptr ? zone : icaltimezone_get_builtin_timezone(id);
  }

  /// A whole day begins at midnight.
  static WallTime wall_in(icaltimezone* zone, icaltimetype time) {
    if (time.is_date != 0) {
      time.is_date = 0;
      time.hour = time.minute = time.second = 0;
    }
    return WallTime(std::chrono::seconds(icaltime_as_timet_with_zone(time, zone)));
  }

  std::optional<WallTime> to_wall(icalproperty* property, const icaltimetype& time) {
    if (icaltime_is_null_time(time) != 0 || icaltime_is_valid_time(time) == 0) return std::nullopt;
    icaltimezone* zone = zone_of(property, time);
    if (zone == nullptr) return std::nullopt;
    return wall_in(zone, time);
  }
  std::optional<WallTime> to_wall(icalcomponent* event, icalproperty_kind kind, const icaltimetype& time) {
    return to_wall(icalcomponent_get_first_property(event, kind), time);
  }

  std::optional<Legs> legs_of(icalcomponent* event) {
    for (icalproperty* property : properties(event, ICAL_ANY_PROPERTY)) {
      const char* name = icalproperty_get_property_name(property);
      if (name == nullptr || std::string_view(name) != "CONFERENCE") continue;
      if (auto legs = rules_.match(options_.feed, value_of(property))) return legs;
    }
    for (const icalproperty_kind kind : {ICAL_URL_PROPERTY, ICAL_LOCATION_PROPERTY, ICAL_DESCRIPTION_PROPERTY}) {
      icalproperty* property = icalcomponent_get_first_property(event, kind);
      if (property == nullptr) continue;
      if (auto legs = rules_.match(options_.feed, unescaped(value_of(property)))) return legs;
    }
    return std::nullopt;
  }

  void add(icalcomponent* event, WallTime start, std::chrono::milliseconds length, const Legs& legs) {
    if (start + length <= options_.from || start >= options_.until) return;
    if (result_.agenda.consultations.size() >= kMostConsultations) return skip(ordinal_, "too-many");
    Consultation consultation;
    consultation.feed = options_.feed;
    consultation.id = hash(fmt::format("{}\n{}\n{}", options_.feed, uid(event), start.time_since_epoch().count()));
    consultation.start = start;
    consultation.end = start + length;
    const auto status = icalcomponent_get_status(event);
    if (status == ICAL_STATUS_CANCELLED) consultation.status = Status::cancelled;
    if (status == ICAL_STATUS_TENTATIVE) consultation.status = Status::tentative;
    consultation.seats = legs.seats;
    consultation.events = legs.events;
    consultation.sequence = std::max(0, icalcomponent_get_sequence(event));
    if (icalproperty* summary = icalcomponent_get_first_property(event, ICAL_SUMMARY_PROPERTY)) {
      consultation.receipt = receipt_in(unescaped(value_of(summary)));
    }
    result_.agenda.consultations.push_back(std::move(consultation));
  }

  void read(icalcomponent* event, std::size_t ordinal) {
    ordinal_ = ordinal;
    const icaltimetype first = icalcomponent_get_dtstart(event);
    const auto start = to_wall(event, ICAL_DTSTART_PROPERTY, first);
    if (!start) return skip(ordinal, "no-start");
    std::chrono::milliseconds length{0};
    if (const auto end = to_wall(event, ICAL_DTEND_PROPERTY, icalcomponent_get_dtend(event))) length = *end - *start;
    if (length <= std::chrono::milliseconds(0)) return skip(ordinal, "no-end");
    if (length > std::chrono::hours(24)) return skip(ordinal, "too-long");
    const auto legs = legs_of(event);
    if (!legs) return skip(ordinal, "no-link");
    if (icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY) != nullptr) {
      return add(event, *start, length, *legs);
    }
    for (icalproperty* rule : properties(event, ICAL_RRULE_PROPERTY)) {
      const auto frequency = icalproperty_get_rrule(rule).freq;
      if (frequency == ICAL_SECONDLY_RECURRENCE || frequency == ICAL_MINUTELY_RECURRENCE ||
          frequency == ICAL_HOURLY_RECURRENCE || frequency == ICAL_NO_RECURRENCE) {
        return skip(ordinal, "too-often");
      }
    }
    // RFC 5545 dropped it; a consultation that should have been left out must not be offered.
    if (!properties(event, ICAL_EXRULE_PROPERTY).empty()) return skip(ordinal, "exrule");
    icaltimezone* zone = zone_of(icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY), first);
    for (const WallTime at : occurrences(event, first, zone, length)) add(event, at, length, *legs);
  }

  /// Those near the horizon, without the ones that EXDATE or an override takes away. Not libical's own walk over them:
  /// that takes floating times and whole days for UTC.
  std::set<WallTime> occurrences(icalcomponent* event, icaltimetype first, icaltimezone* zone,
                                 std::chrono::milliseconds length) {
    std::set<WallTime> found;
    std::set<std::string> days_left_out;
    std::set<WallTime> left_out;
    for (icalproperty* each : properties(event, ICAL_EXDATE_PROPERTY)) {
      const icaltimetype time = icalproperty_get_exdate(each);
      if (time.is_date != 0) days_left_out.insert(day_of(time));
      else if (const auto at = to_wall(each, time)) left_out.insert(*at);
    }
    const std::string id = uid(event);
    const auto take = [&](WallTime at, const icaltimetype& local) {
      if (at + length <= options_.from || at >= options_.until) return;
      if (left_out.count(at) != 0 || days_left_out.count(day_of(local)) != 0) return;
      if (overridden_.count({id, at}) == 0) found.insert(at);
    };
    take(wall_in(zone, first), first);
    for (icalproperty* each : properties(event, ICAL_RDATE_PROPERTY)) {
      const icaldatetimeperiodtype extra = icalproperty_get_rdate(each);
      const icaltimetype time = icaltime_is_null_time(extra.time) != 0 ? extra.period.start : extra.time;
      if (const auto at = to_wall(each, time)) take(*at, time);
    }
    if (first.is_date == 0) icaltime_set_timezone(&first, zone);  // UNTIL is compared with it
    for (icalproperty* each : properties(event, ICAL_RRULE_PROPERTY)) {
      const std::unique_ptr<icalrecur_iterator, FreeIterator> steps(
          icalrecur_iterator_new(icalproperty_get_rrule(each), first));
      if (!steps) {
        skip(ordinal_, "rule");
        continue;
      }
      for (int i = 0; i < kMostSteps && found.size() < kMostInstances; ++i) {
        const icaltimetype time = icalrecur_iterator_next(steps.get());
        if (icaltime_is_null_time(time) != 0) break;
        const WallTime at = wall_in(zone, time);
        if (at >= options_.until) break;
        take(at, time);
      }
    }
    return found;
  }

  static std::string day_of(const icaltimetype& time) {
    return fmt::format("{:04}{:02}{:02}", time.year, time.month, time.day);
  }

  const LinkRules& rules_;
  const ReadOptions& options_;
  icalcomponent* calendar_;
  icaltimezone* zone_;
  std::set<std::pair<std::string, WallTime>> overridden_;
  std::size_t ordinal_ = 0;
  ReadResult result_;
};

}  // namespace

Result<ReadResult> read_calendar(std::string_view bytes, const LinkRules& rules, const ReadOptions& options) {
  if (auto good = check_caps(bytes); !good) return fail(good.error());
  if (bytes.find('\0') != std::string_view::npos) return fail(Errc::invalid, "the calendar holds a zero byte");
  icaltimezone_set_tzid_prefix("/madoguchi/");
  const std::string text(bytes);
  const std::unique_ptr<icalcomponent, FreeComponent> parsed(icalparser_parse_string(text.c_str()));
  if (!parsed) return fail(Errc::invalid, "this is not a calendar");
  if (icalcomponent_isa(parsed.get()) != ICAL_VCALENDAR_COMPONENT) {
    return fail(Errc::invalid, "this is not one calendar: it must begin with BEGIN:VCALENDAR");
  }
  return Reader(rules, options, parsed.get()).run();
}

}  // namespace madoguchi::schedule
