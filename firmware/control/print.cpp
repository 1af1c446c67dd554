// SPDX-License-Identifier: Apache-2.0
// The daemon's replies as words for people. Pure.
#include "firmware/control/print.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace madoguchi::control {

namespace {

using json::bj::array;
using json::bj::object;

std::string text(const object& from, std::string_view key) { return json::string_or(from, key, "").value_or(""); }

const object* member(const object& from, std::string_view key) {
  const auto* found = from.if_contains(key);
  return found == nullptr ? nullptr : found->if_object();
}

const array& list(const object& from, std::string_view key) {
  static const array kNone;
  const auto* found = from.if_contains(key);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

/// Its objects; what is none is passed over.
std::vector<const object*> objects(const object& from, std::string_view key) {
  std::vector<const object*> result;
  for (const auto& each : list(from, key)) {
    if (const object* one = each.if_object()) result.push_back(one);
  }
  return result;
}

void add_steps(std::string& out, const object& fault, std::string_view key) {
  for (const auto& step : list(fault, key)) {
    if (const auto* words = step.if_string()) out += fmt::format("          - {}\n", words->c_str());
  }
}

std::int64_t number(const object& from, std::string_view key, std::int64_t otherwise = 0) {
  return json::integer_or(from, key, otherwise).value_or(otherwise);
}

std::string age(std::int64_t seconds) {
  if (seconds < 0) return "never";
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
  return fmt::format("{} h ago", seconds / 3600);
}

void add_faults(std::string& out, const object& reply) {
  for (const object* each : objects(reply, "faults")) {
    const object& fault = *each;
    out += fmt::format("fault     {} ({})", text(fault, "code"), text(fault, "severity"));
    if (fault.contains("since_s")) out += ", began " + age(number(fault, "since_s", 0));
    for (const json::bj::value& source : list(fault, "sources")) {
      if (source.is_string()) out += fmt::format(", {}", std::string_view(source.get_string()));
    }
    out += fmt::format("\n          {}\n          {}\n", text(fault, "ja"), text(fault, "en"));
    add_steps(out, fault, "steps_ja");
    add_steps(out, fault, "steps_en");
  }
}

}  // namespace

std::string device_words(const std::vector<board::DeviceRow>& rows) {
  if (rows.empty()) return "no devices were found\n";
  std::size_t kind = 4, name = 4, rule = 4;
  for (const board::DeviceRow& row : rows) {
    kind = std::max(kind, row.kind.size());
    name = std::max(name, row.name.size());
    rule = std::max(rule, row.rule.size());
  }
  std::string out = fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", "KIND", kind, "NAME", name, "RULE", rule, "STATE");
  for (const board::DeviceRow& row : rows) {
    out += fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", row.kind, kind, row.name, name, row.rule, rule, row.state);
  }
  return out;
}

object device_json(const std::vector<board::DeviceRow>& rows) {
  array devices;
  for (const board::DeviceRow& row : rows) {
    devices.push_back(
        object{{"kind", row.kind}, {"name", row.name}, {"rule", row.rule}, {"state", row.state}, {"node", row.node}});
  }
  return object{{"ok", true}, {"devices", std::move(devices)}};
}

std::string status_words(const object& reply) {
  std::string out;
  out += fmt::format("box       {} ({} board), version {}\n", text(reply, "hall"), text(reply, "board"),
                     text(reply, "version"));
  out += fmt::format("phase     {}\n", text(reply, "phase"));
  if (const object* card = member(reply, "card")) {
    out += fmt::format("screen    {}: {}\n", text(*card, "code"), text(*card, "title_ja"));
    if (!text(*card, "title_en").empty()) out += fmt::format("          {}\n", text(*card, "title_en"));
  }
  if (const object* lamp = member(reply, "lamp")) out += fmt::format("lamp      {}\n", text(*lamp, "mode"));
  if (const object* media = member(reply, "media")) {
    out += fmt::format("media     {}, pid {}\n", text(*media, "state"), number(*media, "pid"));
  }
  if (const object* camera = member(reply, "camera")) {
    out += number(*camera, "pid") > 0 ? fmt::format("camera    open, pid {}\n", number(*camera, "pid"))
                                      : std::string("camera    closed\n");
    if (!text(*camera, "mode").empty())
      out += fmt::format("          {}, {}\n", text(*camera, "name"), text(*camera, "mode"));
    if (!text(*camera, "error").empty()) out += fmt::format("          {}\n", text(*camera, "error"));
  }
  for (const object* each : objects(reply, "legs")) {
    const object& leg = *each;
    out += fmt::format("leg       {} {}: {}\n", text(leg, "seat"), text(leg, "direction"), text(leg, "state"));
  }
  for (const object* each : objects(reply, "feeds")) {
    const object& feed = *each;
    const std::int64_t skipped = number(feed, "skipped");
    out += fmt::format("feed      {}: read {}{}{}", text(feed, "name"), age(number(feed, "age_s", -1)),
                       text(feed, "error").empty() ? "" : "; ", text(feed, "error"));
    if (skipped > 0) out += fmt::format("; {} event{} could not be used", skipped, skipped == 1 ? "" : "s");
    out += "\n";
  }
  for (const object* office : objects(reply, "offices")) {
    const std::string error = text(*office, "error");
    out += fmt::format("office    {}\n", error.empty() ? text(*office, "host") + ": good" : error);
  }
  if (const object* clock = member(reply, "clock")) {
    const auto is = [clock](const char* key) { return json::boolean_or(*clock, key, true).value_or(true); };
    out += fmt::format("clock     {}synchronised{}\n", is("synchronised") ? "" : "not ",
                       is("believed") ? "" : ", not believed");
  }
  if (const object* next = member(reply, "next_press")) {
    std::string by;
    for (const auto& code : list(*next, "spoiled_by")) {
      if (code.is_string()) by += (by.empty() ? "" : ", ") + std::string(code.get_string());
    }
    out += by.empty() ? "press     would work\n" : fmt::format("press     would suffer from {}\n", by);
  }
  add_faults(out, reply);
  if (list(reply, "faults").empty()) out += "faults    none\n";
  return out;
}

std::string agenda_words(const object& reply) {
  std::string out;
  for (const object* each : objects(reply, "consultations")) {
    const object& consultation = *each;
    out += fmt::format("{}  {} - {}  {}{}\n", text(consultation, "id"), text(consultation, "start_local"),
                       text(consultation, "end_local"), text(consultation, "status"),
                       json::boolean_or(consultation, "open", false).value_or(false) ? "  <- a press joins this" : "");
  }
  if (out.empty()) out = "no consultations are known\n";
  if (const auto more = number(reply, "left_out"); more > 0) out += fmt::format("... and {} later ones\n", more);
  for (const object* each : objects(reply, "feeds")) {
    const object& feed = *each;
    out += fmt::format("feed {}: read {}\n", text(feed, "name"), age(number(feed, "age_s", -1)));
  }
  return out;
}

std::string done_words(const object& reply) {
  const std::string said = text(reply, "said");
  return said.empty() ? "done\n" : said + "\n";
}

bool spoils_next_press(const object& reply) {
  if (const object* next = member(reply, "next_press")) return !json::boolean_or(*next, "works", true).value_or(true);
  for (const object* each : objects(reply, "faults")) {
    if (text(*each, "severity") == "error") return true;
  }
  return false;
}

}  // namespace madoguchi::control
