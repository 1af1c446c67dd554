// SPDX-License-Identifier: Apache-2.0
// Choosing, and JSON. No I/O.
#include "firmware/schedule/agenda.hpp"

#include <algorithm>
#include <limits>

namespace madoguchi::schedule {

namespace {

constexpr std::size_t kMostConsultations = 2000;

bool usable(const Consultation& each) { return each.status != Status::cancelled && !each.seats.empty(); }

std::int64_t millis(WallTime time) { return time.time_since_epoch().count(); }
WallTime from_millis(std::int64_t count) { return WallTime(std::chrono::milliseconds(count)); }

}  // namespace

bool is_receipt(std::string_view text) {
  constexpr std::size_t kMostDigits = 12;
  return !text.empty() && text.size() <= kMostDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view name(Status status) {
  switch (status) {
    case Status::confirmed: return "confirmed";
    case Status::tentative: return "tentative";
    case Status::cancelled: return "cancelled";
  }
  return "?";
}

const Consultation* Agenda::open_at(WallTime now, std::chrono::milliseconds before,
                                    const std::set<std::string>& held) const {
  const Consultation* running = nullptr;
  const Consultation* ahead = nullptr;
  const Consultation* again = nullptr;
  for (const Consultation& each : consultations) {
    if (!usable(each) || now < each.start - before || now >= each.end) continue;
    if (held.contains(each.id)) {
      if (again == nullptr || each.start >= again->start) again = &each;
    } else if (each.start <= now) {
      if (running == nullptr || each.start >= running->start) running = &each;
    } else if (ahead == nullptr || each.start < ahead->start) {
      ahead = &each;
    }
  }
  if (running != nullptr) return running;
  return ahead != nullptr ? ahead : again;
}

const Consultation* Agenda::next_after(WallTime now, std::chrono::milliseconds before) const {
  const Consultation* next = nullptr;
  for (const Consultation& each : consultations) {
    if (!usable(each) || now >= each.start - before) continue;
    if (next == nullptr || each.start < next->start) next = &each;
  }
  return next;
}

const Consultation* Agenda::find(std::string_view id) const {
  const auto found = std::find_if(consultations.begin(), consultations.end(),
                                  [id](const Consultation& each) { return each.id == id; });
  return found == consultations.end() ? nullptr : &*found;
}

json::bj::object to_json(const Agenda& agenda) {
  json::bj::array list;
  for (const Consultation& each : agenda.consultations) {
    json::bj::object object;
    object["id"] = each.id;
    object["feed"] = each.feed;
    object["start"] = millis(each.start);
    object["end"] = millis(each.end);
    object["status"] = std::string(name(each.status));
    object["events"] = each.events;
    if (!each.receipt.empty()) object["receipt"] = each.receipt;
    if (each.sequence > 0) object["sequence"] = each.sequence;
    json::bj::array seats;
    for (const Seat& seat : each.seats) {
      seats.push_back(
          json::bj::object{{"id", seat.id}, {"role", seat.role}, {"publish", seat.publish}, {"play", seat.play}});
    }
    object["seats"] = std::move(seats);
    list.push_back(std::move(object));
  }
  json::bj::object result;
  result["consultations"] = std::move(list);
  return result;
}

namespace {

Result<Consultation> consultation_from(const json::bj::object& object) {
  Consultation result;
  const auto id = json::string(object, "id");
  const auto feed = json::string(object, "feed");
  const auto start = json::integer(object, "start");
  const auto end = json::integer(object, "end");
  const auto status = json::string(object, "status");
  const auto events = json::string(object, "events");
  const auto receipt = json::string_or(object, "receipt", "");
  const auto sequence = json::integer_or(object, "sequence", 0);
  const auto* seats = object.if_contains("seats");
  if (!receipt || (!receipt->empty() && !is_receipt(*receipt))) {
    return fail(Errc::invalid, "a consultation's receipt number is malformed");
  }
  if (!sequence || *sequence < 0 || *sequence > std::numeric_limits<int>::max()) {
    return fail(Errc::invalid, "a consultation's sequence is malformed");
  }
  if (!id || !feed || !start || !end || !status || !events || seats == nullptr || !seats->is_array() || *end < *start) {
    return fail(Errc::invalid, "a consultation is malformed");
  }
  result.id = *id;
  result.feed = *feed;
  result.start = from_millis(*start);
  result.end = from_millis(*end);
  result.events = *events;
  result.receipt = *receipt;
  result.sequence = static_cast<int>(*sequence);
  if (*status == "cancelled") result.status = Status::cancelled;
  else if (*status == "tentative") result.status = Status::tentative;
  else if (*status != "confirmed") return fail(Errc::invalid, "a consultation's status is unknown");
  for (const auto& each : seats->get_array()) {
    if (!each.is_object() || result.seats.size() == 3)
      return fail(Errc::invalid, "a consultation's seats are malformed");
    const auto& seat = each.get_object();
    const auto seat_id = json::string(seat, "id");
    const auto role = json::string(seat, "role");
    const auto publish = json::string(seat, "publish");
    const auto play = json::string(seat, "play");
    if (!seat_id || !role || !publish || !play) return fail(Errc::invalid, "a seat is malformed");
    result.seats.push_back({*seat_id, *role, *publish, *play});
  }
  return result;
}

}  // namespace

Result<Agenda> agenda_from_json(const json::bj::object& object) {
  const auto* list = object.if_contains("consultations");
  if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "\"consultations\" is missing");
  if (list->get_array().size() > kMostConsultations) return fail(Errc::too_large, "too many consultations");
  Agenda result;
  for (const auto& each : list->get_array()) {
    if (!each.is_object()) return fail(Errc::invalid, "a consultation is malformed");
    auto consultation = consultation_from(each.get_object());
    if (!consultation) return fail(consultation.error());
    result.consultations.push_back(std::move(*consultation));
  }
  std::stable_sort(result.consultations.begin(), result.consultations.end(),
                   [](const Consultation& a, const Consultation& b) { return a.start < b.start; });
  return result;
}

}  // namespace madoguchi::schedule
