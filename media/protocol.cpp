// SPDX-License-Identifier: Apache-2.0
// The children's protocol as JSON. Each message lists its members once, for writing and for reading. No state, any
// thread; linked into the daemon, madoguchi-media and madoguchi-camera.
#include "media/protocol.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "base/json.hpp"
#include "base/seqpacket.hpp"

namespace madoguchi::protocol {

namespace bj = boost::json;

std::string_view name(Direction direction) {
  switch (direction) {
    case Direction::publish: return "publish";
    case Direction::play: return "play";
  }
  return "unknown";
}

std::string_view name(LegFailure failure) {
  switch (failure) {
    case LegFailure::offer: return "offer";
    case LegFailure::answer: return "answer";
    case LegFailure::inactive: return "inactive";
    case LegFailure::not_connected: return "not-connected";
    case LegFailure::fingerprint: return "fingerprint";
    case LegFailure::codec: return "codec";
  }
  return "unknown";
}

namespace {

// ---- the members of each message -------------------------------------------------------------------------------------
// V is Writer or Reader; V::Ref<T> is const T& or T&.

template <class V>
void fields(V& v, typename V::template Ref<LegKey> m) {
  v("leg", m.leg), v("epoch", m.epoch);
}
template <class V>
void fields(V& v, typename V::template Ref<IceServer> m) {
  v("url", m.url), v("username", m.username), v("credential", m.credential);
}
template <class V>
void fields(V& v, typename V::template Ref<MediaHello> m) {
  v.version(m.version);
  v("microphone", m.microphone), v("speaker", m.speaker), v("screen", m.screen), v("tone_hz", m.tone_hz);
  v("screen_width", m.screen_width), v("screen_height", m.screen_height);
  v("width", m.width), v("height", m.height), v("fps", m.fps), v("video_kbps", m.video_kbps);
  v("codecs", m.codecs), v("chime_volume", m.chime_volume), v("loopback", m.loopback);
}
template <class V>
void fields(V& v, typename V::template Ref<CardText> m) {
  v("lang", m.lang), v("title", m.title), v("lines", m.lines);
}
template <class V>
void fields(V& v, typename V::template Ref<ShowCard> m) {
  v("code", m.code), v("texts", m.texts), v("tone", m.tone), v("over_picture", m.over_picture);
  v("self_view", m.self_view), v("hall", m.hall), v("clock", m.clock), v("date", m.date);
  v("utc_offset_minutes", m.utc_offset_minutes), v("since_ms", m.since_ms), v("seconds", m.seconds);
  v("minutes", m.minutes), v("held_since_ms", m.held_since_ms), v("hold_ms", m.hold_ms);
  v("chime", m.chime), v("repeat", m.repeat), v("repeat_ms", m.repeat_ms);
}
template <class V>
void fields(V& v, typename V::template Ref<SetMicrophone> m) {
  v("open", m.open);
}
template <class V>
void fields(V& v, typename V::template Ref<SetMute> m) {
  v("muted", m.muted);
}
template <class V>
void fields(V& v, typename V::template Ref<FramesAttach> m) {
  v("camera", m.camera), v("width", m.width), v("height", m.height);
}
template <class V>
void fields(V& v, typename V::template Ref<FramesDetach> m) {
  v("camera", m.camera);
}
template <class V>
void fields(V& v, typename V::template Ref<MakeOffer> m) {
  fields(v, m.key), v("direction", m.direction), v("ice_servers", m.ice_servers);
}
template <class V>
void fields(V& v, typename V::template Ref<ApplyAnswer> m) {
  fields(v, m.key), v("sdp", m.sdp);
}
template <class V>
void fields(V& v, typename V::template Ref<DropLeg> m) {
  fields(v, m.key);
}
template <class V>
void fields(V& v, typename V::template Ref<TakeScreenshot> m) {
  v("id", m.id);
}
template <class V>
void fields(V& v, typename V::template Ref<MeasureSpeaker> m) {
  v("id", m.id);
}
template <class V>
void fields(V&, typename V::template Ref<Quit>) {}

template <class V>
void fields(V& v, typename V::template Ref<Ready> m) {
  v.version(m.version), v("landlock", m.landlock), v("seccomp", m.seccomp), v("encoders", m.encoders);
}
template <class V>
void fields(V& v, typename V::template Ref<Heartbeat> m) {
  v("count", m.count);
}
template <class V>
void fields(V& v, typename V::template Ref<Offered> m) {
  fields(v, m.key), v("sdp", m.sdp);
}
template <class V>
void fields(V& v, typename V::template Ref<LegFailed> m) {
  fields(v, m.key), v("failure", m.failure), v("message", m.message);
}
template <class V>
void fields(V& v, typename V::template Ref<AnswerRepaired> m) {
  fields(v, m.key);
}
template <class V>
void fields(V& v, typename V::template Ref<Connected> m) {
  fields(v, m.key);
}
template <class V>
void fields(V& v, typename V::template Ref<FirstRtp> m) {
  fields(v, m.key);
}
template <class V>
void fields(V& v, typename V::template Ref<FirstFrame> m) {
  fields(v, m.key), v("width", m.width), v("height", m.height);
}
template <class V>
void fields(V& v, typename V::template Ref<Dropped> m) {
  fields(v, m.key);
}
template <class V>
void fields(V& v, typename V::template Ref<LegStats> m) {
  fields(v, m.key);
  v("media_age_ms", m.media_age_ms), v("sound_age_ms", m.sound_age_ms), v("picture_age_ms", m.picture_age_ms);
  v("frames", m.frames), v("sound_packets", m.sound_packets), v("sound_lost", m.sound_lost);
  v("picture_packets", m.picture_packets), v("picture_lost", m.picture_lost);
  v("bytes", m.bytes), v("width", m.width), v("height", m.height), v("codec", m.codec);
}
template <class V>
void fields(V& v, typename V::template Ref<RoomStats> m) {
  v("microphone_open", m.microphone_open), v("camera_frames", m.camera_frames);
}
template <class V>
void fields(V& v, typename V::template Ref<SpeakerMeasured> m) {
  v("id", m.id), v("level_db", m.level_db), v("hz", m.hz);
}
template <class V>
void fields(V& v, typename V::template Ref<Screenshot> m) {
  v("id", m.id), v("error", m.error), v("shows_people", m.shows_people);
}

template <class V>
void fields(V& v, typename V::template Ref<CameraHello> m) {
  v.version(m.version), v("device", m.device), v("width", m.width), v("height", m.height), v("fps", m.fps);
  v("first_frame_ms", m.first_frame_ms), v("no_frame_ms", m.no_frame_ms), v("same_frame_ms", m.same_frame_ms);
}
template <class V>
void fields(V& v, typename V::template Ref<CameraReady> m) {
  v.version(m.version), v("width", m.width), v("height", m.height), v("fps", m.fps), v("mode", m.mode);
  v("landlock", m.landlock), v("seccomp", m.seccomp);
}
template <class V>
void fields(V& v, typename V::template Ref<CameraFailed> m) {
  v("code", m.code), v("message", m.message);
}
template <class V>
void fields(V& v, typename V::template Ref<CameraDark> m) {
  v("dark", m.dark);
}

// ---- type names ------------------------------------------------------------------------------------------------------

template <class T>
constexpr std::string_view kType = "";
template <>
constexpr std::string_view kType<MediaHello> = "media-hello";
template <>
constexpr std::string_view kType<ShowCard> = "show-card";
template <>
constexpr std::string_view kType<SetMicrophone> = "set-microphone";
template <>
constexpr std::string_view kType<SetMute> = "set-mute";
template <>
constexpr std::string_view kType<FramesAttach> = "frames-attach";
template <>
constexpr std::string_view kType<FramesDetach> = "frames-detach";
template <>
constexpr std::string_view kType<MakeOffer> = "make-offer";
template <>
constexpr std::string_view kType<ApplyAnswer> = "apply-answer";
template <>
constexpr std::string_view kType<DropLeg> = "drop-leg";
template <>
constexpr std::string_view kType<TakeScreenshot> = "take-screenshot";
template <>
constexpr std::string_view kType<MeasureSpeaker> = "measure-speaker";
template <>
constexpr std::string_view kType<Quit> = "quit";
template <>
constexpr std::string_view kType<Ready> = "ready";
template <>
constexpr std::string_view kType<Heartbeat> = "heartbeat";
template <>
constexpr std::string_view kType<Offered> = "offered";
template <>
constexpr std::string_view kType<LegFailed> = "leg-failed";
template <>
constexpr std::string_view kType<AnswerRepaired> = "answer-repaired";
template <>
constexpr std::string_view kType<Connected> = "connected";
template <>
constexpr std::string_view kType<FirstRtp> = "first-rtp";
template <>
constexpr std::string_view kType<FirstFrame> = "first-frame";
template <>
constexpr std::string_view kType<Dropped> = "dropped";
template <>
constexpr std::string_view kType<LegStats> = "leg-stats";
template <>
constexpr std::string_view kType<RoomStats> = "room-stats";
template <>
constexpr std::string_view kType<SpeakerMeasured> = "speaker-measured";
template <>
constexpr std::string_view kType<Screenshot> = "screenshot";
template <>
constexpr std::string_view kType<CameraHello> = "camera-hello";
template <>
constexpr std::string_view kType<CameraReady> = "camera-ready";
template <>
constexpr std::string_view kType<CameraFailed> = "camera-failed";
template <>
constexpr std::string_view kType<CameraDark> = "camera-dark";

// ---- writing ---------------------------------------------------------------------------------------------------------

struct Writer {
  template <class T>
  using Ref = const T&;
  bj::object object;

  void version(int value) { object["version"] = value; }
  void operator()(std::string_view key, const std::string& value) { object[key] = value; }
  void operator()(std::string_view key, bool value) { object[key] = value; }
  void operator()(std::string_view key, double value) {  // JSON has no infinities
    object[key] = std::isnan(value) ? 0.0 : std::clamp(value, -1e9, 1e9);
  }
  template <class T>
    requires std::is_integral_v<T>
  void operator()(std::string_view key, T value) { object[key] = value; }
  template <class E>
    requires std::is_enum_v<E>
  void operator()(std::string_view key, E value) { object[key] = name(value); }
  void operator()(std::string_view key, const std::vector<std::string>& values) {
    bj::array array;
    for (const std::string& value : values) array.emplace_back(value);
    object[key] = std::move(array);
  }
  template <class T>
    requires std::is_class_v<T>
  void operator()(std::string_view key, const std::vector<T>& values) {
    bj::array array;
    for (const T& value : values) {
      Writer inner;
      fields(inner, value);
      array.emplace_back(std::move(inner.object));
    }
    object[key] = std::move(array);
  }
};

template <class Messages>
std::string write(const Messages& message) {
  return std::visit(
      [](const auto& m) {
        using M = std::decay_t<decltype(m)>;
        static_assert(!kType<M>.empty());
        Writer writer;
        writer.object["type"] = kType<M>;
        fields(writer, m);
        return std::string(bj::serialize(writer.object));
      },
      message);
}

// ---- reading ---------------------------------------------------------------------------------------------------------

struct Reader {
  template <class T>
  using Ref = T&;
  const bj::object& object;
  std::string problem{};  ///< the first one

  void complain(std::string_view key, std::string_view what) {
    if (problem.empty()) problem = fmt_member(key, what);
  }
  static std::string fmt_member(std::string_view key, std::string_view what) {
    return std::string("member \"").append(key).append("\" ").append(what);
  }
  const bj::value* find(std::string_view key) {
    const bj::value* value = object.if_contains(key);
    if (value == nullptr) complain(key, "is missing");
    return value;
  }

  void version(int& value) {
    (*this)("version", value);
    if (problem.empty() && value != kVersion) {
      complain("version", "is " + std::to_string(value) + ", this program speaks " + std::to_string(kVersion));
    }
  }
  void operator()(std::string_view key, std::string& to) {
    const bj::value* value = find(key);
    if (value == nullptr) return;
    if (const bj::string* text = value->if_string()) {
      to.assign(text->data(), text->size());
    } else {
      complain(key, "is not a string");
    }
  }
  void operator()(std::string_view key, bool& to) {
    const bj::value* value = find(key);
    if (value == nullptr) return;
    if (const bool* flag = value->if_bool()) {
      to = *flag;
    } else {
      complain(key, "is not true or false");
    }
  }
  void operator()(std::string_view key, double& to) {
    const bj::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_number()) return complain(key, "is not a number");
    const double number = value->to_number<double>();
    if (!std::isfinite(number)) return complain(key, "is not a finite number");
    to = number;
  }
  template <class T>
    requires std::is_integral_v<T>
  void operator()(std::string_view key, T& to) {
    const bj::value* value = find(key);
    if (value == nullptr) return;
    if (const std::int64_t* number = value->if_int64(); number != nullptr && std::in_range<T>(*number)) {
      to = static_cast<T>(*number);
    } else if (const std::uint64_t* large = value->if_uint64(); large != nullptr && std::in_range<T>(*large)) {
      to = static_cast<T>(*large);
    } else {
      complain(key, "is not a whole number in range");
    }
  }
  template <class E>
    requires std::is_enum_v<E>
  void operator()(std::string_view key, E& to) {
    std::string text;
    (*this)(key, text);
    if (!problem.empty()) return;
    for (int i = 0;; ++i) {
      const std::string_view known = name(static_cast<E>(i));
      if (known == "unknown") return complain(key, "has an unknown value");
      if (known == text) {
        to = static_cast<E>(i);
        return;
      }
    }
  }
  const bj::array* array(std::string_view key) {
    const bj::value* value = find(key);
    if (value == nullptr) return nullptr;
    if (value->is_array()) return value->if_array();
    complain(key, "is not a list");
    return nullptr;
  }
  void operator()(std::string_view key, std::vector<std::string>& to) {
    const bj::array* list = array(key);
    if (list == nullptr) return;
    to.clear();  // the defaults
    for (const bj::value& item : *list) {
      const bj::string* text = item.if_string();
      if (text == nullptr) return complain(key, "holds something that is not a string");
      to.emplace_back(text->data(), text->size());
    }
  }
  template <class T>
    requires std::is_class_v<T>
  void operator()(std::string_view key, std::vector<T>& to) {
    const bj::array* list = array(key);
    if (list == nullptr) return;
    to.clear();
    for (const bj::value& item : *list) {
      const bj::object* entry = item.if_object();
      if (entry == nullptr) return complain(key, "holds something that is not an object");
      Reader inner{*entry};
      fields(inner, to.emplace_back());
      if (!inner.problem.empty()) return complain(key, "holds an entry whose " + inner.problem);
    }
  }
};

template <class Messages, class M>
bool read_as(const std::string& type, const bj::object& object, Messages& to, std::string& problem) {
  if (type != kType<M>) return false;
  M message;
  Reader reader{object};
  fields(reader, message);
  problem = std::move(reader.problem);
  to = std::move(message);
  return true;
}

template <class... M>
Result<std::variant<M...>> read(std::string_view text, const std::variant<M...>*) {
  if (text.size() > kMaxMessage) {
    return fail(Errc::protocol,
                "a message of " + std::to_string(text.size()) + " bytes is longer than " + std::to_string(kMaxMessage));
  }
  auto object = json::parse_object(text);
  if (!object) return fail(Errc::protocol, "not a message: " + object.error().message);
  Reader head{*object};
  std::string type;
  head("type", type);
  if (!head.problem.empty()) return fail(Errc::protocol, head.problem);

  std::variant<M...> message;
  std::string problem;
  const bool known = (read_as<std::variant<M...>, M>(type, *object, message, problem) || ...);
  if (!known) return fail(Errc::protocol, "unknown message type \"" + type.substr(0, 40) + "\"");
  if (!problem.empty()) return fail(Errc::protocol, type + ": " + problem);
  return message;
}

template <class Messages>
Result<Messages> read(std::string_view text) {
  return read(text, static_cast<const Messages*>(nullptr));
}

}  // namespace

std::string encode(const ToMedia& message) { return write(message); }
std::string encode(const FromMedia& message) { return write(message); }
std::string encode(const ToCamera& message) { return write(message); }
std::string encode(const FromCamera& message) { return write(message); }

Result<ToMedia> decode_to_media(std::string_view text) { return read<ToMedia>(text); }
Result<FromMedia> decode_from_media(std::string_view text) { return read<FromMedia>(text); }
Result<ToCamera> decode_to_camera(std::string_view text) { return read<ToCamera>(text); }
Result<FromCamera> decode_from_camera(std::string_view text) { return read<FromCamera>(text); }

}  // namespace madoguchi::protocol
