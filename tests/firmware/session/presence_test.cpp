// SPDX-License-Identifier: Apache-2.0
// Who sits there, as the office tells it, and what the consultation makes of it: event by event.
#include <utility>

#include "firmware/session/cards.hpp"
#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::session;
using namespace std::chrono_literals;

TEST_CASE("an absent seat is not polled - it is offered to when somebody sits down") {
  Talk talk;
  talk.call();
  CHECK(talk(SeatsSeen{{{"counsellor", false, ""}}}) == "");
  CHECK(talk.legs() == "absent absent");
  CHECK(view(talk.state).card == "calling-absent");
  talk(Ringing{});
  CHECK(view(talk.state).card == "calling");
  CHECK(talk(SeatJoined{"counsellor", "s1"}) == "+rejoin make-offer:0 +offer make-offer:1 +offer");
}

TEST_CASE("without news of presence the seats are tried after a second") {
  Talk talk;
  talk.call();
  CHECK(talk(TimerRang{{TimerKind::presence, {}}}) == "make-offer:0 +offer make-offer:1 +offer");
}

TEST_CASE("a reloaded page: the same seat with another session is offered to again at once") {
  Talk talk;
  talk.talk();
  CHECK(talk(SeatJoined{"counsellor", "s2"}) ==
        "drop-leg:0 delete-resource drop-leg:1 delete-resource +rejoin +call make-offer:0 +offer make-offer:1 +offer");
  CHECK(talk.state.phase == Phase::talking);
  CHECK(view(talk.state).card == "reconnecting");
  // The same session again is no news.
  CHECK(talk(SeatJoined{"counsellor", "s2"}) == "");
}

TEST_CASE("a seat that is taken again and again is offered to twice a second, no more") {
  Talk talk;
  talk.talk();
  int offers = 0, actions = 0;
  const auto count = [&] {
    for (const Action& action : talk.last) {
      offers += std::holds_alternative<MakeOffer>(action) ? 1 : 0;
      actions += std::holds_alternative<ClearTimer>(action) ? 0 : 1;
    }
  };
  for (int i = 0; i < 100; ++i) {
    talk(SeatJoined{"counsellor", fmt::format("flap{}", i)});
    count();
    if (i % 2 == 0) continue;
    talk(SeatsSeen{{{"counsellor", true, fmt::format("again{}", i)}}});
    count();
  }
  CHECK(offers == 2);
  CHECK(actions < 30);
  CHECK(talk.legs() == "lost lost");
  CHECK(talk.state.phase == Phase::talking);
  // The last one who sat down is offered to, and the next again at once.
  CHECK(talk(TimerRang{{TimerKind::rejoin, {0, 0}}}) == "+rejoin make-offer:0 +offer make-offer:1 +offer");
  CHECK(talk(TimerRang{{TimerKind::rejoin, {0, 0}}}) == "");
  CHECK(talk(SeatJoined{"counsellor", "last"}) ==
        "drop-leg:0 drop-leg:1 +rejoin make-offer:0 +offer make-offer:1 +offer");
  // One who leaves meanwhile is not waited for.
  talk(SeatJoined{"counsellor", "one more"});
  talk(SeatLeft{"counsellor"});
  CHECK(talk(TimerRang{{TimerKind::rejoin, {0, 0}}}).find("make-offer") == std::string::npos);
}

TEST_CASE("one who sits down just after an offer that failed does not wait for its retry") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  for (const std::uint32_t leg : {0U, 1U}) {
    talk.offer(leg);
    talk(PostFailed{talk.key(leg), PostFailure::busy, 30s});
    CHECK(talk.delay(TimerKind::retry) == 30s);
  }
  CHECK(talk(SeatJoined{"counsellor", "s1"}) == "");
  CHECK(talk(TimerRang{{TimerKind::rejoin, {0, 0}}}) == "+rejoin make-offer:0 +offer make-offer:1 +offer");
}

TEST_CASE("a closed page: silence is repaired until the seat is said to have left, then it is the end") {
  Talk talk;
  talk.talk();
  CHECK(talk(LegAge{talk.key(1), 2000ms}) == "");
  CHECK(talk(LegAge{talk.key(1), 2600ms}) ==
        "raise:connection-lost drop-leg:1 delete-resource +call make-offer:1 +offer");
  CHECK(talk.legs() == "up offering");
  talk.offer(1);
  talk(PostFailed{talk.key(1), PostFailure::busy, 1s});
  CHECK(talk.delay(TimerKind::retry) == 1s);
  CHECK(talk(SeatLeft{"counsellor"}) ==
        "drop-leg:0 delete-resource clear:connection-lost clear:office-busy "
        "forget-press close-devices tell:ended +teardown +farewell");
  CHECK(view(talk.state).card == "ended-left");
}

TEST_CASE("staff that are wanted are called until a short press, which ends nothing") {
  Talk talk;
  talk.talk();
  CHECK(talk(StaffWanted{true}) == "");
  CHECK(view(talk.state).card == "staff-wanted");
  CHECK(talk(Pressed{desk_plan()}) == "tell:staff-came");
  CHECK(view(talk.state).card == "talking");
  CHECK(talk(Pressed{desk_plan()}) == "+notice");
  CHECK(view(talk.state).card == "hold-to-end");
  talk(StaffWanted{true});
  talk(LongPressed{});
  CHECK_FALSE(talk.state.staff_wanted);
}

TEST_CASE("who listens is said over whatever is shown, as long as they do") {
  Talk talk;
  talk.talk();
  talk(ListenersSet{{"福祉課", "税務課"}});
  CHECK(card(view(talk.state), {}).texts.front().lines ==
        std::vector<std::string>{"福祉課、税務課の職員も聞いています"});
  talk(BannerSet{"3番の窓口へ"});
  CHECK(card(view(talk.state), {}).texts.front().title == "3番の窓口へ");
  CHECK(card(view(talk.state), {}).texts.front().lines.size() == 1);
  talk(ListenersSet{});
  CHECK(card(view(talk.state), {}).texts.front().lines.empty());
}

TEST_CASE("a seat that is handed over leaves the talk waiting for the colleague") {
  Talk talk;
  talk.talk();
  CHECK(talk(SeatLeft{"counsellor", true}) == "drop-leg:0 delete-resource drop-leg:1 delete-resource +call");
  CHECK(talk.legs() == "absent absent");  // nothing passes either way
  CHECK(view(talk.state).card == "handing-over");
  CHECK(talk.state.devices_open);
  CHECK(talk(SeatJoined{"counsellor", "another"}).find("make-offer:0") != std::string::npos);
  CHECK(view(talk.state).card == "handing-over");

  SECTION("who comes") {
    talk.offer(1);
    talk.answer(1);
    talk(FirstRtp{talk.key(1)});
    CHECK(view(talk.state).card == "talk-begins");
    CHECK(talk(SeatLeft{"counsellor"}).find("close-devices") != std::string::npos);
  }
  SECTION("who goes again") {
    CHECK(talk(SeatLeft{"counsellor"}).find("close-devices") != std::string::npos);
    CHECK(view(talk.state).card == "ended-left");
  }
  SECTION("nobody, says the office when its stream is back") {
    talk(EventsDown{});
    talk(EventsUp{});
    CHECK(talk(SeatsSeen{{{"counsellor", false, ""}}}).find("close-devices") != std::string::npos);
  }
  SECTION("nobody, and it is never said") {
    CHECK(talk(TimerRang{{TimerKind::call, {}}}).find("close-devices") != std::string::npos);
    CHECK(view(talk.state).card == "ended-lost");
  }
}

TEST_CASE("a seat that the office says is empty has left, in whatever way its media ends") {
  struct Row {
    const char* what;
    std::vector<std::function<Event(const Talk&)>> events;
  };
  const auto age = [](std::uint32_t leg) {
    return [leg](const Talk& talk) { return Event(LegAge{talk.key(leg), 1min}); };
  };
  const auto failed = [](std::uint32_t leg) {
    return [leg](const Talk& talk) { return Event(LegFailed{talk.key(leg), protocol::LegFailure::not_connected}); };
  };
  const Row rows[] = {
      {"silence", {age(1), age(0)}},
      {"no connection", {failed(0), failed(1)}},
      {"silence, then no connection", {age(1), failed(0)}},
      {"no connection, then silence", {failed(1), age(0)}},
      {"the media process dies", {[](const Talk&) { return Event(MediaLost{}); }}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Talk talk;
    talk.talk();
    CHECK(talk(SeatsSeen{{{"counsellor", false, ""}}}) == "");  // its media says otherwise
    for (const auto& event : row.events) {
      CHECK(talk.state.phase == Phase::talking);
      talk(event(talk));
    }
    CHECK(view(talk.state).card == "ended-left");
  }
}

TEST_CASE("one seat leaves while another never connects: the talk is given up one day") {
  struct Row {
    const char* what;
    Event event;
  };
  const Row rows[] = {
      {"seat-left", SeatLeft{"counsellor"}},
      {"a snapshot: the one that talked has another session",
       SeatsSeen{{{"counsellor", true, "s2"}, {"specialist", true, "s9"}}}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Talk talk;
    const Plan plan = two_seats();
    talk.ready();
    talk(Pressed{plan});
    talk.connect_both();
    talk(SeatJoined{"specialist", "s9"});
    CHECK(talk.legs() == "up up offering offering");
    talk(row.event);
    CHECK(talk.delay(TimerKind::call) == 300s);
    CHECK(view(talk.state).card == "reconnecting");
    talk(TimerRang{{TimerKind::call, {}}});
    CHECK(view(talk.state).card == "ended-lost");
  }
}

TEST_CASE("a seat that the office does not name has nobody") {
  Talk talk;
  const Plan plan = two_seats();
  talk.ready();
  talk(Pressed{plan});
  talk.connect_both();
  CHECK(talk.state.phase == Phase::talking);
  CHECK(talk.state.seats[1].known);
  CHECK(talk(SeatLeft{"counsellor"}).find("close-devices") != std::string::npos);
  CHECK(view(talk.state).card == "ended-left");
}

TEST_CASE("when the office is heard again and nobody sits there, the card calls and does not complain") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  talk.offer(0);
  talk(PostFailed{talk.key(0), PostFailure::server_error, {}});
  CHECK(view(talk.state).card == "trouble");
  CHECK(talk(SeatsSeen{{{"counsellor", false, ""}}}).find("clear:office-error") != std::string::npos);
  CHECK(view(talk.state).card == "calling-absent");
}

TEST_CASE("a talk begins with words over the picture, which go by themselves and come back by a short press") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  for (const std::uint32_t leg : {0U, 1U}) {
    talk.offer(leg);
    talk.answer(leg);
    talk(Connected{talk.key(leg)});
  }
  talk(FirstRtp{talk.key(1)});
  CHECK(talk.delay(TimerKind::notice) == 10s);
  CHECK(view(talk.state).card == "talk-begins");
  CHECK_FALSE(view(talk.state).over_picture);  // no picture yet: words instead of black
  CHECK_FALSE(view(talk.state).pulse);
  talk(FirstFrame{talk.key(1)});
  CHECK(view(talk.state).card == "talk-begins");
  CHECK(view(talk.state).over_picture);
  talk(TimerRang{{TimerKind::notice, {}}});
  CHECK(view(talk.state).card == "talking");
  talk(Pressed{desk_plan()});
  CHECK(view(talk.state).card == "hold-to-end");
  CHECK(card(view(talk.state), {}).self_view);
  talk(TimerRang{{TimerKind::notice, {}}});
  CHECK(view(talk.state).card == "talking");
  CHECK_FALSE(card(view(talk.state), {}).self_view);
}

TEST_CASE("what the far side stops of its own will is said in words, and what fills the screen then is no black") {
  struct Row {
    FarPaused paused;
    std::string card;
    bool over_picture;
  };
  const auto row = GENERATE(values<Row>({{{false, false}, "talking", true},
                                         {{true, false}, "far-silent", true},
                                         {{false, true}, "far-hidden", false},
                                         {{true, true}, "far-paused", false}}));
  Talk talk;
  talk.talk();
  talk(row.paused);
  CHECK(view(talk.state).card == row.card);
  CHECK(view(talk.state).over_picture == row.over_picture);
  talk(HoldSet{true});
  CHECK(view(talk.state).card == "on-hold");
  talk(HoldSet{false});
  CHECK(view(talk.state).card == row.card);
  talk(FarPaused{});
  CHECK(view(talk.state).card == "talking");
  talk(row.paused);
  talk.state.farewell.reset();
  talk(LongPressed{});
  CHECK_FALSE(talk.state.far_paused.picture);
}

TEST_CASE("a far side without a camera is no black screen once the first words are gone") {
  Talk talk;
  talk.call();
  talk(SeatsSeen{{{"counsellor", true, "s1"}}});
  talk.offer(1);
  talk.answer(1);
  talk(Connected{talk.key(1)});
  talk(LegAge{talk.key(1), 100ms, 100ms});
  CHECK(view(talk.state).card == "talk-begins");
  talk(TimerRang{{TimerKind::notice, {}}});
  CHECK(view(talk.state).card == "reconnecting");  // its first picture may be on the way
  talk(LegAge{talk.key(1), 100ms, 100ms});
  CHECK(view(talk.state).card == "reconnecting");
  talk(LegAge{talk.key(1), 100ms, 100ms});
  CHECK(view(talk.state).card == "sound-only");
  CHECK_FALSE(view(talk.state).over_picture);
}

TEST_CASE("a weak connection is said after three bad seconds, and taken back after as many good ones") {
  Talk talk;
  talk.talk();
  const auto second = [&talk](int lost, std::chrono::milliseconds sound, int picture_lost = 0) {
    talk(LegAge{talk.key(1), 10ms, sound, 10ms, {lost, picture_lost}});
    return view(talk.state).card;
  };
  CHECK(second(30, 10ms) == "talking");
  CHECK(second(0, 10ms) == "talking");
  CHECK(second(8, 10ms, 1) == "talking");
  CHECK(second(0, 500ms) == "talking");
  CHECK(second(9, 10ms) == "weak");
  CHECK(second(7, 499ms, 1) == "weak");
  CHECK(second(0, 10ms) == "weak");
  CHECK(second(0, 10ms) == "talking");
  for (int i = 0; i < 9; ++i) second(i % 2 == 0 ? 50 : 0, 10ms, 2);
  CHECK(view(talk.state).card == "weak");
  talk(LegAge{talk.key(1), 1min});  // lost, and connected anew: judged anew
  CHECK_FALSE(talk.state.legs.at(1).weak);
}

TEST_CASE("what was lost is a share of the packets between two reports of one attempt") {
  struct Row {
    std::uint64_t packets, lost, packets_then, lost_then;
    int percent;
  };
  for (const auto& [packets, lost, packets_then, lost_then, percent] : std::initializer_list<Row>{
           {0, 0, 50, 0, 0}, {50, 0, 95, 5, 10}, {100, 5, 100, 55, 100}, {100, 5, 100, 5, 0}, {100, 5, 10, 0, 0}}) {
    CAPTURE(packets, packets_then);
    protocol::LegStats before;
    before.key = {1, 7};
    before.sound_packets = packets;
    before.sound_lost = lost;
    protocol::LegStats now = before;
    now.sound_packets = packets_then;
    now.sound_lost = lost_then;
    CHECK(lost_between(before, now).sound == percent);
    CHECK(lost_between(before, now).picture == 0);
    std::swap(now.sound_packets, now.picture_packets);
    std::swap(now.sound_lost, now.picture_lost);
    std::swap(before.sound_packets, before.picture_packets);
    std::swap(before.sound_lost, before.picture_lost);
    CHECK(lost_between(before, now).picture == percent);
    CHECK(lost_between(before, now).sound == 0);
    now.key.epoch = 8;
    CHECK(lost_between(before, now).picture == 0);
  }
}

TEST_CASE("the last card stands for a minute, with its receipt number, unless somebody presses") {
  Talk talk;
  talk.ready();
  Plan plan = desk_plan();
  plan.receipt = "20417";
  talk(Pressed{plan});
  talk.connect_both();
  CHECK(talk(LongPressed{}).ends_with("+farewell"));
  CHECK(view(talk.state).card == "ended");
  talk(Dropped{{0, 1}});
  talk(Dropped{{1, 2}});
  talk(DevicesClosed{});
  // Its minute begins now: it may not be over before the card is there, or the card would stand for ever.
  CHECK(talk(TimerRang{{TimerKind::farewell, {}}}).ends_with("+ended"));
  CHECK(talk.delay(TimerKind::ended) == 60s);
  CHECK(talk.state.phase == Phase::idle);
  talk(MediaReady{});
  CHECK(view(talk.state).card == "ended");
  REQUIRE(talk.state.farewell);
  CHECK(talk.state.farewell->receipt == "20417");
  CHECK_FALSE(view(talk.state).pulse);
  SECTION("gone after a minute") {
    talk(TimerRang{{TimerKind::ended, {}}});
    CHECK(view(talk.state).card == "no-bookings");
  }
  SECTION("a press that finds nothing is answered over it") {
    talk(Pressed{});
    CHECK(view(talk.state).card == "nothing-open");
    talk(TimerRang{{TimerKind::notice, {}}});
    CHECK(view(talk.state).card == "ended");
  }
  SECTION("a new call begins without it") {
    talk(Pressed{desk_plan()});
    CHECK(view(talk.state).card == "calling");
    CHECK_FALSE(talk.state.farewell);
  }
}

TEST_CASE("with a wrong clock nobody is told that there are no bookings, or that it is too early") {
  Talk talk;
  talk.ready();
  AgendaSeen seen;
  seen.clock_wrong = true;
  for (const bool next : {false, true}) {
    seen.start = next ? std::optional(WallTime(std::chrono::hours(500'000))) : std::nullopt;
    talk(AgendaSeen(seen));
    CHECK(view(talk.state).card == "clock-wrong");
    talk(Pressed{});
    CHECK(view(talk.state).card == "clock-wrong");
    CHECK(view(talk.state).pulse);
    talk(TimerRang{{TimerKind::notice, {}}});
  }
  seen.open_now = true;  // what is open is joined all the same
  talk(AgendaSeen(seen));
  CHECK(view(talk.state).card == "ready");
  talk(AgendaSeen{});
  CHECK(view(talk.state).card == "no-bookings");
}

TEST_CASE("why bookings were never read stands on the idle card and on the answer to a press") {
  Talk talk;
  talk.ready();
  AgendaSeen seen;
  seen.unread = true;
  talk(AgendaSeen(seen));
  CHECK(view(talk.state).card == "bookings-unread");
  CHECK_FALSE(view(talk.state).fault);
  seen.why_unread = Fault::feed_tls;
  talk(AgendaSeen(seen));
  CHECK(view(talk.state).fault == Fault::feed_tls);
  talk(Pressed{});
  CHECK(view(talk.state).card == "nothing-known");
  CHECK(view(talk.state).fault == Fault::feed_tls);
}

TEST_CASE("out of service says why, another reason takes its place, and it leaves as it came") {
  Talk talk;
  talk.ready();
  talk(ServiceSet{false, Fault::camera_unplugged});
  CHECK(view(talk.state).card == "out-of-service");
  CHECK(view(talk.state).fault == Fault::camera_unplugged);
  talk(ServiceSet{false, Fault::button_missing});
  CHECK(view(talk.state).fault == Fault::button_missing);
  talk(ServiceSet{true});
  CHECK(view(talk.state).card == "no-bookings");
  CHECK_FALSE(view(talk.state).fault);
  talk.call();
  talk(ServiceSet{false, Fault::camera_unplugged});  // nobody is thrown out
  CHECK(talk.state.phase == Phase::calling);
  CHECK_FALSE(talk.state.service_fault);
}

TEST_CASE("while somebody is called, a camera that hands can mend is shown, a moment without a picture is not") {
  Talk talk;
  talk.call();
  const std::string before = view(talk.state).card;
  talk(CameraLost{Fault::camera_dead});
  CHECK(view(talk.state).card == before);
  talk(CameraLost{Fault::camera_unplugged});
  CHECK(view(talk.state).card == "camera-trouble");
  CHECK(view(talk.state).fault == Fault::camera_unplugged);
  CHECK(view(talk.state).pulse);
  talk(CameraUp{});
  CHECK(view(talk.state).card == before);
}
