// SPDX-License-Identifier: Apache-2.0
// What an office's refusals come to: a consultation that waits for a publisher goes on, one that is over ends.
#include "firmware/session/refusals.hpp"

#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::session;
using namespace std::chrono_literals;

TEST_CASE("what each refusal means, by phase, direction and whether there are events") {
  struct Row {
    PostFailure failure;
    // publish without events, publish with events, play without, play with: o over, u unpublished, b busy, t trouble
    const char *calling, *talking;
  };
  const Row rows[] = {
      {PostFailure::not_found, "oouo", "oouo"},      {PostFailure::not_acceptable, "ttut", "ttut"},
      {PostFailure::conflict, "bbuu", "bbuu"},       {PostFailure::gone, "oooo", "oooo"},
      {PostFailure::busy, "bbbb", "bbbb"},           {PostFailure::server_error, "tttt", "tttt"},
      {PostFailure::refused, "tttt", "tttt"},        {PostFailure::no_location, "tttt", "tttt"},
      {PostFailure::answer_invalid, "tttt", "tttt"}, {PostFailure::empty_reply, "tttt", "tttt"},
      {PostFailure::protocol, "tttt", "tttt"},
  };
  for (const Row& row : rows) {
    for (const Phase phase : {Phase::calling, Phase::talking}) {
      std::string found;
      for (const Direction direction : {Direction::publish, Direction::play}) {
        for (const bool events : {false, true}) {
          found += "oubt"[static_cast<int>(meaning_of(row.failure, phase, direction, events))];
        }
      }
      INFO(name(row.failure) << " while " << name(phase));
      CHECK(found == (phase == Phase::calling ? row.calling : row.talking));
    }
  }
}

TEST_CASE("nobody publishes yet: the box waits, and sees the far side when it comes") {
  for (const PostFailure failure : {PostFailure::not_found, PostFailure::conflict, PostFailure::not_acceptable}) {
    INFO(name(failure));
    Talk talk;
    talk.ready();
    talk(Pressed{plain_plan()});
    talk.offer(0);
    talk.answer(0);
    talk(Connected{talk.key(0)});
    for (int i = 0; i < 5; ++i) {
      talk.offer(1);
      talk(PostFailed{talk.key(1), failure, {}});
      CHECK(talk.delay(TimerKind::retry) == 10s);
      CHECK(talk.legs() == "up absent");
      CHECK(talk.state.phase == Phase::calling);
      CHECK(talk(TimerRang{{TimerKind::retry, talk.key(1)}}) == "make-offer:1 +offer");
    }
    talk.offer(1);
    talk.answer(1);
    talk(FirstFrame{talk.key(1)});
    CHECK(talk.state.phase == Phase::talking);
  }
}

TEST_CASE("where nothing takes what we send, waiting for a publisher is the end") {
  for (const bool publish_first : {true, false}) {
    CAPTURE(publish_first);
    Talk talk;
    talk.ready();
    talk(Pressed{plain_plan()});
    talk.offer(0);
    talk.offer(1);
    const std::uint32_t first = publish_first ? 0 : 1;
    talk(PostFailed{talk.key(first), PostFailure::not_found, {}});
    CHECK(talk.state.phase == Phase::calling);
    talk(PostFailed{talk.key(1 - first), PostFailure::not_found, {}});
    CHECK(view(talk.state).card == "ended-not-found");
  }
}

TEST_CASE("a far end that is not who the office says is not talked to, and not asked again") {
  for (const bool talking : {false, true}) {
    CAPTURE(talking);
    Talk talk;
    talk.call();
    if (talking) talk.connect_both();
    else talk(SeatsSeen{{{"counsellor", true, "s1"}}});
    const std::string words = talk(LegFailed{talk.key(1), protocol::LegFailure::fingerprint});
    CHECK(words.find("raise:far-end-unverified") == 0);
    CHECK(words.find("+retry") == std::string::npos);
    CHECK(words.find("close-devices") != std::string::npos);
    CHECK(talk.legs() == "closed closed");
    CHECK(view(talk.state).card == "ended-unverified");
    CHECK(info(Fault::far_end_unverified).severity == Severity::error);
  }
}

TEST_CASE("of two seats, one that is not who the office says goes alone") {
  Talk talk;
  const Plan plan = two_seats();
  talk.ready();
  talk(Pressed{plan});
  talk.connect_both();
  talk(SeatJoined{"specialist", "s9"});
  talk.offer(2);
  talk.answer(2);
  talk(LegFailed{talk.key(2), protocol::LegFailure::fingerprint});
  CHECK(talk.legs() == "up up closed closed");
  CHECK(talk.state.phase == Phase::talking);
  talk(SeatJoined{"specialist", "s10"});
  CHECK(talk.legs() == "up up closed closed");
}

TEST_CASE("a picture that stands while the sound goes on is said - silence of both loses the leg, but not on hold") {
  Talk talk;
  talk.talk();
  talk(EventsUp{});
  const auto age = [&talk](std::chrono::milliseconds media, std::chrono::milliseconds sound,
                           std::chrono::milliseconds picture) {
    return talk(LegAge{talk.key(1), media, sound, picture});
  };
  CHECK(age(10ms, 10ms, 2400ms) == "");
  CHECK(view(talk.state).card == "talking");
  CHECK(age(10ms, 10ms, 2500ms) == "");
  CHECK(view(talk.state).card == "picture-stands");
  CHECK(age(10ms, 3000ms, 3000ms) == "");  // a picture is on its way, and there is no sound: neither is said
  CHECK(view(talk.state).card == "talking");
  CHECK(age(10ms, 10ms, 9000ms) == "");
  CHECK(view(talk.state).card == "picture-stands");
  CHECK(age(10ms, 10ms, 30ms) == "");
  CHECK(view(talk.state).card == "talking");
  CHECK(age(10ms, 10ms, -1ms) == "");  // it never had a camera
  CHECK(view(talk.state).card == "talking");
  talk(HoldSet{true});
  CHECK(age(1min, 1min, 1min) == "");
  CHECK(talk.legs() == "up up");
  talk(HoldSet{false});
  CHECK(age(1min, 1min, 1min).find("raise:connection-lost") == 0);
  // A hold that nobody could take back holds nothing.
  Talk alone;
  alone.talk();
  alone(EventsUp{});
  alone(HoldSet{true});
  alone(EventsDown{});
  CHECK(alone(LegAge{alone.key(1), 1min}).find("raise:connection-lost") == 0);
}
