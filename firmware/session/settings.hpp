// SPDX-License-Identifier: Apache-2.0
// Every deadline of a consultation, with its default. Filled by firmware/config from [session].
#pragma once

#include <chrono>

namespace madoguchi::session {

struct Settings {
  std::chrono::milliseconds offer_within{2000};           ///< the media process owes an offer
  std::chrono::milliseconds post_within{10000};           ///< the office owes an answer
  std::chrono::milliseconds connect_within{10000};        ///< ICE, DTLS and first media after the answer
  std::chrono::milliseconds play_silent_after{2500};      ///< no inbound RTP: the leg is lost
  std::chrono::milliseconds feedback_silent_after{8000};  ///< no RTCP about what we send: the leg is lost
  std::chrono::milliseconds retry_first{500};             ///< then doubled
  std::chrono::milliseconds retry_most{10000};
  std::chrono::milliseconds poll_floor{10000};      ///< between POSTs answered 503 where there are no events
  std::chrono::milliseconds presence_within{1000};  ///< then seats are tried without knowing who is there
  std::chrono::milliseconds answer_floor{1000};     ///< between POSTs answered 503 where somebody sits
  std::chrono::milliseconds rejoin_floor{500};      ///< between offers to a seat that is taken again and again
  std::chrono::milliseconds call_for{300000};       ///< then the call is given up
  std::chrono::milliseconds reassure_after{45000};  ///< then the waiting card says so
  std::chrono::milliseconds notice_for{10000};      ///< cards of the moment
  std::chrono::milliseconds teardown_within{3000};
  std::chrono::milliseconds farewell_for{6000};  ///< the last card is read before anything else is done
  std::chrono::milliseconds ended_for{60000};    ///< and stands for so long after that, unless somebody presses
};

}  // namespace madoguchi::session
