// SPDX-License-Identifier: Apache-2.0
// The table of refusals. Pure.
#include "firmware/session/refusals.hpp"

#include <algorithm>
#include <iterator>

namespace madoguchi::session {

namespace {

struct Row {
  PostFailure failure;
  Direction direction;
  bool events;
  Refusal calling, talking;
};

constexpr auto kPublish = Direction::publish;
constexpr auto kPlay = Direction::play;
constexpr auto kOver = Refusal::over;
constexpr auto kUnpublished = Refusal::unpublished;
constexpr auto kBusy = Refusal::busy;
constexpr auto kTrouble = Refusal::trouble;

// Without events, a play leg's 404 (MediaMTX), 406 after a while (ZLMediaKit) and 409 (the WHEP draft) say that nobody
// publishes there, which the next minute may change, and a publish leg's 409 that somebody does: our own dead offer, most
// likely. With events the desk's 404 is a room that is not there, its 406 a page that could not take the offer.
constexpr Row kRows[] = {
    //                                        events  calling       talking
    {PostFailure::not_found, kPublish, false, kOver, kOver},
    {PostFailure::not_found, kPublish, true, kOver, kOver},
    {PostFailure::not_found, kPlay, false, kUnpublished, kUnpublished},
    {PostFailure::not_found, kPlay, true, kOver, kOver},
    {PostFailure::not_acceptable, kPublish, false, kTrouble, kTrouble},
    {PostFailure::not_acceptable, kPublish, true, kTrouble, kTrouble},
    {PostFailure::not_acceptable, kPlay, false, kUnpublished, kUnpublished},
    {PostFailure::not_acceptable, kPlay, true, kTrouble, kTrouble},
    {PostFailure::conflict, kPublish, false, kBusy, kBusy},
    {PostFailure::conflict, kPublish, true, kBusy, kBusy},
    {PostFailure::conflict, kPlay, false, kUnpublished, kUnpublished},
    {PostFailure::conflict, kPlay, true, kUnpublished, kUnpublished},
    {PostFailure::gone, kPublish, false, kOver, kOver},
    {PostFailure::gone, kPublish, true, kOver, kOver},
    {PostFailure::gone, kPlay, false, kOver, kOver},
    {PostFailure::gone, kPlay, true, kOver, kOver},
    {PostFailure::busy, kPublish, false, kBusy, kBusy},
    {PostFailure::busy, kPublish, true, kBusy, kBusy},
    {PostFailure::busy, kPlay, false, kBusy, kBusy},
    {PostFailure::busy, kPlay, true, kBusy, kBusy},
};

}  // namespace

Refusal meaning_of(PostFailure failure, Phase phase, Direction direction, bool events) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& each) {
    return each.failure == failure && each.direction == direction && each.events == events;
  });
  if (row == std::end(kRows)) return Refusal::trouble;
  return phase == Phase::talking ? row->talking : row->calling;
}

std::optional<Fault> fault_of(PostFailure failure) {
  switch (failure) {
    case PostFailure::not_found:
    case PostFailure::gone:
    case PostFailure::busy:
    case PostFailure::conflict: return std::nullopt;
    case PostFailure::not_acceptable:
    case PostFailure::protocol: return Fault::office_protocol;
    case PostFailure::server_error: return Fault::office_error;
    case PostFailure::refused: return Fault::office_refused;
    case PostFailure::no_location: return Fault::office_no_location;
    case PostFailure::answer_invalid: return Fault::office_answer_invalid;
    case PostFailure::empty_reply: return Fault::office_empty_reply;
    case PostFailure::late: return Fault::office_late;
    case PostFailure::cut: return Fault::office_cut;
    case PostFailure::host_unknown: return Fault::office_host_unknown;
    case PostFailure::down: return Fault::office_down;
    case PostFailure::unreachable: return Fault::network_unreachable;
    case PostFailure::tls: return Fault::office_tls;
  }
  return std::nullopt;
}

}  // namespace madoguchi::session
