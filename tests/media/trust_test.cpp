// SPDX-License-Identifier: Apache-2.0
// The real media process against a real DTLS peer that is not who the answer says: nothing of the room reaches it, and
// nothing of it the room.
#include "tests/media/media_under_test.hpp"
#include "tests/support/answerer.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using protocol::Direction;
using protocol::LegKey;

namespace {

/// The same answer with another certificate's fingerprint in each line.
std::string with_another_fingerprint(std::string sdp) {
  int changed = 0;
  for (auto at = sdp.find("a=fingerprint:"); at != std::string::npos; at = sdp.find("a=fingerprint:", at + 1)) {
    char& digit = sdp.at(sdp.find('\r', at) - 1);
    digit = digit == '0' ? '1' : '0';
    ++changed;
  }
  REQUIRE(changed > 0);
  return sdp;
}

}  // namespace

TEST_CASE("a far end with another certificate than the promised one sees, hears and says nothing") {
  for (const Direction direction : {Direction::publish, Direction::play}) {
    INFO((direction == Direction::publish ? "publish" : "play"));
    MediaUnderTest media;
    media.hello();
    media.send(protocol::SetMicrophone{true});
    const LegKey key{0, 1};
    media.send(protocol::MakeOffer{key, direction, {}});
    const auto offered = media.wait_for<protocol::Offered>(10s);
    REQUIRE(offered);
    AnswererOptions options;
    options.direction = direction;
    Answerer far_end(options);
    const auto answer = far_end.answer(offered->sdp);
    REQUIRE(answer);
    media.send(protocol::ApplyAnswer{key, with_another_fingerprint(*answer)});
    const auto failed = media.wait_for<protocol::LegFailed>(20s);
    REQUIRE(failed);
    CHECK(failed->failure == protocol::LegFailure::fingerprint);
    CHECK(failed->message.find("fingerprint") != std::string::npos);
    // Its own side of DTLS is complete: it could take and give media. Two seconds' reports later nothing has passed.
    CHECK(media.pump(20s, [&](const auto&) { return far_end.stats().connected; }));
    const auto reports = media.count<protocol::LegStats>();
    CHECK(media.pump(20s, [&](const auto&) { return media.count<protocol::LegStats>() >= reports + 2; }));
    CHECK(far_end.stats().packets == 0);
    CHECK(far_end.stats().frames == 0);
    CHECK(media.count<protocol::Connected>() == 0);
    CHECK(media.count<protocol::FirstRtp>() == 0);
    CHECK(media.count<protocol::FirstFrame>() == 0);
    for (const auto& message : media.seen) {
      if (const auto* leg = std::get_if<protocol::LegStats>(&message)) CHECK(leg->media_age_ms == -1);
    }
    media.send(protocol::MeasureSpeaker{1});
    const auto speaker = media.wait_for<protocol::SpeakerMeasured>(10s);
    REQUIRE(speaker);
    CHECK(speaker->hz == 0);
    media.send(protocol::DropLeg{key});
    CHECK(media.wait_for<protocol::Dropped>(10s));
  }
}
