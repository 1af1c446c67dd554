// SPDX-License-Identifier: Apache-2.0
// The consultation's way, told event by event.
#include <functional>

#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::session;
using namespace std::chrono_literals;

TEST_CASE("a press with somebody there becomes a consultation") {
  Talk talk;
  CHECK(talk(MediaReady{}) == "");
  CHECK(talk(Pressed{desk_plan()}) ==
        "remember-press +remember open-devices +presence open-events tell:calling +call +reassure");
  CHECK(talk.state.phase == Phase::calling);
  CHECK(talk(SeatsSeen{{{"counsellor", true, "s1"}}}) == "+rejoin make-offer:0 +offer make-offer:1 +offer");
  CHECK(talk(Offered{talk.key(0), "sdp"}) == "post-offer:0 +post");
  CHECK(std::get<PostOffer>(talk.last[0]).url == "http://desk/whip/r/counsellor");
  CHECK(talk(Offered{talk.key(1), "sdp"}) == "post-offer:1 +post");
  CHECK(std::get<PostOffer>(talk.last[0]).url == "http://desk/whep/r/counsellor");
  CHECK(talk(Posted{talk.key(0), "answer", "http://desk/x"}) == "apply-answer +connect");
  CHECK(talk(Posted{talk.key(1), "answer", "http://desk/y"}) == "apply-answer +connect");
  CHECK(talk(Connected{talk.key(0)}) == "");  // the far side sees us; we wait for its media, by the clock of the press
  CHECK(talk.state.phase == Phase::calling);
  CHECK(talk(Connected{talk.key(1)}) == "");
  CHECK(talk(FirstFrame{talk.key(1)}) == "+notice tell:talking");
  CHECK(talk.state.phase == Phase::talking);
  CHECK(talk.legs() == "up up");
  CHECK(talk(LongPressed{}) ==
        "forget-press close-devices tell:ended drop-leg:0 delete-resource drop-leg:1 delete-resource +teardown "
        "+farewell");
  const std::uint32_t first = 1;
  CHECK(talk.state.phase == Phase::ending);
  CHECK(talk(Dropped{{0, first}}) == "");
  CHECK(talk(Dropped{{1, first + 1}}) == "");
  CHECK(talk(DevicesClosed{}) == "");
  CHECK(talk.state.phase == Phase::ending);  // the last card is being read
  CHECK(talk(TimerRang{{TimerKind::farewell, {}}}) == "replace-media +ended");
  CHECK(talk.state.phase == Phase::idle);
}

TEST_CASE("a far side without a camera is talking too: its sound is enough") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  talk.offer(1);
  talk.answer(1);
  talk(Connected{talk.key(1)});
  CHECK(talk.state.phase == Phase::calling);
  CHECK(talk(LegAge{talk.key(1), -1ms}) == "");
  CHECK(talk(LegAge{talk.key(1), 100ms}) == "+notice tell:talking");
}

TEST_CASE("a plain media server is tried at once, and 503 has a floor of ten seconds") {
  Talk talk;
  talk.ready();
  CHECK(talk(Pressed{plain_plan()}) ==
        "remember-press +remember open-devices make-offer:0 +offer make-offer:1 +offer +call +reassure");
  talk.offer(0);
  CHECK(talk(PostFailed{talk.key(0), PostFailure::busy, 2s}) == "raise:office-busy drop-leg:0 +retry");
  CHECK(talk.delay(TimerKind::retry) == 10s);
  CHECK(talk.legs() == "absent offering");
  CHECK(talk(TimerRang{{TimerKind::retry, talk.key(0)}}) == "make-offer:0 +offer");
  talk.offer(0);
  CHECK(talk(PostFailed{talk.key(0), PostFailure::busy, 30s}) == "drop-leg:0 +retry");
  CHECK(talk.delay(TimerKind::retry) == 30s);
}

TEST_CASE("each failure of a POST raises its own fault and is tried again, later each time") {
  struct Row {
    PostFailure failure;
    const char* fault;
  };
  const Row rows[] = {
      {PostFailure::server_error, "office-error"},
      {PostFailure::refused, "office-refused"},
      {PostFailure::no_location, "office-no-location"},
      {PostFailure::answer_invalid, "office-answer-invalid"},
      {PostFailure::empty_reply, "office-empty-reply"},
      {PostFailure::late, "office-late"},
      {PostFailure::cut, "office-cut"},
      {PostFailure::unreachable, "network-unreachable"},
      {PostFailure::host_unknown, "office-host-unknown"},
      {PostFailure::down, "office-down"},
      {PostFailure::tls, "office-tls"},
      {PostFailure::protocol, "office-protocol"},
  };
  for (const Row& row : rows) {
    Talk talk;
    talk.call();
    talk(SeatsSeen{{{"counsellor", true, "s1"}}});
    talk.offer(0);
    INFO(row.fault);
    CHECK(talk(PostFailed{talk.key(0), row.failure, {}}) == fmt::format("raise:{} drop-leg:0 +retry", row.fault));
    CHECK(talk.delay(TimerKind::retry) == 500ms);
    talk(TimerRang{{TimerKind::retry, talk.key(0)}});
    talk.offer(0);
    talk(PostFailed{talk.key(0), row.failure, {}});
    CHECK(talk.delay(TimerKind::retry) == 1s);
    for (int i = 0; i < 8; ++i) {
      talk(TimerRang{{TimerKind::retry, talk.key(0)}});
      talk.offer(0);
      talk(PostFailed{talk.key(0), row.failure, {}});
    }
    CHECK(talk.delay(TimerKind::retry) == 10s);
    CHECK(talk.state.phase == Phase::calling);
  }
}

TEST_CASE("an answer clears the office's faults") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  talk.offer(0);
  talk(PostFailed{talk.key(0), PostFailure::server_error, {}});
  CHECK(view(talk.state).card == "trouble");
  talk(TimerRang{{TimerKind::retry, talk.key(0)}});
  talk.offer(0);
  CHECK(talk(Posted{talk.key(0), "a", "r"}) == "clear:office-error apply-answer +connect");
  CHECK(view(talk.state).card == "connecting");
}

TEST_CASE("404 on every leg is the end") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  talk.offer(0);
  talk.offer(1);
  CHECK(talk(PostFailed{talk.key(0), PostFailure::not_found, {}}) == "raise:office-not-found drop-leg:0");
  CHECK(talk.state.phase == Phase::calling);
  CHECK(talk(PostFailed{talk.key(1), PostFailure::not_found, {}}) ==
        "raise:office-not-found drop-leg:1 forget-press close-devices +teardown +farewell");
  CHECK(talk.state.phase == Phase::ending);
  CHECK(view(talk.state).card == "ended-not-found");
}

TEST_CASE("a fault of one leg stands until that leg is well, whatever the others do") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  talk.offer(0);
  talk.offer(1);
  CHECK(talk(PostFailed{talk.key(0), PostFailure::server_error, {}}) == "raise:office-error drop-leg:0 +retry");
  talk.answer(1);
  talk(FirstFrame{talk.key(1)});
  REQUIRE(talk.state.phase == Phase::talking);
  CHECK(talk.state.faults == std::set<LegFault>{{Fault::office_error, 0}});
  talk(TimerRang{{TimerKind::retry, talk.key(0)}});
  talk.offer(0);
  CHECK(talk(Posted{talk.key(0), "answer", "http://desk/r"}) == "clear:office-error apply-answer +connect");
  CHECK(talk.state.faults.empty());

  talk(LegFailed{talk.key(0), protocol::LegFailure::not_connected});
  REQUIRE(talk.state.faults == std::set<LegFault>{{Fault::connection_failed, 0}});
  talk(LegFailed{talk.key(1), protocol::LegFailure::not_connected});
  talk(TimerRang{{TimerKind::retry, talk.key(1)}});
  talk.offer(1);
  talk.answer(1);
  CHECK(talk(FirstFrame{talk.key(1)}) == "clear:connection-lost");
  CHECK(talk.state.faults == std::set<LegFault>{{Fault::connection_failed, 0}});
}

TEST_CASE("404 in a talk: the office has ended it meanwhile") {
  Talk talk;
  talk.talk();
  talk(MediaLost{});
  talk(MediaReady{});
  for (const std::uint32_t leg : {0U, 1U}) {
    talk.offer(leg);
    talk(PostFailed{talk.key(leg), PostFailure::not_found, {}});
  }
  CHECK(talk.state.phase == Phase::ending);
  CHECK(view(talk.state).card == "ended-office");
}

TEST_CASE("what arrives for an attempt that was given up is stale - its resource is deleted") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  talk.offer(0);
  const LegKey old = talk.key(0);
  CHECK(talk(TimerRang{{TimerKind::post, old}}) == "raise:office-late drop-leg:0 +retry");
  CHECK(talk(Posted{old, "answer", "http://desk/late"}) == "delete-resource stale");
  CHECK(std::get<DeleteResource>(talk.last[0]).resource == "http://desk/late");
  CHECK(talk(Offered{old, "sdp"}) == "stale");
  CHECK(talk(FirstFrame{old}) == "stale");
  CHECK(talk(LegFailed{old, protocol::LegFailure::answer}) == "stale");
  CHECK(talk(TimerRang{{TimerKind::post, old}}) == "stale");
}

TEST_CASE("what is so already is not said again") {
  Talk talk;
  talk.talk();
  CHECK(talk(HoldSet{false}) == "");
  CHECK(talk(HoldSet{true}) == "mute");
  CHECK(talk(HoldSet{true}) == "");
  CHECK(talk(MuteSet{true}) == "mute");
  CHECK(talk(MuteSet{true}) == "");
}

TEST_CASE("the media process dies while talking: all legs are offered again when the next one is ready") {
  Talk talk;
  talk.talk();
  CHECK(talk(MediaLost{}) == "delete-resource delete-resource +call");
  CHECK(talk.legs() == "lost lost");
  CHECK(view(talk.state).card == "reconnecting");
  CHECK(talk(MediaReady{}) == "make-offer:0 +offer make-offer:1 +offer");
}

TEST_CASE("the camera's death changes no leg") {
  Talk talk;
  talk.talk();
  CHECK(talk(CameraLost{}) == "");
  CHECK(talk(CameraUp{}) == "");
  CHECK(talk.legs() == "up up");
}

TEST_CASE("the events stream is lost and comes back: the consultation goes on") {
  Talk talk;
  talk.talk();
  CHECK(talk(EventsDown{}) == "raise:events-lost +presence");
  CHECK(talk(EventsUp{}) == "clear:events-lost");
  CHECK(talk(SeatsSeen{{{"counsellor", true, "s1"}}}) == "tell-state");
  CHECK(talk(SeatsSeen{{{"counsellor", true, "s1"}}}) == "");  // once for each stream
  CHECK(talk.legs() == "up up");
  // The desk was restarted and knows nobody: the living media says otherwise, liveness decides.
  talk(EventsDown{});
  talk(EventsUp{});
  CHECK(talk(SeatsSeen{{{"counsellor", false, ""}}}) == "tell-state");
  CHECK(talk.state.phase == Phase::talking);
}

TEST_CASE("a press while ending starts anew as soon as everything is closed") {
  Talk talk;
  talk.end();
  CHECK(talk(Pressed{desk_plan()}) == "remember-press");
  CHECK(view(talk.state).pulse);
  talk(Dropped{{0, 1}});
  talk(Dropped{{1, 2}});
  CHECK(talk(DevicesClosed{}) ==
        "replace-media remember-press +remember open-devices +presence open-events tell:calling +call +reassure");
  CHECK(talk.state.phase == Phase::calling);
  CHECK(talk(SeatsSeen{{{"counsellor", true, "s1"}}}) == "");  // the old media process is being replaced
  CHECK(talk(MediaReady{}) == "make-offer:0 +offer make-offer:1 +offer");
}

TEST_CASE("hold reduces what the office gets - neither its end nor anything remote undoes the room's mute") {
  Talk talk;
  talk.talk();
  CHECK(talk(HoldSet{true}) == "mute");
  CHECK(view(talk.state).card == "on-hold");
  CHECK(talk(MuteSet{true}) == "mute");
  CHECK(talk(HoldSet{false}) == "mute");
  CHECK(view(talk.state).card == "muted");
  CHECK(talk(MediaLost{}) == "delete-resource delete-resource +call");
  CHECK(talk(MediaReady{}) == "mute make-offer:0 +offer make-offer:1 +offer");
  CHECK(talk(MuteSet{false}) == "unmute");
}

TEST_CASE("children that never answer do not hold the end up") {
  Talk talk;
  talk.end();
  talk(TimerRang{{TimerKind::farewell, {}}});
  CHECK(talk.state.phase == Phase::ending);
  CHECK(talk(TimerRang{{TimerKind::teardown, {}}}) == "replace-media +ended");
  CHECK(talk.state.phase == Phase::idle);
}

TEST_CASE("no remote event starts anything in an idle box") {
  Talk talk;
  talk.ready();
  const Event events[] = {EventsUp{},
                          SeatsSeen{{{"counsellor", true, "s1"}}},
                          SeatJoined{"counsellor", "s2"},
                          Ringing{},
                          HoldSet{false},
                          BannerSet{"x"},
                          EndedByOffice{},
                          Posted{{0, 1}, "a", ""},
                          AgendaSeen{true, WallTime{}, WallTime{}, false}};
  for (const Event& event : events) {
    const std::string words = talk(event);
    INFO(name(event) << ": " << words);
    CHECK((words.empty() || words == "illegal" || words == "stale" || words == "tell-state"));
    CHECK(talk.state.phase == Phase::idle);
  }
}

TEST_CASE("a call that nobody answers is given up, and says so") {
  Talk talk;
  talk.call();
  CHECK(talk.delay(TimerKind::call) == 300s);
  talk(TimerRang{{TimerKind::reassure, {}}});
  CHECK(view(talk.state).card == "calling-long");
  CHECK(talk(TimerRang{{TimerKind::call, {}}}) == "forget-press close-devices tell:cancelled +teardown +farewell");
  CHECK(view(talk.state).card == "ended-no-answer");
}

TEST_CASE("camera and microphone do not stay open for ever when nothing comes back") {
  struct Row {
    const char* what;
    std::vector<Event> events;
  };
  const Row rows[] = {
      {"the page was loaded anew", {SeatJoined{"counsellor", "s2"}}},
      {"the media process died", {MediaLost{}}},
      {"the media process died, and the page was loaded anew",
       {MediaLost{}, MediaReady{}, SeatJoined{"counsellor", "s2"}}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Talk talk;
    talk.talk();
    int armed = 0;
    for (const Event& event : row.events) {
      const std::string words = talk(event);
      if (words.find("+call") != std::string::npos) ++armed;
    }
    CHECK(armed == 1);
    // What is tried meanwhile does not put it off.
    for (int session = 3; session < 6; ++session) {
      const std::string words = talk(SeatJoined{"counsellor", fmt::format("s{}", session)});
      CHECK(words.find("+call") == std::string::npos);
    }
    CHECK(view(talk.state).card == "reconnecting");
    CHECK(talk(TimerRang{{TimerKind::call, {}}}).find("close-devices") != std::string::npos);
    CHECK(view(talk.state).card == "ended-lost");
  }
}

TEST_CASE("media that comes back takes the giving up back, and the next loss begins it anew") {
  Talk talk;
  talk.talk();
  CHECK(talk(SeatJoined{"counsellor", "s2"}).find("+call") != std::string::npos);
  for (const std::uint32_t leg : {0U, 1U}) {
    talk.offer(leg);
    talk.answer(leg);
    talk(Connected{talk.key(leg)});
  }
  talk(FirstFrame{talk.key(1)});
  CHECK(talk.legs() == "up up");
  CHECK_FALSE(talk.state.giving_up);
  CHECK(talk(SeatJoined{"counsellor", "s3"}).find("+call") != std::string::npos);
}

TEST_CASE("no bookings is said only when the bookings are known") {
  struct Row {
    AgendaSeen agenda;
    const char *idle, *pressed;
  };
  const WallTime start(std::chrono::hours(1)), end(std::chrono::hours(2));
  const Row rows[] = {
      {{false, {}, {}, false}, "no-bookings", "nothing-open"},
      {{false, {}, {}, true}, "bookings-unread", "nothing-known"},
      {{false, start, end, true}, "next", "too-early"},  // of another feed, or of the disk
  };
  for (const Row& row : rows) {
    CAPTURE(row.idle);
    Talk talk;
    talk.ready();
    talk(row.agenda);
    CHECK(view(talk.state).card == row.idle);
    talk(Pressed{});
    CHECK(view(talk.state).card == row.pressed);
  }
}

TEST_CASE("a press too early says from when on, however long it is") {
  Talk talk;
  talk.ready();
  talk(Pressed{});
  CHECK(view(talk.state).card == "nothing-open");
  talk(AgendaSeen{false, WallTime(std::chrono::hours(1)), WallTime(std::chrono::hours(2))});
  CHECK(view(talk.state).card == "too-early");
  CHECK(talk(LongPressed{}) == "+notice");
  CHECK(view(talk.state).card == "too-early");
  CHECK(view(talk.state).pulse);
}

TEST_CASE("while a consultation goes on, its press is written down once more each minute, and not after it") {
  Talk talk;
  talk.call();
  CHECK(talk.delay(TimerKind::remember) == 1min);
  talk.connect_both();
  REQUIRE(talk.state.phase == Phase::talking);
  CHECK(talk(TimerRang{{TimerKind::remember, {}}}) == "remember-press +remember");
  CHECK(std::get<RememberPress>(talk.last.at(0)).plan.seats.size() == 1);
  talk(LongPressed{});
  const bool stopped = std::any_of(talk.last.begin(), talk.last.end(), [](const Action& action) {
    const auto* clear = std::get_if<ClearTimer>(&action);
    return clear != nullptr && clear->timer.kind == TimerKind::remember;
  });
  CHECK(stopped);
  CHECK(talk(TimerRang{{TimerKind::remember, {}}}) == "");
}
