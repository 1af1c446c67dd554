// SPDX-License-Identifier: Apache-2.0
// Answers looked at before webrtcbin sees them, and the start bitrate that Chromium reads.
#include "media/sdp.hpp"

#include <fmt/format.h>

#include "tests/support/catch.hpp"

using namespace madoguchi;
using media::check_answer;
using protocol::Direction;

namespace {

std::string answer(const std::string& setup, int video_port, const std::string& video_way, int audio_port,
                   const std::string& audio_way, const std::string& encoding = "H264") {
  return fmt::format(
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA\r\na=ice-ufrag:x\r\n"
      "m=video {} UDP/TLS/RTP/SAVPF 96\r\na=setup:{}\r\na={}\r\na=rtpmap:96 {}/90000\r\n"
      "m=audio {} UDP/TLS/RTP/SAVPF 111\r\na=setup:{}\r\na={}\r\na=rtpmap:111 opus/48000/2\r\n",
      video_port, setup, video_way, encoding, audio_port, setup, audio_way);
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
