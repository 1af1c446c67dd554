// SPDX-License-Identifier: Apache-2.0
// Lines of an SDP answer. Pure.
#include "media/sdp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

namespace madoguchi::media {

namespace {

constexpr std::string_view kKinds[] = {"video", "audio"};  // of the offer's m-lines
constexpr std::string_view kWays[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

/// The value of `line` when it is this attribute.
std::optional<std::string> value_of(const std::string& line, std::string_view attribute) {
  const std::string begin = fmt::format("a={}:", attribute);
  if (line.rfind(begin, 0) != 0) return std::nullopt;
  return line.substr(begin.size());
}

/// One m= line and what follows it; or, in front, the session's lines.
struct Section {
  std::vector<std::string> lines;  ///< the m= line first, where there is one
  // of the m= line
  std::string kind, protocol;
  int port = 0;
  std::vector<int> payloads;
  // of its attributes
  std::string way, mid;
  std::map<int, std::string> encodings;  ///< of its payloads, in lower case
  std::map<int, int> repeats;            ///< apt of a retransmission's payload
  std::vector<Fingerprint> fingerprints;
  bool used = false, has_ice = false;

  [[nodiscard]] std::string encoding(int payload) const {
    const auto found = encodings.find(payload);
    return found == encodings.end() ? std::string() : found->second;
  }
};

bool read_media_line(const std::string& line, Section& section) {
  const auto words = words_of(line.substr(2));
  if (words.size() < 4) return false;
  const auto port = number(words[1].substr(0, words[1].find('/')));
  if (!port || *port < 0 || *port > 65535) return false;
  section.kind = words[0];
  section.port = *port;
  section.protocol = words[2];
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto payload = number(words[i]);
    if (!payload || *payload < 0 || *payload > 127) return false;
    section.payloads.push_back(*payload);
  }
  return true;
}

void read_attribute(const std::string& line, Section& section) {
  for (const std::string_view way : kWays) {
    if (line.size() == way.size() + 2 && line.rfind("a=", 0) == 0 && line.substr(2) == way) section.way = way;
  }
  if (const auto mid = value_of(line, "mid")) section.mid = *mid;
  if (line.rfind("a=ice-ufrag:", 0) == 0) section.has_ice = true;
  if (const auto value = value_of(line, "fingerprint")) {
    if (auto fingerprint = parse_fingerprint(*value)) section.fingerprints.push_back(std::move(*fingerprint));
  }
  const auto map = value_of(line, "rtpmap");
  const auto format = value_of(line, "fmtp");
  const std::string& value = map ? *map : format ? *format : line;
  const auto space = value.find(' ');
  if ((!map && !format) || space == std::string::npos) return;
  const auto payload = number(std::string_view(value).substr(0, space));
  if (!payload) return;
  if (map) section.encodings[*payload] = lower(value.substr(space + 1, value.find('/', space) - space - 1));
  const auto apt = format ? format->find("apt=") : std::string::npos;
  if (apt == std::string::npos) return;
  const std::string rest = format->substr(apt + 4);
  if (const auto repeated = number(rest.substr(0, rest.find_first_of("; ")))) section.repeats[*payload] = *repeated;
}

/// Can a payload of that kind be sent or received here?
bool is_known(const Section& section, int payload) {
  const std::string encoding = section.encoding(payload);
  if (section.kind == "audio") return encoding == "opus";
  if (encoding == "h264" || encoding == "vp8") return true;
  const auto repeated = section.repeats.find(payload);
  if (encoding != "rtx" || repeated == section.repeats.end() || repeated->second == payload) return false;
  const std::string other = section.encoding(repeated->second);
  return other == "h264" || other == "vp8";
}

/// The answer's session part and its sections, by the offer's m-lines.
struct Answer {
  Section session;
  std::vector<Section> media;
  bool repaired = false;
};

Result<Answer> read(const std::string& sdp) {
  if (sdp.rfind("v=0", 0) != 0) return fail(Errc::invalid, "the answer is not SDP");
  Answer answer;
  std::istringstream text(sdp);
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    if (line == "a=setup:actpass") {
      line = "a=setup:active";
      answer.repaired = true;
    }
    if (line.rfind("m=", 0) == 0) {
      answer.media.emplace_back();
      if (!read_media_line(line, answer.media.back())) return fail(Errc::invalid, "the answer has a broken m= line");
    }
    Section& section = answer.media.empty() ? answer.session : answer.media.back();
    read_attribute(line, section);
    section.lines.push_back(std::move(line));
  }
  return answer;
}

/// The mids of the answer's BUNDLE group, in its order.
std::vector<std::string> bundle_of(const Answer& answer) {
  for (const std::string& line : answer.session.lines) {
    const auto group = value_of(line, "group");
    if (!group || group->rfind("BUNDLE", 0) != 0) continue;
    auto mids = words_of(*group);
    mids.erase(mids.begin());
    return mids;
  }
  return {};
}

/// Its own, else those of the session, else those of the section that its bundle's transport is described in.
const std::vector<Fingerprint>& fingerprints_of(const Answer& answer, const Section& section) {
  if (!section.fingerprints.empty()) return section.fingerprints;
  if (!answer.session.fingerprints.empty()) return answer.session.fingerprints;
  const auto bundle = bundle_of(answer);
  if (std::find(bundle.begin(), bundle.end(), section.mid) == bundle.end()) return section.fingerprints;
  for (const std::string& mid : bundle) {
    for (const Section& each : answer.media) {
      if (each.mid == mid && each.port != 0 && !each.fingerprints.empty()) return each.fingerprints;
    }
  }
  return section.fingerprints;
}

/// The same of ICE credentials.
bool has_ice(const Answer& answer, const Section& section) {
  if (section.has_ice || answer.session.has_ice) return true;
  const auto bundle = bundle_of(answer);
  const auto in_bundle = [&bundle](const Section& each) {
    return each.port != 0 && std::find(bundle.begin(), bundle.end(), each.mid) != bundle.end();
  };
  return in_bundle(section) && std::any_of(answer.media.begin(), answer.media.end(),
                                           [&](const Section& each) { return each.has_ice && in_bundle(each); });
}

std::string text_of(const Answer& answer) {
  std::string text;
  const auto add = [&text](const std::string& line) { text += line + "\r\n"; };
  std::string group;
  for (const std::string& mid : bundle_of(answer)) {
    const auto stays = [&mid](const Section& each) { return each.mid == mid && each.port != 0; };
    if (std::any_of(answer.media.begin(), answer.media.end(), stays)) group += " " + mid;
  }
  for (const std::string& line : answer.session.lines) {
    const auto value = value_of(line, "group");
    if (!value || value->rfind("BUNDLE", 0) != 0) add(line);
    else if (!group.empty()) add("a=group:BUNDLE" + group);
  }
  // webrtcbin wants these in each m-line that is in no bundle, refused or not: those of a line that is used will do.
  std::vector<std::string> ice;
  std::string any;  // a fingerprint, which nobody but us compares
  for (const Section& section : answer.media) {
    const auto& known = fingerprints_of(answer, section);
    if (any.empty() && section.used && !known.empty()) any = "a=fingerprint:" + to_string(known.front());
    for (const std::string& line : section.lines) {
      if (section.port != 0 && line.rfind("a=ice-", 0) == 0 && ice.size() < 2) ice.push_back(line);
    }
  }
  for (const Section& section : answer.media) {
    std::string formats;
    for (const int payload : section.payloads) {
      if (!section.used || is_known(section, payload)) formats += fmt::format(" {}", payload);
    }
    add(fmt::format("m={} {} {}{}", section.kind, section.port, section.protocol, formats));
    if (section.port == 0) {
      // Nothing of it may lead a packet that comes all the same anywhere.
      add("c=IN IP4 0.0.0.0");
      add("a=mid:" + section.mid);
      for (const std::string& line : {std::string("a=inactive"), std::string("a=setup:active"), any}) add(line);
      for (const std::string& line : ice) add(line);
      continue;
    }
    for (std::size_t i = 1; i < section.lines.size(); ++i) {
      const std::string& line = section.lines[i];
      const bool is_way = std::any_of(std::begin(kWays), std::end(kWays),
                                      [&line](std::string_view way) { return line == fmt::format("a={}", way); });
      if (!is_way && !value_of(line, "mid")) add(line);
    }
    add("a=mid:" + section.mid);
    add(section.used ? "a=" + section.way : "a=inactive");
    if (section.fingerprints.empty() && answer.session.fingerprints.empty()) add(any);
  }
  return text;
}

}  // namespace

std::vector<std::string> mids_of(const std::string& sdp) {
  std::vector<std::string> mids;
  std::istringstream text(sdp);
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.rfind("m=", 0) == 0) mids.emplace_back();
    if (const auto mid = value_of(line, "mid"); mid && !mids.empty()) mids.back() = *mid;
  }
  return mids;
}

Result<CheckedAnswer> check_answer(const std::string& sdp, protocol::Direction direction,
                                   const std::vector<std::string>& mids) {
  auto answer = read(sdp);
  if (!answer) return fail(answer.error());
  if (answer->media.size() != std::size(kKinds) || answer->media.size() != mids.size()) {
    return fail(Errc::invalid,
                fmt::format("the answer has {} m= lines, the offer {}", answer->media.size(), std::size(kKinds)));
  }
  const char* wanted = direction == protocol::Direction::publish ? "recvonly" : "sendonly";
  CheckedAnswer result;
  result.repaired = answer->repaired;
  result.codec = "none";
  for (std::size_t i = 0; i < answer->media.size(); ++i) {
    Section& section = answer->media[i];
    if (section.kind != kKinds[i]) return fail(Errc::invalid, "the answer's m= lines are not the offer's");
    // webrtcbin dies of media whose m-line it does not find by these.
    if (section.mid.empty()) section.mid = mids[i];
    if (section.mid != mids[i]) return fail(Errc::invalid, "the answer's mids are not the offer's");
    if (section.way.empty()) section.way = answer->session.way.empty() ? "sendrecv" : answer->session.way;
    if (section.port == 0 || (section.way != wanted && section.way != "sendrecv")) continue;
    if (!is_known(section, section.payloads.front()) || section.encoding(section.payloads.front()) == "rtx") {
      return fail(Errc::invalid, "the answer chose a codec that was not offered");
    }
    section.used = true;
    (section.kind == "audio" ? result.audio_payload : result.video_payload) = section.payloads.front();
    if (section.kind == "video") result.codec = section.encoding(section.payloads.front());
    for (const int payload : section.payloads) {
      if (is_known(section, payload)) result.payloads.push_back(payload);
    }
  }
  if (result.audio_payload < 0 && result.video_payload < 0) {
    return fail(Errc::unsupported, "the answer takes or gives neither picture nor sound");
  }
  for (const Section& section : answer->media) {
    result.fingerprints.emplace_back();
    if (!section.used) continue;
    if (!has_ice(*answer, section)) return fail(Errc::invalid, "the answer has no ICE credentials");
    result.fingerprints.back() = fingerprints_of(*answer, section);
    if (result.fingerprints.back().empty()) {
      return fail(Errc::invalid, "the answer has no fingerprint by a hash that can be checked (sha-1 to sha-512)");
    }
  }
  result.sdp = text_of(*answer);
  return result;
}

namespace {

/// The offer with one parameter more in the fmtp of each payload of these encodings.
std::string with_parameter(const std::string& offer, const std::set<std::string>& encodings,
                           const std::string& parameter) {
  std::vector<std::string> lines;
  std::set<std::string> with_fmtp;
  std::istringstream text(offer);
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.rfind("a=fmtp:", 0) == 0) with_fmtp.insert(line.substr(7, line.find(' ') - 7));
    lines.push_back(std::move(line));
  }
  std::set<std::string> wanted;
  std::string result;
  for (std::string& line : lines) {
    const auto space = line.find(' ');
    if (line.rfind("a=fmtp:", 0) == 0 && wanted.count(line.substr(7, space - 7)) > 0) line += ";" + parameter;
    result += line + "\r\n";
    if (line.rfind("a=rtpmap:", 0) != 0 || space == std::string::npos) continue;
    const std::string payload = line.substr(9, space - 9);
    if (encodings.count(line.substr(space + 1, line.find('/', space) - space - 1)) == 0) continue;
    wanted.insert(payload);
    if (with_fmtp.count(payload) == 0) result += "a=fmtp:" + payload + " " + parameter + "\r\n";
  }
  return result;
}

}  // namespace

std::string with_start_bitrate(const std::string& offer, int kbps) {
  return with_parameter(offer, {"H264", "VP8"}, "x-google-start-bitrate=" + std::to_string(kbps));
}

std::string with_h264_profile(const std::string& offer) {
  return with_parameter(offer, {"H264"}, "profile-level-id=42e01f");
}

}  // namespace madoguchi::media
