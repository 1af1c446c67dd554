// SPDX-License-Identifier: Apache-2.0
// The children's protocol: every message survives the way through JSON, and what is not one is refused in words.
#include "media/protocol.hpp"

#include <limits>
#include <string>

#include "base/json.hpp"
#include "base/seqpacket.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::protocol;
namespace bj = boost::json;

namespace {

// Encoded, decoded and encoded again: the same text, so that a member that is written but not read shows.
template <class Messages, class M>
M through(const M& message, Result<Messages> (*decode)(std::string_view)) {
  const std::string text = encode(Messages(message));
  INFO(text);
  auto decoded = decode(text);
  REQUIRE(decoded.has_value());
  REQUIRE(std::holds_alternative<M>(*decoded));
  CHECK(encode(*decoded) == text);
  return std::get<M>(std::move(*decoded));
}
template <class M>
M to_media(const M& message) {
  return through<ToMedia>(message, decode_to_media);
}
template <class M>
M from_media(const M& message) {
  return through<FromMedia>(message, decode_from_media);
}

const LegKey kKey{7, 4'000'000'000};

}  // namespace

TEST_CASE("messages to media survive the way") {
  MediaHello hello;
  hello.microphone = "silent";
  hello.speaker = "none";
  hello.screen = "window";
  hello.tone_hz = 880;  // written without a fraction is still a number
  hello.screen_width = 1920;
  hello.screen_height = 1080;
  hello.chime_volume = 0.25;
  hello.width = 640;
  hello.height = 360;
  hello.fps = 15;
  hello.video_kbps = 600;
  hello.codecs = {"vp8"};
  hello.loopback = true;
  const MediaHello hello2 = to_media(hello);
  CHECK(hello2.microphone == "silent");
  CHECK(hello2.speaker == "none");
  CHECK(hello2.screen == "window");
  CHECK(hello2.tone_hz == 880.0);
  CHECK(hello2.screen_width == 1920);
  CHECK(hello2.screen_height == 1080);
  CHECK(hello2.chime_volume == 0.25);
  CHECK(hello2.width == 640);
  CHECK(hello2.height == 360);
  CHECK(hello2.fps == 15);
  CHECK(hello2.video_kbps == 600);
  CHECK(hello2.codecs == std::vector<std::string>{"vp8"});
  CHECK(hello2.loopback);

  ShowCard card;
  card.code = "ready";
  card.texts = {{"ja", "ボタンを押してください \"\\", {"一行目", "", "three\nlines"}}, {"en", "Press the button", {}}};
  card.tone = "calm";
  card.over_picture = card.self_view = true;
  card.hall = "中央公民館";
  card.clock = "large";
  card.date = "11月24日（火）";
  card.utc_offset_minutes = 540;
  card.since_ms = 18'000'000'000;
  card.seconds = "{seconds}秒";
  card.minutes = "{minutes}分{seconds}秒";
  card.held_since_ms = 18'000'000'500;
  card.hold_ms = 2000;
  card.chime = "ready";
  card.repeat = "ring-back";
  card.repeat_ms = 4000;
  const ShowCard card2 = to_media(card);
  REQUIRE(card2.texts.size() == 2);
  CHECK(card2.texts[0].lang == "ja");
  CHECK(card2.texts[0].title == card.texts[0].title);
  CHECK(card2.texts[0].lines == card.texts[0].lines);
  CHECK(card2.texts[1].title == "Press the button");
  CHECK(card2.self_view);
  CHECK(card2.hall == card.hall);
  CHECK(card2.clock == "large");
  CHECK(card2.date == card.date);
  CHECK(card2.utc_offset_minutes == 540);
  CHECK(card2.since_ms == 18'000'000'000);
  CHECK(card2.seconds == card.seconds);
  CHECK(card2.minutes == card.minutes);
  CHECK(card2.held_since_ms == 18'000'000'500);
  CHECK(card2.hold_ms == 2000);
  CHECK(card2.tone == "calm");
  CHECK(card2.over_picture);
  CHECK(card2.chime == "ready");
  CHECK(card2.code == "ready");
  CHECK(card2.repeat == "ring-back");
  CHECK(card2.repeat_ms == 4000);

  CHECK(to_media(SetMicrophone{true}).open);
  CHECK(to_media(SetMute{true}).muted);
  CHECK(to_media(FramesAttach{"room", 1280, 720}).height == 720);
  CHECK(to_media(FramesAttach{"room", 1280, 720}).camera == "room");
  CHECK(to_media(FramesDetach{"document"}).camera == "document");
  MakeOffer make{kKey, Direction::play, {{"stun:127.0.0.1:3478", "", ""}, {"turn:127.0.0.1:3479", "user", "secret"}}};
  const MakeOffer make2 = to_media(make);
  CHECK(make2.key == kKey);
  CHECK(make2.direction == Direction::play);
  REQUIRE(make2.ice_servers.size() == 2);
  CHECK(make2.ice_servers[1].url == "turn:127.0.0.1:3479");
  CHECK(make2.ice_servers[1].username == "user");
  CHECK(make2.ice_servers[1].credential == "secret");
  CHECK(to_media(ApplyAnswer{kKey, "v=0\r\n"}).sdp == "v=0\r\n");
  CHECK(to_media(DropLeg{kKey}).key == kKey);
  CHECK(to_media(TakeScreenshot{9}).id == 9);
  CHECK(to_media(MeasureSpeaker{8}).id == 8);
  to_media(Quit{});
}

TEST_CASE("messages from media survive the way") {
  const Ready ready = from_media(Ready{kVersion, true, true, {"x264enc", "vp8enc"}});
  CHECK(ready.landlock);
  CHECK(ready.seccomp);
  CHECK(ready.encoders.size() == 2);
  CHECK(from_media(Heartbeat{std::numeric_limits<std::uint64_t>::max()}).count ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(from_media(Offered{kKey, "sdp"}).sdp == "sdp");
  for (const LegFailure failure : {LegFailure::offer, LegFailure::answer, LegFailure::inactive,
                                   LegFailure::not_connected, LegFailure::fingerprint, LegFailure::codec}) {
    const LegFailed failed = from_media(LegFailed{kKey, failure, "words"});
    CHECK(failed.failure == failure);
    CHECK(failed.message == "words");
    CHECK(failed.key == kKey);
  }
  CHECK(from_media(AnswerRepaired{kKey}).key == kKey);
  CHECK(from_media(Connected{kKey}).key == kKey);
  CHECK(from_media(FirstRtp{kKey}).key == kKey);
  CHECK(from_media(FirstFrame{kKey, 1280, 720}).width == 1280);
  CHECK(from_media(Dropped{kKey}).key == kKey);
  const LegStats stats = from_media(LegStats{kKey, -1, 21, 33, 5'000'000'000, 50, 3, 200, 9, 17, 640, 480, "vp8"});
  CHECK(stats.media_age_ms == -1);
  CHECK(stats.sound_age_ms == 21);
  CHECK(stats.picture_age_ms == 33);
  CHECK(stats.frames == 5'000'000'000);
  CHECK(stats.sound_packets == 50);
  CHECK(stats.sound_lost == 3);
  CHECK(stats.picture_packets == 200);
  CHECK(stats.picture_lost == 9);
  CHECK(stats.bytes == 17);
  CHECK(stats.height == 480);
  CHECK(stats.codec == "vp8");
  const RoomStats room = from_media(RoomStats{true, 30});
  CHECK(room.microphone_open);
  CHECK(room.camera_frames == 30);
  const SpeakerMeasured measured = from_media(SpeakerMeasured{8, -20.5, 441.25});
  CHECK(measured.id == 8);
  CHECK(measured.level_db == -20.5);
  CHECK(measured.hz == 441.25);
  CHECK(from_media(SpeakerMeasured{8, -std::numeric_limits<double>::infinity(), 0}).level_db < -100);
  const Screenshot shot = from_media(Screenshot{3, "no", true});
  CHECK(shot.id == 3);
  CHECK(shot.error == "no");
  CHECK(shot.shows_people);
}

TEST_CASE("messages of the camera survive the way") {
  const CameraHello hello = through<ToCamera>(CameraHello{kVersion, "/dev/video0", 640, 360, 15}, decode_to_camera);
  CHECK(hello.device == "/dev/video0");
  CHECK(hello.width == 640);
  CHECK(hello.height == 360);
  CHECK(hello.fps == 15);
  through<ToCamera>(Quit{}, decode_to_camera);
  const CameraReady ready = through<FromCamera>(CameraReady{kVersion, 640, 360, 15, true, false}, decode_from_camera);
  CHECK(ready.fps == 15);
  CHECK(ready.landlock);
  CHECK_FALSE(ready.seccomp);
  CHECK(through<FromCamera>(Heartbeat{5}, decode_from_camera).count == 5);
  CHECK(through<FromCamera>(CameraFailed{"unplugged", "pulled out"}, decode_from_camera).code == "unplugged");
}

TEST_CASE("a refusal names what is wrong") {
  struct Row {
    std::string text;
    std::string expected;
  };
  const Row row = GENERATE(values<Row>({
      {"", "not a message"},
      {"{", "not a message"},
      {"[]", "not a message"},
      {"{\"a\": \"\xff\"}", "not a message"},
      {"{}", "\"type\" is missing"},
      {R"({"type": 3})", "\"type\" is not a string"},
      {R"({"type": "show-cards"})", "unknown message type \"show-cards\""},
      {R"({"type": "ready"})", "unknown message type \"ready\""},  // of the other direction
      {R"({"type": "set-mute"})", "\"muted\" is missing"},
      {R"({"type": "set-mute", "muted": 1})", "\"muted\" is not true or false"},
      {R"({"type": "frames-attach", "camera": "room", "width": "1280", "height": 720})",
       "\"width\" is not a whole number"},
      {R"({"type": "frames-attach", "camera": "room", "width": 1280.5, "height": 720})",
       "\"width\" is not a whole number"},
      {R"({"type": "frames-attach", "camera": "room", "width": 99999999999, "height": 720})",
       "\"width\" is not a whole number"},
      {R"({"type": "drop-leg", "leg": -1, "epoch": 0})", "\"leg\" is not a whole number in range"},
      {R"({"type": "drop-leg", "leg": 1, "epoch": 4294967296})", "\"epoch\" is not a whole number in range"},
      {R"({"type": "apply-answer", "leg": 1, "epoch": 1, "sdp": null})", "\"sdp\" is not a string"},
      {R"({"type": "make-offer", "leg": 1, "epoch": 1, "direction": "both", "ice_servers": []})",
       "\"direction\" has an unknown value"},
      {R"({"type": "make-offer", "leg": 1, "epoch": 1, "direction": "unknown", "ice_servers": []})",
       "\"direction\" has an unknown value"},
      {R"({"type": "make-offer", "leg": 1, "epoch": 1, "direction": "play", "ice_servers": {}})",
       "\"ice_servers\" is not a list"},
      {R"({"type": "make-offer", "leg": 1, "epoch": 1, "direction": "play", "ice_servers": ["stun:x"]})",
       "\"ice_servers\" holds something that is not an object"},
      {R"({"type": "make-offer", "leg": 1, "epoch": 1, "direction": "play", "ice_servers": [{"url": "stun:x"}]})",
       "\"username\" is missing"},
      {R"({"type": "show-card", "code": "", "texts": [{"lang": "ja", "title": "", "lines": [1]}], "tone": ""})",
       "\"texts\" holds an entry whose member \"lines\" holds something that is not a string"},
      {R"({"type": "show-card", "code": "", "texts": ["ja"], "tone": ""})",
       "\"texts\" holds something that is not an object"},
  }));
  INFO(row.text);
  auto decoded = decode_to_media(row.text);
  REQUIRE_FALSE(decoded.has_value());
  CHECK(decoded.error().code == Errc::protocol);
  INFO(decoded.error().message);
  CHECK(decoded.error().message.find(row.expected) != std::string::npos);
}

TEST_CASE("every member of a first message is required, and its version must be ours") {
  const bj::object whole = bj::parse(encode(ToMedia(MediaHello{}))).as_object();
  REQUIRE(decode_to_media(bj::serialize(whole)).has_value());
  for (const auto& member : whole) {
    INFO(member.key());
    bj::object part = whole;
    part.erase(member.key());
    CHECK_FALSE(decode_to_media(bj::serialize(part)).has_value());
  }
  bj::object other = whole;
  other["version"] = kVersion + 1;
  auto refused = decode_to_media(bj::serialize(other));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::protocol);
  CHECK(refused.error().message.find("version") != std::string::npos);

  Ready ready;
  ready.version = 0;
  CHECK_FALSE(decode_from_media(encode(FromMedia(ready))).has_value());
  CameraHello camera;
  camera.version = kVersion + 1;
  CHECK_FALSE(decode_to_camera(encode(ToCamera(camera))).has_value());
  CameraReady camera_ready;
  camera_ready.version = kVersion + 1;
  CHECK_FALSE(decode_from_camera(encode(FromCamera(camera_ready))).has_value());
}

TEST_CASE("a message longer than a packet is refused") {
  const std::string fits = encode(FromMedia(Offered{kKey, std::string(kMaxMessage - 200, 'a')}));
  REQUIRE(fits.size() <= kMaxMessage);
  CHECK(decode_from_media(fits).has_value());
  const auto refused = decode_from_media(encode(FromMedia(Offered{kKey, std::string(kMaxMessage, 'a')})));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::protocol);
  CHECK(refused.error().message.find("longer") != std::string::npos);
}
