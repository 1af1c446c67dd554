// SPDX-License-Identifier: Apache-2.0
// RE2 over the path of a parsed URL whose scheme, host and port are literally the rule's. Pure.
#include "firmware/schedule/link_rules.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "base/net/url.hpp"

namespace madoguchi::schedule {

struct LinkRules::Compiled {
  Compiled(LinkRule r, std::string o, const std::string& pattern, const re2::RE2::Options& options)
      : rule(std::move(r)), origin(std::move(o)), path(pattern, options) {}
  LinkRule rule;
  std::string origin;
  re2::RE2 path;
};

namespace {

constexpr std::size_t kMostLinks = 50;  // looked at in one text

/// Splits "https://host:port/pattern" before the path.
std::size_t path_start(std::string_view link) {
  const auto scheme = link.find("://");
  return scheme == std::string_view::npos ? std::string_view::npos : link.find('/', scheme + 3);
}

std::vector<std::string> placeholders(std::string_view text) {
  std::vector<std::string> result;
  for (auto open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) break;
    result.emplace_back(text.substr(open + 1, close - open - 1));
  }
  return result;
}

Result<void> check_template(const std::string& text, const std::map<std::string, int>& groups) {
  const auto path = path_start(text);
  if (path == std::string::npos || text.substr(0, path).find('{') != std::string::npos) {
    return fail(Errc::invalid, fmt::format("\"{}\": server and port must be written out", text));
  }
  std::string filled = text;
  for (const std::string& name : placeholders(text)) {
    if (groups.count(name) == 0)
      return fail(Errc::invalid, fmt::format("\"{}\": the link has no group \"{}\"", text, name));
    const std::string hole = "{" + name + "}";
    filled.replace(filled.find(hole), hole.size(), "x");
  }
  const auto url = Url::parse(filled);
  if (!url) return fail(Errc::invalid, fmt::format("\"{}\": {}", text, url.error().message));
  if (!url->is_secure_or_loopback()) {
    return fail(Errc::invalid, fmt::format("\"{}\": http:// is for this machine itself only; use https://", text));
  }
  return {};
}

/// What a capture may hold: no more than one segment of a path, and none that a resolver would take away.
bool is_segment(std::string_view text) {
  return !text.empty() && text.size() <= 256 && text.find_first_of("/?") == std::string_view::npos && text != "." &&
         text != "..";
}

/// One path segment, percent-encoded but for what RFC 3986 leaves alone.
std::string encoded(std::string_view segment) {
  std::string result;
  for (const char c : segment) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

std::string fill(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string hole = "{" + name + "}";
    for (auto at = text.find(hole); at != std::string::npos; at = text.find(hole, at + value.size())) {
      text.replace(at, hole.size(), value);
    }
  }
  return text;
}

/// Candidates: from a scheme to the first character that no URL in prose holds.
std::vector<std::string_view> links_in(std::string_view text) {
  std::vector<std::string_view> result;
  std::size_t at = 0;
  while (result.size() < kMostLinks) {
    const auto http = text.find("http", at);
    if (http == std::string_view::npos) break;
    std::size_t end = http;
    while (end < text.size()) {
      const auto c = static_cast<unsigned char>(text[end]);
      if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '`' || c == '{' || c == '}' || c == '\\')
        break;
      ++end;
    }
    std::string_view link = text.substr(http, end - http);
    while (!link.empty() && std::string_view(".,;:!?)'").find(link.back()) != std::string_view::npos)
      link.remove_suffix(1);
    if (link.rfind("http://", 0) == 0 || link.rfind("https://", 0) == 0) result.push_back(link);
    at = end == http ? http + 4 : end;
  }
  return result;
}

}  // namespace

Result<LinkRules> LinkRules::compile(const std::vector<LinkRule>& rules) {
  LinkRules result;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const LinkRule& rule = rules[i];
    const auto wrong = [i](std::string_view what) {
      return fail(Errc::invalid, fmt::format("link rule {}: {}", i + 1, what));
    };
    const auto path = path_start(rule.link);
    if (path == std::string::npos) return wrong("\"link\" must be scheme, server and a pattern for the path");
    const auto origin = Url::parse(rule.link.substr(0, path) + "/");
    if (!origin) return wrong(origin.error().message);
    re2::RE2::Options options;
    options.set_max_mem(1 << 20);
    options.set_log_errors(false);
    auto compiled = std::make_shared<const Compiled>(rule, origin->origin(), rule.link.substr(path), options);
    if (!compiled->path.ok()) return wrong("\"link\" is not a pattern: " + compiled->path.error());
    const auto& groups = compiled->path.NamedCapturingGroups();
    if (rule.seats.empty()) return wrong("it has no seat");
    if (rule.seats.size() > 3) return wrong("more than three seats");
    if (!rule.events.empty()) {
      if (auto good = check_template(rule.events, groups); !good) return wrong(good.error().message);
    }
    for (const SeatRule& seat : rule.seats) {
      if (seat.publish.empty() && seat.play.empty()) return wrong("a seat has neither \"publish\" nor \"play\"");
      for (const std::string& text : {seat.publish, seat.play}) {
        if (text.empty()) continue;
        if (auto good = check_template(text, groups); !good) return wrong(good.error().message);
      }
    }
    result.rules_.push_back(std::move(compiled));
  }
  return result;
}

std::optional<Legs> LinkRules::match(std::string_view feed, std::string_view text) const {
  for (const std::string_view link : links_in(text)) {
    if (link.find('@') != std::string_view::npos || link.find('%') != std::string_view::npos) continue;
    const auto url = Url::parse(link);
    if (!url || link.find("/.") != std::string_view::npos) continue;
    for (const auto& rule : rules_) {
      const auto& feeds = rule->rule.feeds;
      if (std::find(feeds.begin(), feeds.end(), feed) == feeds.end() || url->origin() != rule->origin) continue;
      const std::string path = url->path() + (url->query().empty() ? "" : "?" + url->query());
      const int count = rule->path.NumberOfCapturingGroups();
      std::vector<re2::StringPiece> captured(static_cast<std::size_t>(count) + 1);
      if (!rule->path.Match(path, 0, path.size(), re2::RE2::ANCHOR_BOTH, captured.data(), count + 1)) continue;
      std::map<std::string, std::string> values;
      bool segments = true;
      for (const auto& [name, index] : rule->path.NamedCapturingGroups()) {
        const std::string value(captured[static_cast<std::size_t>(index)]);
        if (!is_segment(value)) segments = false;
        values[name] = encoded(value);
      }
      if (!segments) continue;
      Legs legs;
      legs.events = fill(rule->rule.events, values);
      for (const SeatRule& seat : rule->rule.seats) {
        legs.seats.push_back({seat.id, seat.role, fill(seat.publish, values), fill(seat.play, values)});
      }
      return legs;
    }
  }
  return std::nullopt;
}

}  // namespace madoguchi::schedule
