// SPDX-License-Identifier: Apache-2.0
// madoguchi-feed: a calendar on stdin, an agenda on stdout. Its starter gives it limits of processor time and memory; it
// gives up files, network and programs itself. First line of the input: a JSON header with the feed's name and rules.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <iostream>

#include "base/json.hpp"
#include "base/sandbox.hpp"
#include "base/unique_fd.hpp"
#include "firmware/schedule/feed/calendar.hpp"

namespace {

using namespace madoguchi;
using json::bj::object;

constexpr std::size_t kMostInput = 6 * 1024 * 1024;

int stop(std::string_view code, std::string_view what) {
  std::cout << json::bj::serialize(object{{"error", std::string(code)}, {"message", std::string(what)}}) << "\n";
  return 1;
}

Result<std::vector<schedule::LinkRule>> rules_from(const object& header) {
  std::vector<schedule::LinkRule> rules;
  const auto* list = header.if_contains("links");
  if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "\"links\" is missing");
  for (const auto& each : list->get_array()) {
    const auto* members = each.if_object();
    const auto* seats = members == nullptr ? nullptr : members->if_contains("seats");
    if (seats == nullptr || !seats->is_array()) return fail(Errc::invalid, "a link is malformed");
    const object& from = *members;
    schedule::LinkRule rule;
    rule.link = json::string(from, "link").value_or("");
    rule.events = json::string_or(from, "events", "").value_or("");
    rule.feeds = {json::string(header, "feed").value_or("")};
    rule.seats.clear();
    for (const auto& seat : seats->get_array()) {
      if (!seat.is_object()) return fail(Errc::invalid, "a seat is malformed");
      const object& of = seat.get_object();
      rule.seats.push_back({json::string(of, "id").value_or(""), json::string(of, "role").value_or(""),
                            json::string(of, "publish").value_or(""), json::string(of, "play").value_or("")});
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// libical complains on stderr, which would end in the box's log; what it quotes of a calendar is nobody's business.
bool hush() {
  const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  return nowhere.valid() && ::dup2(nowhere.get(), STDERR_FILENO) >= 0;
}

}  // namespace

int main() {
  if (!hush()) return stop("stderr", "no /dev/null");
  ::prctl(PR_SET_DUMPABLE, 0);  // a core dump would be the calendar with all its names
  Sandbox sandbox;
  sandbox.read = {"/usr/share/zoneinfo", "/usr/share/libical", "/usr/lib", "/lib", "/lib64", "/etc/ld.so.cache"};
  const auto entered = enter_sandbox(sandbox);
  if (!entered) return stop("sandbox", entered.error().message);

  std::string input;
  char buffer[65536];
  for (ssize_t count = 0; (count = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
    input.append(buffer, static_cast<std::size_t>(count));
    if (input.size() > kMostInput) return stop("too-large", "the input is too large");
  }
  const auto end = input.find('\n');
  if (end == std::string::npos) return stop("header", "the header is missing");
  const auto header = json::parse_object(std::string_view(input).substr(0, end));
  if (!header) return stop("header", header.error().message);
  schedule::ReadOptions options;
  options.feed = json::string(*header, "feed").value_or("");
  options.time_zone = json::string(*header, "time_zone").value_or("Asia/Tokyo");
  options.from = WallTime(std::chrono::milliseconds(json::integer(*header, "from").value_or(0)));
  options.until = WallTime(std::chrono::milliseconds(json::integer(*header, "until").value_or(0)));
  const auto rules = rules_from(*header);
  const auto compiled = rules ? schedule::LinkRules::compile(*rules) : Result<schedule::LinkRules>(fail(rules.error()));
  if (!compiled) return stop("rules", compiled.error().message);

  const auto read = schedule::read_calendar(std::string_view(input).substr(end + 1), *compiled, options);
  if (!read) return stop("calendar", read.error().message);
  object result = schedule::to_json(read->agenda);
  json::bj::array skipped;
  for (const auto& each : read->skipped) {
    skipped.push_back(object{{"event", static_cast<std::int64_t>(each.event)}, {"why", each.why}});
  }
  result["skipped"] = std::move(skipped);
  result["landlock"] = entered->landlock;
  std::cout << json::bj::serialize(result) << "\n" << std::flush;
  return std::cout.good() ? 0 : 1;
}
