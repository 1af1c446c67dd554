// SPDX-License-Identifier: Apache-2.0
// The real media process against a real far end over loopback.
#include <fcntl.h>
#include <sys/mman.h>

#include "base/clock.hpp"
#include "media/frames.hpp"
#include "tests/media/media_under_test.hpp"
#include "tests/support/answerer.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using protocol::Direction;
using protocol::LegKey;

namespace {

protocol::ShowCard card(const std::string& code, const std::string& title) {
  protocol::ShowCard made;
  made.code = code;
  made.texts = {{"ja", title, {}}};
  made.tone = "calm";
  return made;
}

/// Over the far side's picture, without a word.
protocol::ShowCard talking() {
  protocol::ShowCard made = card("talking", "");
  made.over_picture = true;
  return made;
}

/// Offer, answer, connected; the far end lives as long as the result.
std::unique_ptr<Answerer> connect(MediaUnderTest& media, LegKey key, AnswererOptions options) {
  media.send(protocol::MakeOffer{key, options.direction, {}});
  const auto offered = media.wait_for<protocol::Offered>(10s, [key](const auto& m) { return m.key == key; });
  REQUIRE(offered);
  auto far_end = std::make_unique<Answerer>(options);
  const auto answer = far_end->answer(offered->sdp);
  REQUIRE(answer);
  media.send(protocol::ApplyAnswer{key, *answer});
  REQUIRE(media.wait_for<protocol::Connected>(20s, [key](const auto& m) { return m.key == key; }));
  return far_end;
}

/// Keeps taking messages until the far end's figures please.
bool until(MediaUnderTest& media, const std::function<bool()>& pleases) {
  return pleases() || media.pump(30s, [&](const auto&) { return pleases(); });
}

/// Frames as a camera would write them: one grey.
struct GreyCamera {
  explicit GreyCamera(MediaUnderTest& media) {
    auto made = protocol::make_frame_memory(640, 360);
    memory = std::move(*made);
    auto opened = protocol::FrameWriter::open(memory.writable.get(), 640, 360);
    writer.emplace(std::move(*opened));
    media.send(protocol::FramesAttach{protocol::kRoomCamera, 640, 360}, {memory.readable.get()});
  }
  void shoot(int grey) {
    auto pixels = writer->begin();
    std::fill(pixels.begin(), pixels.end(), std::byte{128});
    std::fill_n(pixels.begin(), 640 * 360, static_cast<std::byte>(grey));
    writer->publish(monotonic_ns());
  }
  protocol::FrameMemory memory;
  std::optional<protocol::FrameWriter> writer;
};

}  // namespace

TEST_CASE("media says ready with its encoders, and keeps its heart beating") {
  MediaUnderTest media;
  const auto ready = media.hello();
  CHECK(ready.landlock);
  CHECK(ready.seccomp);
  CHECK_FALSE(ready.encoders.empty());
  CHECK(media.pump(10s, [&](const auto&) { return media.count<protocol::Heartbeat>() >= 3; }));
}

TEST_CASE("media has no IP socket before it must make an offer, whatever else it hears") {
  MediaUnderTest media;
  media.hello();
  media.send(card("ready", "ボタンを押してください"));
  media.send(protocol::SetMicrophone{true});
  media.send(protocol::SetMute{false});
  media.send(protocol::ApplyAnswer{{0, 1}, "v=0\r\n"});
  media.send(protocol::DropLeg{{0, 1}});
  REQUIRE(media.wait_for<protocol::Dropped>(10s));
  REQUIRE(media.wait_for<protocol::RoomStats>(10s));
  CHECK(media.ip_sockets() == std::vector<std::string>());
  media.send(protocol::MakeOffer{{0, 2}, Direction::publish, {}});
  REQUIRE(media.wait_for<protocol::Offered>(10s));
  CHECK_FALSE(media.ip_sockets().empty());
  media.send(protocol::DropLeg{{0, 2}});
  REQUIRE(media.wait_for<protocol::Dropped>(10s));
  CHECK(media.ip_sockets() == std::vector<std::string>());
}

TEST_CASE("the far side sees the camera and hears the microphone, in both codecs") {
  for (const char* codec : {"h264", "vp8"}) {
    INFO(codec);
    MediaUnderTest media;
    media.hello();
    GreyCamera camera(media);
    camera.shoot(200);
    media.send(protocol::SetMicrophone{true});
    AnswererOptions options;
    options.direction = Direction::publish;
    options.codec = codec;
    const auto far_end = connect(media, {0, 1}, options);
    CHECK(media.wait_for<protocol::FirstRtp>(10s));
    CHECK(until(media, [&] {
      camera.shoot(200);
      return far_end->stats().frames > 20 && far_end->stats().brightness > 180;
    }));
    CHECK(far_end->stats().width == 640);
    CHECK(until(media, [&] { return far_end->stats().sound_hz > 0; }));
    CHECK(far_end->stats().sound_hz == Approx(440).epsilon(0.05));

    media.send(protocol::SetMute{true});
    CHECK(until(media, [&] {
      camera.shoot(200);
      return far_end->stats().brightness < 40 && far_end->stats().sound_db < -60;
    }));
    media.send(protocol::SetMute{false});
    CHECK(until(media, [&] {
      camera.shoot(200);
      return far_end->stats().brightness > 180 && far_end->stats().sound_hz > 400;
    }));
    // The camera's process dies: black instead of a frozen picture, and the sound goes on.
    CHECK(until(media, [&] { return far_end->stats().brightness < 40; }));
    CHECK(far_end->stats().sound_hz == Approx(440).epsilon(0.05));
  }
}

TEST_CASE("what the encoder writes at 1280x720 is what the offer says of it") {
  MediaUnderTest media;
  auto hello = MediaUnderTest::loopback();
  hello.width = 1280;
  hello.height = 720;
  hello.codecs = {"h264"};
  media.hello(hello);
  AnswererOptions options;
  options.direction = Direction::publish;
  const auto far_end = connect(media, {0, 1}, options);
  CHECK(until(media, [&] { return far_end->stats().frames > 5; }));
  CHECK(far_end->stats().width == 1280);
  CHECK(far_end->stats().h264 == "constrained-baseline 3.1");
  for (const auto& message : media.seen) {
    const auto* offered = std::get_if<protocol::Offered>(&message);
    if (offered != nullptr) CHECK(offered->sdp.find("profile-level-id=42e01f") != std::string::npos);
  }
}

TEST_CASE("the room sees and hears the far side, in both codecs") {
  for (const char* codec : {"h264", "vp8"}) {
    INFO(codec);
    MediaUnderTest media;
    media.hello();
    AnswererOptions options;
    options.direction = Direction::play;
    options.codec = codec;
    const auto far_end = connect(media, {1, 1}, options);
    const auto first = media.wait_for<protocol::FirstFrame>(20s);
    REQUIRE(first);
    CHECK(first->width == 640);
    CHECK(first->height == 360);
    const auto heard = media.listen(30s);
    REQUIRE(heard);
    CHECK(heard->hz == Approx(660).epsilon(0.01));
    const auto stats = media.wait_for<protocol::LegStats>(
        10s, [](const auto& m) { return m.frames > 20 && m.media_age_ms >= 0 && m.media_age_ms < 1000; });
    REQUIRE(stats);
    CHECK(stats->codec == codec);
    CHECK(media.count<protocol::FirstFrame>() == 1);
  }
}

TEST_CASE("the far side falls silent: the age of its media tells") {
  MediaUnderTest media;
  media.hello();
  AnswererOptions options;
  options.direction = Direction::play;
  auto far_end = connect(media, {1, 1}, options);
  REQUIRE(media.wait_for<protocol::FirstFrame>(20s));
  far_end.reset();
  CHECK(media.wait_for<protocol::LegStats>(20s, [](const auto& m) { return m.media_age_ms > 2000; }));
}

TEST_CASE("the far side hangs up behind a server: reports of sound and picture go on, and are no sign of life") {
  MediaUnderTest media;
  media.hello();
  AnswererOptions options;
  options.direction = Direction::play;
  auto far_end = connect(media, {1, 1}, options);
  REQUIRE(media.wait_for<protocol::FirstFrame>(20s));
  const auto ages = [&media](const std::function<bool(const protocol::LegStats&)>& pleases) {
    return media.wait_for<protocol::LegStats>(30s, pleases).has_value();
  };
  CHECK(ages([](const auto& m) { return m.sound_age_ms >= 0 && m.sound_age_ms < 500 && m.picture_age_ms < 500; }));
  far_end->hold_back("video");
  CHECK(ages([](const auto& m) { return m.picture_age_ms > 2500 && m.sound_age_ms < 500 && m.media_age_ms < 500; }));
  far_end->hold_back("audio");
  // Longer than any pause between two reports.
  CHECK(ages([](const auto& m) { return m.media_age_ms > 12'000 && m.sound_age_ms > 12'000; }));
}

TEST_CASE("answers that webrtcbin would swallow are named") {
  MediaUnderTest media;
  media.hello();
  const auto offer = [&media](LegKey key) {
    media.send(protocol::MakeOffer{key, Direction::publish, {}});
    return media.wait_for<protocol::Offered>(10s, [key](const auto& m) { return m.key == key; });
  };
  const auto failed = [&media](LegKey key) {
    return media.wait_for<protocol::LegFailed>(10s, [key](const auto& m) { return m.key == key; });
  };
  REQUIRE(offer({0, 1}));
  media.send(protocol::ApplyAnswer{{0, 1}, "this is no SDP"});
  const auto garbage = failed({0, 1});
  REQUIRE(garbage);
  CHECK(garbage->failure == protocol::LegFailure::answer);

  AnswererOptions options;
  options.direction = Direction::publish;
  const auto inactive_offer = offer({0, 2});
  REQUIRE(inactive_offer);
  Answerer inactive(options);
  std::string sdp = *inactive.answer(inactive_offer->sdp);
  for (auto at = sdp.find("a=recvonly"); at != std::string::npos; at = sdp.find("a=recvonly")) {
    sdp.replace(at, 10, "a=inactive");
  }
  media.send(protocol::ApplyAnswer{{0, 2}, sdp});
  const auto refused = failed({0, 2});
  REQUIRE(refused);
  CHECK(refused->failure == protocol::LegFailure::inactive);

  const auto actpass_offer = offer({0, 3});
  REQUIRE(actpass_offer);
  Answerer actpass(options);
  sdp = *actpass.answer(actpass_offer->sdp);
  for (auto at = sdp.find("a=setup:active"); at != std::string::npos; at = sdp.find("a=setup:active")) {
    sdp.replace(at, 14, "a=setup:actpass");
  }
  media.send(protocol::ApplyAnswer{{0, 3}, sdp});
  CHECK(media.wait_for<protocol::AnswerRepaired>(10s));
  CHECK(media.wait_for<protocol::Connected>(20s));
}

TEST_CASE("what a card repeats is heard again and again while it stands, and no more after it") {
  MediaUnderTest media;
  media.hello();
  const auto silent = [&media](std::uint32_t id) {
    return media.pump(20s, [&](const protocol::FromMedia& message) {
      if (std::holds_alternative<protocol::Heartbeat>(message)) media.send(protocol::MeasureSpeaker{id});
      const auto* measured = std::get_if<protocol::SpeakerMeasured>(&message);
      return measured != nullptr && measured->hz == 0;
    });
  };
  protocol::ShowCard calling = card("calling", "相談員を呼んでいます");
  calling.repeat = "ring-back";
  calling.repeat_ms = 2000;
  media.send(calling);
  for (int i = 0; i < 3; ++i) {
    const auto heard = media.listen(20s);
    REQUIRE(heard);
    CHECK(heard->hz == Approx(440).epsilon(0.02));
    REQUIRE(silent(7));
    // The same card with other words keeps the pace.
    calling.code = "calling-absent";
    media.send(calling);
  }
  media.send(talking());
  REQUIRE(silent(8));
  CHECK_FALSE(media.listen(4s));
}

TEST_CASE("a screenshot is a PNG of the card, and tells whether people are in it") {
  MediaUnderTest media;
  media.hello();
  media.send(card("ready", "ボタンを押してください"));
  const UniqueFd file(::memfd_create("png", MFD_CLOEXEC));
  media.send(protocol::TakeScreenshot{7}, {file.get()});
  const auto done = media.wait_for<protocol::Screenshot>(20s);
  REQUIRE(done);
  CHECK(done->id == 7);
  CHECK(done->error.empty());
  CHECK_FALSE(done->shows_people);
  char magic[8] = {};
  REQUIRE(::pread(file.get(), magic, sizeof magic, 0) == 8);
  CHECK(std::string(magic + 1, 3) == "PNG");
  CHECK(::lseek(file.get(), 0, SEEK_END) > 5000);  // a blank one takes less

  AnswererOptions options;
  options.direction = Direction::play;
  const auto far_end = connect(media, {1, 1}, options);
  REQUIRE(media.wait_for<protocol::FirstFrame>(20s));
  media.send(talking());
  media.send(protocol::TakeScreenshot{8}, {file.get()});
  const auto people = media.wait_for<protocol::Screenshot>(20s);
  REQUIRE(people);
  CHECK(people->shows_people);
}
