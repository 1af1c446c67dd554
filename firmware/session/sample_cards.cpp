// SPDX-License-Identifier: Apache-2.0
// The examples. Pure.
#include "firmware/session/sample_cards.hpp"

#include <algorithm>
#include <array>

namespace madoguchi::session {

namespace {

// Those that view() puts over the far side's picture.
constexpr std::array kOverPicture = {
    CardCode::talking,    CardCode::talk_begins,    CardCode::hold_to_end, CardCode::staff_wanted,   CardCode::muted,
    CardCode::far_silent, CardCode::picture_stands, CardCode::weak,        CardCode::camera_trouble, CardCode::banner};

}  // namespace

CardFacts sample_facts(CardCode code) {
  using namespace std::chrono_literals;
  CardFacts facts;
  facts.hall = "中央公民館";
  facts.telephone = "0123-45-6789";
  facts.receipt = "20417";
  facts.start = kSampleNow + 18min;
  facts.opens = kSampleNow - 12min;
  if (code == CardCode::too_early || code == CardCode::next) {
    facts.start = kSampleNow + 78min;
    facts.opens = kSampleNow + 48min;
  }
  facts.now = kSampleNow;
  facts.since = kSampleBoot - (code == CardCode::calling_long ? 72s : 12s);
  facts.hold = 2s;
  if (code == CardCode::hold_to_end) facts.held_since = kSampleBoot - 1300ms;
  return facts;
}

View sample_view(CardCode code) {
  View view;
  view.card = name(code);
  view.over_picture = std::find(kOverPicture.begin(), kOverPicture.end(), code) != kOverPicture.end();
  if (code == CardCode::banner) view.banner = "お手元の通知書の、右上の番号を読んでください。";
  if (code == CardCode::talk_begins) view.listeners = {"福祉課"};
  if (code == CardCode::trouble) view.fault = Fault::network_unreachable;
  if (code == CardCode::bookings_unread) view.fault = Fault::feed_host_unknown;
  if (code == CardCode::nothing_known) view.fault = Fault::feed_tls;
  if (code == CardCode::camera_trouble) view.fault = Fault::camera_unplugged;
  if (code == CardCode::out_of_service) view.fault = Fault::camera_unplugged;
  return view;
}

}  // namespace madoguchi::session
