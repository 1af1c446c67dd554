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

namespace madoguchi::schedule {

namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;
constexpr std::size_t kMostLine = 8 * 1024;
constexpr std::size_t kMostEvents = 5000;
constexpr std::size_t kMostConsultations = 2000;
constexpr int kMostInstances = 1000;  // of one event
constexpr std::size_t kMostSkipped = 100;

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
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

  /// A time with its TZID (embedded VTIMEZONE, else the system's), UTC, or floating in the configured zone.
  std::optional<WallTime> to_wall(icalcomponent* event, icalproperty_kind kind, icaltimetype time) {
    if (icaltime_is_null_time(time) != 0 || icaltime_is_valid_time(time) == 0) return std::nullopt;
    if (time.is_date != 0) {
      time.is_date = 0;
      time.hour = time.minute = time.second = 0;
    }
    const icaltimezone* zone = time.zone;
    if (zone == nullptr && icaltime_is_utc(time) == 0) {
      icalproperty* property = icalcomponent_get_first_property(event, kind);
      icalparameter* parameter =
          property == nullptr ? nullptr : icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
      if (parameter != nullptr) {
        const char* id = icalparameter_get_tzid(parameter);
        zone = icalcomponent_get_timezone(calendar_, id);
        if (zone == nullptr) zone = icaltimezone_get_builtin_timezone(id);
        if (zone == nullptr) return std::nullopt;
      } else {
        zone = zone_;
      }
    }
    if (icaltime_is_utc(time) != 0) zone = icaltimezone_get_utc_timezone();
    const auto seconds = icaltime_as_timet_with_zone(time, const_cast<icaltimezone*>(zone));
    return WallTime(std::chrono::seconds(seconds));
  }

  std::optional<Legs> legs_of(icalcomponent* event) {
    for (auto* property = icalcomponent_get_first_property(event, ICAL_ANY_PROPERTY); property != nullptr;
         property = icalcomponent_get_next_property(event, ICAL_ANY_PROPERTY)) {
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
    if (result_.agenda.consultations.size() >= kMostConsultations) return;
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
    result_.agenda.consultations.push_back(std::move(consultation));
  }

  void read(icalcomponent* event, std::size_t ordinal) {
    const auto start = to_wall(event, ICAL_DTSTART_PROPERTY, icalcomponent_get_dtstart(event));
    if (!start) return skip(ordinal, "no-start");
    std::chrono::milliseconds length{0};
    if (const auto end = to_wall(event, ICAL_DTEND_PROPERTY, icalcomponent_get_dtend(event))) length = *end - *start;
    if (length <= std::chrono::milliseconds(0)) return skip(ordinal, "no-end");
    if (length > std::chrono::hours(24)) return skip(ordinal, "too-long");
    const auto legs = legs_of(event);
    if (!legs) return skip(ordinal, "no-link");
    icalproperty* rule = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY);
    const bool is_override = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY) != nullptr;
    const bool dates = icalcomponent_get_first_property(event, ICAL_RDATE_PROPERTY) != nullptr;
    if (is_override || (rule == nullptr && !dates)) return add(event, *start, length, *legs);
    for (; rule != nullptr; rule = icalcomponent_get_next_property(event, ICAL_RRULE_PROPERTY)) {
      const auto frequency = icalproperty_get_rrule(rule).freq;
      if (frequency == ICAL_SECONDLY_RECURRENCE || frequency == ICAL_MINUTELY_RECURRENCE ||
          frequency == ICAL_HOURLY_RECURRENCE || frequency == ICAL_NO_RECURRENCE) {
        return skip(ordinal, "too-often");
      }
    }
    expand(event, length, *legs);
  }

  struct Expansion {
    Reader* reader;
    icalcomponent* event;
    std::chrono::milliseconds length;
    const Legs* legs;
    int instances = 0;
  };

  void expand(icalcomponent* event, std::chrono::milliseconds length, const Legs& legs) {
    Expansion expansion{this, event, length, &legs, 0};
    const auto utc = [](WallTime time) {
      return icaltime_from_timet_with_zone(
          std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count(), 0,
          icaltimezone_get_utc_timezone());
    };
    icalcomponent_foreach_recurrence(event, utc(options_.from), utc(options_.until), &Reader::on_instance, &expansion);
  }

  static void on_instance(icalcomponent*, icaltime_span* span, void* data) {
    auto& expansion = *static_cast<Expansion*>(data);
    if (++expansion.instances > kMostInstances) return;
    const WallTime start{std::chrono::seconds(span->start)};
    if (expansion.reader->overridden_.count({uid(expansion.event), start}) != 0) return;
    expansion.reader->add(expansion.event, start, expansion.length, *expansion.legs);
  }

  const LinkRules& rules_;
  const ReadOptions& options_;
  icalcomponent* calendar_;
  icaltimezone* zone_;
  std::set<std::pair<std::string, WallTime>> overridden_;
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
