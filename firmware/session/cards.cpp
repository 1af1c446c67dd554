// SPDX-License-Identifier: Apache-2.0
// The table of the cards, and the message that one becomes. Pure.
#include "firmware/session/cards.hpp"

#include <algorithm>
#include <array>

#include "firmware/session/card_rows.hpp"

namespace madoguchi::session {

namespace {

// A person who cannot read hears that it works.
constexpr std::string_view kRing = "ring-back";
constexpr int kRingMs = 4000;

using Code = CardCode;
constexpr std::array kRows = {
    CardRow{.code = Code::starting, .tone = "calm", .telephone = true},
    CardRow{.code = Code::idle, .tone = "calm", .large_clock = true},
    CardRow{.code = Code::ready, .tone = "calm", .chime = "ready", .large_clock = true},
    CardRow{.code = Code::next, .tone = "calm", .large_clock = true},
    CardRow{.code = Code::no_bookings, .tone = "calm", .telephone = true, .large_clock = true},
    CardRow{.code = Code::bookings_unread, .tone = "calm", .telephone = true, .fault = true},
    CardRow{.code = Code::nothing_known, .tone = "trouble", .chime = "press", .telephone = true, .fault = true},
    CardRow{.code = Code::clock_wrong, .tone = "trouble", .telephone = true},
    CardRow{.code = Code::nothing_open, .tone = "calm", .chime = "press", .telephone = true},
    CardRow{.code = Code::too_early, .tone = "calm", .chime = "press", .telephone = true},
    CardRow{.code = Code::calling,
            .tone = "busy",
            .chime = "press",
            .telephone = true,
            .receipt = true,
            .counts = true,
            .repeat = kRing,
            .repeat_ms = kRingMs},
    CardRow{.code = Code::calling_absent,
            .tone = "busy",
            .chime = "press",
            .telephone = true,
            .receipt = true,
            .counts = true,
            .repeat = kRing,
            .repeat_ms = kRingMs},
    CardRow{.code = Code::calling_long,
            .tone = "busy",
            .telephone = true,
            .receipt = true,
            .counts = true,
            .repeat = kRing,
            .repeat_ms = kRingMs},
    CardRow{.code = Code::connecting,
            .tone = "busy",
            .chime = "press",
            .telephone = true,
            .receipt = true,
            .counts = true,
            .repeat = kRing,
            .repeat_ms = kRingMs},
    CardRow{.code = Code::reconnecting, .tone = "busy", .chime = "hold", .telephone = true},
    CardRow{.code = Code::trouble, .tone = "trouble", .chime = "trouble", .telephone = true, .fault = true},
    CardRow{.code = Code::out_of_service, .tone = "trouble", .chime = "trouble", .telephone = true, .fault = true},
    CardRow{.code = Code::talking, .tone = "good", .chime = "connected"},
    CardRow{.code = Code::talk_begins, .tone = "good", .chime = "connected", .self_view = true},
    CardRow{.code = Code::hold_to_end, .tone = "good", .self_view = true},
    CardRow{.code = Code::on_hold, .tone = "busy", .chime = "hold"},
    CardRow{.code = Code::handing_over, .tone = "busy", .chime = "hold"},
    CardRow{.code = Code::staff_wanted, .tone = "busy", .chime = "staff", .repeat = "staff", .repeat_ms = 3000},
    CardRow{.code = Code::muted, .tone = "busy", .chime = "notice"},
    CardRow{.code = Code::far_paused, .tone = "busy", .chime = "notice"},
    CardRow{.code = Code::far_silent, .tone = "busy", .chime = "notice"},
    CardRow{.code = Code::far_hidden, .tone = "busy", .chime = "notice"},
    CardRow{.code = Code::sound_only, .tone = "busy", .chime = "notice"},
    CardRow{.code = Code::picture_stands, .tone = "busy", .chime = "notice"},
    CardRow{.code = Code::weak, .tone = "busy", .chime = "notice"},
    CardRow{.code = Code::camera_trouble, .tone = "trouble", .chime = "notice", .fault = true},
    CardRow{.code = Code::banner, .tone = "good", .chime = "notice"},
    CardRow{.code = Code::ended, .tone = "calm", .chime = "ended", .receipt = true},
    CardRow{.code = Code::ended_office, .tone = "calm", .chime = "ended", .receipt = true},
    CardRow{.code = Code::ended_left, .tone = "calm", .chime = "ended", .receipt = true},
    CardRow{.code = Code::ended_cancelled, .tone = "calm", .chime = "ended"},
    CardRow{.code = Code::ended_no_answer, .tone = "trouble", .chime = "ended", .telephone = true, .receipt = true},
    CardRow{.code = Code::ended_lost, .tone = "trouble", .chime = "ended", .telephone = true, .receipt = true},
    CardRow{.code = Code::ended_not_found, .tone = "trouble", .chime = "ended", .telephone = true},
    CardRow{.code = Code::ended_unverified, .tone = "trouble", .chime = "ended", .telephone = true},
};

constexpr bool has_each_card_once() {
  std::array<int, kCards> seen{};
  for (const CardRow& row : kRows) ++seen[static_cast<std::size_t>(row.code)];
  return std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; });
}
static_assert(has_each_card_once(), "each card of cards/ja.toml has one row here");

std::int64_t millis(BootTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

const CardRow& row_of(const View& view, const CardFacts& facts) {
  CardCode code = card_of(view.card).value_or(CardCode::starting);
  const bool tells = code == Code::ready || code == Code::next || code == Code::no_bookings;
  if (tells && !facts.show_bookings) code = Code::idle;
  return *std::find_if(kRows.begin(), kRows.end(), [code](const CardRow& row) { return row.code == code; });
}

protocol::ShowCard card(const View& view, const CardFacts& facts) {
  const CardRow& row = row_of(view, facts);
  protocol::ShowCard result;
  result.code = name(row.code);
  result.texts.push_back(words(view, facts, facts.language));
  for (const Language other : all_languages()) {
    if (other != facts.language) result.texts.push_back(words(view, facts, other));
  }
  result.tone = row.tone;
  result.over_picture = view.over_picture;
  result.self_view = row.self_view;
  result.hall = facts.hall;
  result.clock = row.large_clock ? "large" : "small";
  if (row.large_clock) result.date = date_text(facts, facts.language);
  result.utc_offset_minutes = static_cast<int>(facts.utc_offset.count());
  if (row.counts && facts.since) {
    result.since_ms = millis(*facts.since);
    result.seconds = text(facts.language, CardWord::seconds_);
    result.minutes = text(facts.language, CardWord::minutes_);
  }
  if (facts.held_since) {
    result.held_since_ms = millis(*facts.held_since);
    result.hold_ms = static_cast<int>(facts.hold.count());
  }
  result.chime = row.chime;
  result.repeat = row.repeat;
  result.repeat_ms = row.repeat_ms;
  return result;
}

}  // namespace madoguchi::session
