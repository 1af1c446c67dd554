// SPDX-License-Identifier: Apache-2.0
// Lines of an SDP answer. Pure.
#include "media/sdp.hpp"

#include <charconv>
#include <set>
#include <sstream>
#include <vector>

namespace madoguchi::media {

namespace {

struct MediaLine {
  std::string kind;  ///< "audio", "video"
  int port = 0;
  int payload = -1;      ///< the first, the one that will be used
  std::string way;       ///< "recvonly", ...
  std::string encoding;  ///< of that payload
};

std::vector<MediaLine> media_lines(const std::vector<std::string>& lines) {
  std::vector<MediaLine> result;
  std::string session_way = "sendrecv";
  for (const std::string& line : lines) {
    std::istringstream words(line.size() > 2 ? line.substr(2) : "");
    if (line.rfind("m=", 0) == 0) {
      MediaLine media;
      std::string protocol;
      words >> media.kind >> media.port >> protocol >> media.payload;
      media.way = session_way;
      result.push_back(media);
      continue;
    }
    for (const char* way : {"sendrecv", "sendonly", "recvonly", "inactive"}) {
      if (line == std::string("a=") + way) (result.empty() ? session_way : result.back().way) = way;
    }
    if (!result.empty() && line.rfind("a=rtpmap:", 0) == 0) {
      const auto space = line.find(' ');
      int payload = -2;
      std::from_chars(line.data() + 9, line.data() + std::min(space, line.size()), payload);
      if (payload == result.back().payload && space != std::string::npos) {
        result.back().encoding = line.substr(space + 1, line.find('/', space) - space - 1);
      }
    }
  }
  return result;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

}  // namespace

Result<CheckedAnswer> check_answer(const std::string& sdp, protocol::Direction direction) {
  if (sdp.rfind("v=0", 0) != 0) return fail(Errc::invalid, "the answer is not SDP");
  CheckedAnswer result;
  std::vector<std::string> lines;
  std::istringstream text(sdp);
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line == "a=setup:actpass") {
      line = "a=setup:active";
      result.repaired = true;
    }
    if (line.empty()) continue;
    result.sdp += line + "\r\n";
    lines.push_back(std::move(line));
  }
  const std::vector<MediaLine> media = media_lines(lines);
  if (media.empty()) return fail(Errc::invalid, "the answer has no media");
  if (result.sdp.find("a=fingerprint:") == std::string::npos || result.sdp.find("a=ice-ufrag:") == std::string::npos) {
    return fail(Errc::invalid, "the answer has no fingerprint or no ICE credentials");
  }
  const char* wanted = direction == protocol::Direction::publish ? "recvonly" : "sendonly";
  result.codec = "none";
  for (const MediaLine& line : media) {
    if (line.port == 0 || (line.way != wanted && line.way != "sendrecv")) continue;
    if (line.kind == "audio") result.audio_payload = line.payload;
    if (line.kind != "video") continue;
    result.codec = lower(line.encoding);
    if (result.codec != "h264" && result.codec != "vp8") {
      return fail(Errc::invalid, "the answer chose a codec that was not offered");
    }
    result.video_payload = line.payload;
  }
  if (result.audio_payload < 0 && result.video_payload < 0) {
    return fail(Errc::unsupported, "the answer takes or gives neither picture nor sound");
  }
  return result;
}

std::string with_start_bitrate(const std::string& offer, int kbps) {
  const std::string parameter = "x-google-start-bitrate=" + std::to_string(kbps);
  std::vector<std::string> lines;
  std::set<std::string> with_fmtp;
  std::istringstream text(offer);
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.rfind("a=fmtp:", 0) == 0) with_fmtp.insert(line.substr(7, line.find(' ') - 7));
    lines.push_back(std::move(line));
  }
  std::set<std::string> video;
  std::string result;
  for (std::string& line : lines) {
    const auto space = line.find(' ');
    if (line.rfind("a=fmtp:", 0) == 0 && video.count(line.substr(7, space - 7)) > 0) line += ";" + parameter;
    result += line + "\r\n";
    if (line.rfind("a=rtpmap:", 0) != 0 || space == std::string::npos) continue;
    const std::string payload = line.substr(9, space - 9);
    const std::string encoding = line.substr(space + 1, line.find('/', space) - space - 1);
    if (encoding != "H264" && encoding != "VP8") continue;
    video.insert(payload);
    if (with_fmtp.count(payload) == 0) result += "a=fmtp:" + payload + " " + parameter + "\r\n";
  }
  return result;
}

}  // namespace madoguchi::media
