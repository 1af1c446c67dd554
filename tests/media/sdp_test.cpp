// SPDX-License-Identifier: Apache-2.0
// Answers looked at before webrtcbin sees them, and the start bitrate that Chromium reads.
#include "media/sdp.hpp"

#include <fmt/format.h>

#include "tests/support/catch.hpp"

using namespace madoguchi;
using protocol::Direction;

namespace {

auto check_answer(const std::string& sdp, Direction direction) {
  return media::check_answer(sdp, direction, {"video0", "audio1"});
}

const std::string kDigest = [] {
  std::string text = "sha-256 AA";
  for (int i = 1; i < 32; ++i) text += ":AA";
  return text;
}();

std::string answer(const std::string& setup, int video_port, const std::string& video_way, int audio_port,
                   const std::string& audio_way, const std::string& encoding = "H264") {
  return fmt::format(
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:{7}\r\na=ice-ufrag:x\r\n"
      "m=video {0} UDP/TLS/RTP/SAVPF 96\r\na=setup:{1}\r\na={2}\r\na=rtpmap:96 {3}/90000\r\n"
      "m=audio {4} UDP/TLS/RTP/SAVPF 111\r\na=setup:{5}\r\na={6}\r\na=rtpmap:111 opus/48000/2\r\n",
      video_port, setup, video_way, encoding, audio_port, setup, audio_way, kDigest);
}

}  // namespace

TEST_CASE("an answer is taken, repaired or refused") {
  struct Row {
    const char* what;
    std::string sdp;
    Direction direction;
    int video, audio;  ///< payloads, -1 = refused; -2 = the whole answer is an error
    bool repaired;
    const char* codec;
  };
  const Row rows[] = {
      {"both", answer("active", 9, "recvonly", 9, "recvonly"), Direction::publish, 96, 111, false, "h264"},
      {"both ways", answer("active", 9, "sendrecv", 9, "sendrecv"), Direction::play, 96, 111, false, "h264"},
      {"VP8", answer("active", 9, "recvonly", 9, "recvonly", "VP8"), Direction::publish, 96, 111, false, "vp8"},
      {"actpass", answer("actpass", 9, "recvonly", 9, "recvonly"), Direction::publish, 96, 111, true, "h264"},
      {"sound alone", answer("active", 0, "recvonly", 9, "recvonly"), Direction::publish, -1, 111, false, "none"},
      {"picture alone", answer("active", 9, "recvonly", 9, "inactive"), Direction::publish, 96, -1, false, "h264"},
      {"all inactive", answer("active", 9, "inactive", 9, "inactive"), Direction::publish, -2, 0, false, ""},
      {"all refused", answer("active", 0, "recvonly", 0, "recvonly"), Direction::publish, -2, 0, false, ""},
      {"the wrong way", answer("active", 9, "sendonly", 9, "sendonly"), Direction::publish, -2, 0, false, ""},
      {"a codec of its own", answer("active", 9, "recvonly", 9, "recvonly", "AV1"), Direction::publish, -2, 0, false,
       ""},
      {"not SDP", "<html>", Direction::publish, -2, 0, false, ""},
      {"no media", "v=0\r\n", Direction::publish, -2, 0, false, ""},
      {"empty", "", Direction::publish, -2, 0, false, ""},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const auto checked = check_answer(row.sdp, row.direction);
    CHECK(checked.has_value() == (row.video != -2));
    if (!checked) continue;
    CHECK(checked->video_payload == row.video);
    CHECK(checked->audio_payload == row.audio);
    CHECK(checked->repaired == row.repaired);
    CHECK(checked->codec == row.codec);
    CHECK(checked->sdp.find("actpass") == std::string::npos);
  }
}

namespace {

/// Of a browser: bundled, its transport described in both lines.
std::string bundled(const std::string& video_head, const std::string& audio_head, const std::string& session = {}) {
  return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE video0 audio1\r\n" + session + video_head +
         "a=mid:video0\r\na=ice-ufrag:x\r\na=ice-pwd:y\r\na=setup:active\r\na=rtpmap:96 H264/90000\r\n"
         "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=ssrc:1 cname:v\r\n" +
         audio_head + "a=mid:audio1\r\na=setup:active\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:2 cname:a\r\n";
}
const std::string kVideo = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=sendonly\r\n";
const std::string kAudio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\n";
const std::string kPrint = "a=fingerprint:" + kDigest + "\r\n";

}  // namespace

TEST_CASE("what is refused is taken out of what webrtcbin sees") {
  const auto refused = check_answer(
      bundled(kVideo + kPrint, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\n" + kPrint), Direction::play);
  REQUIRE(refused);
  CHECK(refused->sdp.find("a=group:BUNDLE video0\r\n") != std::string::npos);
  CHECK(
      refused->sdp.find(
          "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:audio1\r\na=inactive\r\na=setup:active\r\na=") !=
      std::string::npos);
  CHECK(refused->sdp.find("opus") == std::string::npos);
  CHECK(refused->sdp.find("a=ssrc:2") == std::string::npos);
  CHECK(refused->payloads == std::vector<int>{96, 97});
  CHECK(refused->fingerprints.at(0).size() == 1);
  CHECK(refused->fingerprints.at(1).empty());

  // Of the wrong way: its transport may be the bundle's, so that the rest stays.
  const auto wrong =
      check_answer(bundled("m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=recvonly\r\n" + kPrint, kAudio), Direction::play);
  REQUIRE(wrong);
  CHECK(wrong->payloads == std::vector<int>{111});
  CHECK(wrong->sdp.find("a=recvonly") == std::string::npos);
  CHECK(wrong->sdp.find("a=ice-ufrag:x") != std::string::npos);

  // A payload that nobody here can take is not heard of again.
  const auto more = check_answer(
      bundled("m=video 9 UDP/TLS/RTP/SAVPF 96 97 99 111\r\na=sendonly\r\na=rtpmap:99 AV1/90000\r\n" + kPrint, kAudio),
      Direction::play);
  REQUIRE(more);
  CHECK(more->sdp.find("m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n") != std::string::npos);
  CHECK(more->payloads == std::vector<int>{96, 97, 111});
}

TEST_CASE("each line that is used has fingerprints: its own, the session's, or its bundle's") {
  struct Row {
    const char* what;
    std::string sdp;
    std::size_t video, audio;  ///< how many; 0: the answer is refused
  };
  const std::string other = "a=fingerprint:sha-256 BB" + kDigest.substr(10) + "\r\n";
  const Row rows[] = {
      {"of each line", bundled(kVideo + kPrint, kAudio + other), 1, 1},
      {"of the session", bundled(kVideo, kAudio, kPrint), 1, 1},
      {"of the line that the bundle's transport is in", bundled(kVideo + kPrint, kAudio), 1, 1},
      {"of the session, and of one line", bundled(kVideo + other + kPrint, kAudio, kPrint), 2, 1},
      {"several", bundled(kVideo + kPrint + other, kAudio, other + kPrint), 2, 2},
      {"none", bundled(kVideo, kAudio), 0, 0},
      {"of an unknown hash", bundled(kVideo + "a=fingerprint:sha-999 AA\r\n", kAudio), 0, 0},
      {"cut short", bundled(kVideo + "a=fingerprint:sha-256 AA:BB\r\n", kAudio), 0, 0},
      {"MD5", bundled(kVideo + "a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n", kAudio), 0, 0},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const auto checked = check_answer(row.sdp, Direction::play);
    CHECK(checked.has_value() == (row.video > 0));
    if (!checked) continue;
    CHECK(checked->fingerprints.at(0).size() == row.video);
    CHECK(checked->fingerprints.at(1).size() == row.audio);
  }
  const auto two = check_answer(bundled(kVideo + kPrint, kAudio + other), Direction::play);
  CHECK(two->fingerprints.at(0) != two->fingerprints.at(1));
}

TEST_CASE("the mids are the offer's, once each, or there are none and they are filled in") {
  const std::string good = bundled(kVideo + kPrint, kAudio);
  CHECK(media::mids_of(good) == std::vector<std::string>{"video0", "audio1"});
  CHECK(media::mids_of("v=0\r\na=mid:x\r\nm=video 9 A 1\r\nm=audio 9 A 1\r\na=mid:y\r\n") ==
        std::vector<std::string>{"", "y"});
  const auto without = check_answer(answer("active", 9, "recvonly", 9, "recvonly"), Direction::publish);
  REQUIRE(without);
  CHECK(media::mids_of(without->sdp) == std::vector<std::string>{"video0", "audio1"});
  for (const char* mid : {"a=mid:video0", "a=mid:2", "a=mid:", "a=mid:audio1 "}) {
    CAPTURE(mid);
    std::string other = good;
    other.replace(other.find("a=mid:audio1"), 12, mid);
    const bool empty = std::string(mid) == "a=mid:";
    CHECK(check_answer(other, Direction::play).has_value() == empty);
  }
}

TEST_CASE("an answer to another offer is none") {
  const std::string good = bundled(kVideo + kPrint, kAudio);
  REQUIRE(check_answer(good, Direction::play));
  for (const std::string& each :
       {good + kVideo, good.substr(0, good.find("m=audio")), bundled(kAudio + kPrint, kVideo),
        "v=0\r\n" + kVideo + kVideo, bundled("m=video 9 UDP/TLS/RTP/SAVPF 960 97\r\na=sendonly\r\n" + kPrint, kAudio),
        bundled("m=video x UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\n" + kPrint, kAudio),
        bundled("m=video 9 UDP/TLS/RTP/SAVPF\r\na=sendonly\r\n" + kPrint, kAudio)}) {
    INFO(each);
    CHECK(check_answer(each, Direction::play).error().code == Errc::invalid);
  }
}

TEST_CASE("refusing everything and not being SDP are told apart") {
  CHECK(check_answer(answer("active", 9, "inactive", 9, "inactive"), Direction::publish).error().code ==
        Errc::unsupported);
  CHECK(check_answer("<html>", Direction::publish).error().code == Errc::invalid);
}

TEST_CASE("the start bitrate is a parameter of the video payloads alone") {
  const std::string offer =
      "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 98 97\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
      "a=rtpmap:98 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
      "a=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 useinbandfec=1\r\n";
  const std::string wanted =
      "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 98 97\r\na=rtpmap:96 H264/90000\r\n"
      "a=fmtp:96 packetization-mode=1;x-google-start-bitrate=2000\r\na=rtpmap:98 VP8/90000\r\n"
      "a=fmtp:98 x-google-start-bitrate=2000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 useinbandfec=1\r\n";
  CHECK(media::with_start_bitrate(offer, 2000) == wanted);
}

TEST_CASE("H.264 is offered with its profile and level, once, and other payloads as they are") {
  const std::string offer =
      "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 98 97\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
      "a=rtpmap:98 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
      "a=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 useinbandfec=1\r\n";
  std::string wanted = offer;
  wanted.replace(wanted.find("packetization-mode=1"), 20, "packetization-mode=1;profile-level-id=42e01f");
  CHECK(media::with_h264_profile(offer) == wanted);
}
