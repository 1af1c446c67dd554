// SPDX-License-Identifier: Apache-2.0
// A card's words with the facts filled in. Pure.
#include <fmt/format.h>

#include <algorithm>

#include "firmware/session/card_rows.hpp"
#include "firmware/session/cards.hpp"

namespace madoguchi::session {

namespace {

constexpr std::size_t kMostLines = 6;

void replace(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string filled(Language language, CardWord word, std::string_view what, std::string_view with) {
  std::string result(text(language, word));
  replace(result, what, with);
  return result;
}

/// "13:05"
std::string clock_text(WallTime time, const CardFacts& facts) {
  const auto there = time + facts.utc_offset;
  const auto minutes =
      std::chrono::duration_cast<std::chrono::minutes>(there - std::chrono::floor<std::chrono::days>(there)).count();
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

std::chrono::sys_days day_of(WallTime time, const CardFacts& facts) {
  return std::chrono::floor<std::chrono::days>(time + facts.utc_offset);
}

std::string day_text(CardWord word, std::chrono::sys_days day, Language language) {
  const std::chrono::year_month_day date(day);
  std::string result(text(language, word));
  replace(result, "{month}", std::to_string(unsigned(date.month())));
  replace(result, "{day}", std::to_string(unsigned(date.day())));
  std::string_view weekdays = text(language, CardWord::weekdays_);
  for (unsigned left = std::chrono::weekday(day).c_encoding(); left > 0; --left) {
    weekdays.remove_prefix(std::min(weekdays.size(), weekdays.find(',') + 1));
  }
  replace(result, "{weekday}", weekdays.substr(0, weekdays.find(',')));
  return result;
}

std::string role_text(const CardFacts& facts, Language language) {
  const bool usual = facts.role.empty() || facts.role == text(Language::ja, CardWord::counsellor_);
  return usual ? std::string(text(language, CardWord::counsellor_)) : facts.role;
}

/// "" where a time that it names is not known.
std::string filled(std::string_view pattern, const View& view, const CardFacts& facts, Language language) {
  std::string text(pattern);
  if (text.find("{start}") != std::string::npos) {
    if (!facts.start) return {};
    const auto day = day_of(*facts.start, facts);
    replace(text, "{date}", day == day_of(facts.now, facts) ? std::string() : day_text(CardWord::day_, day, language));
    replace(text, "{start}", clock_text(*facts.start, facts));
  }
  if (text.find("{opens}") != std::string::npos) {
    if (!facts.opens) return {};
    replace(text, "{opens}", clock_text(*facts.opens, facts));
  }
  replace(text, "{role}", role_text(facts, language));
  replace(text, "{banner}", view.banner);
  return text;
}

void add(std::vector<std::string>& lines, std::string line) {
  if (!line.empty() && lines.size() < kMostLines) lines.push_back(std::move(line));
}

/// What is wrong and what hands can do. A fault has no words in easy Japanese: staff read them.
void add_fault(protocol::CardText& to, CardCode code, Fault fault, Language language) {
  const FaultInfo& said = info(fault);
  const std::string what(language == Language::en ? said.en : said.ja);
  if (code == CardCode::trouble && language != Language::easy) to.title = what;
  else add(to.lines, what);
  for (const std::string_view step : language == Language::en ? said.steps_en : said.steps_ja) {
    add(to.lines, std::string(step));
  }
}

}  // namespace

std::string date_text(const CardFacts& facts, Language language) {
  return day_text(CardWord::date_, day_of(facts.now, facts), language);
}

protocol::CardText words(const View& view, const CardFacts& facts, Language language) {
  const CardRow& row = row_of(view, facts);
  const CardText& fixed = text(language, row.code);
  protocol::CardText result{std::string(name(language)), filled(fixed.title, view, facts, language), {}};
  for (const std::string_view line : fixed.lines) add(result.lines, filled(line, view, facts, language));
  if (view.fault && row.fault) add_fault(result, row.code, *view.fault, language);
  if (row.receipt && !facts.receipt.empty()) {
    add(result.lines, filled(language, CardWord::receipt_, "{receipt}", facts.receipt));
  }
  if (!view.listeners.empty()) {
    const std::string names = fmt::format("{}", fmt::join(view.listeners, text(language, CardWord::and_)));
    add(result.lines, filled(language, CardWord::listening_, "{listeners}", names));
  }
  if (row.telephone && !facts.telephone.empty()) {
    add(result.lines, filled(language, CardWord::telephone_, "{telephone}", facts.telephone));
  }
  return result;
}

}  // namespace madoguchi::session
