// SPDX-License-Identifier: Apache-2.0
// What the daemon and its media and camera children say to each other: JSON objects {"type": ..., ...}, one a packet, of
// at most 128 KiB, over the SOCK_SEQPACKET that each child inherits as descriptor kChannelFd. The only header of this
// room that firmware/ includes; no GStreamer in it.
//
// A child restricts itself, says Ready within 5 s, then a Heartbeat each 250 ms; silent for 1 s = hung = replaced.
// Every leg message bears (leg, epoch); a child drops those of an epoch that it does not know.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace madoguchi::protocol {

inline constexpr int kVersion = 5;
inline constexpr int kChannelFd = 3;
inline constexpr std::chrono::milliseconds kHeartbeatEvery{250};
inline constexpr std::chrono::milliseconds kHungAfter{1000};
inline constexpr std::chrono::milliseconds kReadyWithin{5000};

/// Direction as seen from the box: publish sends the room out (WHIP), play brings the far end in (WHEP).
enum class Direction { publish, play };
std::string_view name(Direction direction);

struct LegKey {
  std::uint32_t leg = 0;    ///< small number that the session chose
  std::uint32_t epoch = 0;  ///< counts the attempts of that leg; never reused while the child lives
  bool operator==(const LegKey&) const = default;
};

struct IceServer {
  std::string url;  ///< "stun:host:port" or "turn:user:password@host:port" parts as below
  std::string username;
  std::string credential;
};

// ---- daemon to media -------------------------------------------------------------------------------------------------

/// First message to media; Ready answers it.
struct MediaHello {
  int version = kVersion;
  std::string microphone = "simulated";  ///< "simulated" (a tone), "silent"; later "alsa:..."
  std::string speaker = "simulated";     ///< "simulated" (measures what it would play), "none"; later "alsa:..."
  std::string screen = "simulated";      ///< "simulated" (composed in memory, for screenshots), "window" (demo), "none"
  double tone_hz = 440.0;                ///< of the simulated microphone
  int screen_width = 1280, screen_height = 720;
  int width = 1280, height = 720, fps = 30;
  int video_kbps = 1500;
  std::vector<std::string> codecs = {"h264", "vp8"};  ///< in order of preference
  double chime_volume = 1.0;                          ///< 0 (no chime sounds) to 1
  bool loopback = false;                              ///< gather 127.0.0.1 too (tests and the demo)
};

/// What a card says in one language.
struct CardText {
  std::string lang;                ///< "ja": lines break between phrases; "easy", "en": at spaces
  std::string title;               ///< large
  std::vector<std::string> lines;  ///< below it, at most 6
};

/// What the screen shows; media lays it out, and ticks what moves by its own clocks. Full state, replaces what was there.
struct ShowCard {
  std::string code;                ///< name of the card, e.g. "ready"; for logs and status
  std::vector<CardText> texts;     ///< the first in full; of the others the title, at the foot
  std::string tone;                ///< "calm", "busy", "good", "trouble": the background
  bool over_picture = false;       ///< true: a banner at the foot of the far side's picture instead of a full card
  bool self_view = false;          ///< over the picture: what is sent of the room, mirrored, in the corner
  std::string hall;                ///< at the head of a full card, "" = none
  std::string clock;               ///< the time of day on a full card: "", "small" at its head, "large"
  std::string date;                ///< below a large clock
  int utc_offset_minutes = 0;      ///< of the clock
  std::int64_t since_ms = 0;       ///< on the boot clock: from when on seconds are counted, 0 = not
  std::string seconds;             ///< how they are said: "{seconds} s"
  std::string minutes;             ///< from a minute on: "{minutes} min {seconds} s"
  std::int64_t held_since_ms = 0;  ///< on the boot clock: a finger holds the button down, a ring fills; 0 = none does
  int hold_ms = 0;                 ///< until the ring is full
  std::string chime;   ///< "", or "press", "connected", "ended", "trouble", "ready", "hold": played once, with the card
  std::string repeat;  ///< a chime that sounds every `repeat_ms` while the card stands, "" = none
  int repeat_ms = 0;
};

/// The simulated or real microphone starts or stops being read.
struct SetMicrophone {
  bool open = false;
};

/// Black and silence before the encoders, at once.
struct SetMute {
  bool muted = false;
};

/// The camera that films the room and is sent. Others (a document camera) have names of their own.
inline constexpr const char* kRoomCamera = "room";

/// Comes with one descriptor: the camera's frame memory, read-only. Media draws from it until FramesDetach of that camera.
struct FramesAttach {
  std::string camera;
  int width = 0, height = 0;
};
struct FramesDetach {
  std::string camera;
};

/// Make a peer and an offer with all candidates gathered (at most 300 ms); Offered or LegFailed answers.
struct MakeOffer {
  LegKey key;
  Direction direction{};
  std::vector<IceServer> ice_servers;
};
struct ApplyAnswer {
  LegKey key;
  std::string sdp;
};
/// Take the peer down; its UDP sockets are closed when Dropped comes.
struct DropLeg {
  LegKey key;
};

/// Comes with one writable descriptor; a PNG of what the screen shows is written to it, Screenshot answers.
struct TakeScreenshot {
  std::uint32_t id = 0;
};

/// SpeakerMeasured answers.
struct MeasureSpeaker {
  std::uint32_t id = 0;
};

struct Quit {};

using ToMedia = std::variant<MediaHello, ShowCard, SetMicrophone, SetMute, FramesAttach, FramesDetach, MakeOffer,
                             ApplyAnswer, DropLeg, TakeScreenshot, MeasureSpeaker, Quit>;

// ---- media to daemon -------------------------------------------------------------------------------------------------

struct Ready {
  int version = kVersion;
  bool landlock = false;  ///< false: the fault sandbox-missing
  bool seccomp = false;
  std::vector<std::string> encoders;  ///< the usable ones, in order of use, e.g. "x264enc", "openh264enc", "vp8enc"
};

struct Heartbeat {
  std::uint64_t count = 0;
};

struct Offered {
  LegKey key;
  std::string sdp;
};

enum class LegFailure {
  offer,          ///< no peer or offer could be made
  answer,         ///< not SDP, or webrtcbin refused it
  inactive,       ///< the answer rejects everything we need (inactive, or port 0)
  not_connected,  ///< ICE or DTLS failed, or the peer closed
  fingerprint,    ///< the far end's certificate is not the one that the answer promised
  codec,          ///< encoder or decoder broke
};
std::string_view name(LegFailure failure);

struct LegFailed {
  LegKey key;
  LegFailure failure{};
  std::string message;
};
/// The answer said a=setup:actpass, which is illegal; it was taken as active.
struct AnswerRepaired {
  LegKey key;
};
struct Connected {  ///< ICE and DTLS are up, to whom the answer promised
  LegKey key;
};
struct FirstRtp {  ///< publish: the first RTP packet went out
  LegKey key;
};
struct FirstFrame {  ///< play: the first picture was decoded
  LegKey key;
  int width = 0, height = 0;
};
struct Dropped {
  LegKey key;
};

/// Each second for each leg.
struct LegStats {
  LegKey key;
  // -1: none yet.
  std::int64_t media_age_ms = -1;    ///< play: since the last inbound RTP; publish: since the last feedback
  std::int64_t sound_age_ms = -1;    ///< play: since the last inbound RTP of sound
  std::int64_t picture_age_ms = -1;  ///< play: since the last decoded picture
  std::uint64_t frames = 0;          ///< play: decoded; publish: encoded
  // play: packets that came, in time or when asked for again, and that never did.
  std::uint64_t sound_packets = 0, sound_lost = 0;
  std::uint64_t picture_packets = 0, picture_lost = 0;
  std::uint64_t bytes = 0;
  int width = 0, height = 0;
  std::string codec;  ///< "h264", "vp8", "" before it is known
};
/// Each second.
struct RoomStats {
  bool microphone_open = false;
  std::uint64_t camera_frames = 0;  ///< read from the frame memory since FramesAttach
};

struct SpeakerMeasured {
  std::uint32_t id = 0;
  double level_db = -100.0;  ///< RMS of what the speaker was given over the last quarter of a second, dBFS
  double hz = 0.0;           ///< its strongest frequency; 0 below -60 dBFS
};

struct Screenshot {
  std::uint32_t id = 0;
  std::string error;          ///< "" when the PNG is complete
  bool shows_people = false;  ///< a camera's or a far side's picture is in it
};

using FromMedia = std::variant<Ready, Heartbeat, Offered, LegFailed, AnswerRepaired, Connected, FirstRtp, FirstFrame,
                               Dropped, LegStats, RoomStats, SpeakerMeasured, Screenshot>;

// ---- daemon and camera -----------------------------------------------------------------------------------------------

/// First message to the camera; comes with one descriptor: the frame memory (writable, sealed against resizing). CameraReady
/// answers once the first frame is written.
struct CameraHello {
  int version = kVersion;
  std::string device = "simulated";  ///< "simulated" (moving picture with a running clock), an absolute path, "": none
  int width = 1280, height = 720, fps = 30;
  int first_frame_ms = 4000;   ///< the camera gives up ("silent") when its first picture takes longer
  int no_frame_ms = 1000;      ///< or a later one ("silent", or "broken" when what comes is no picture)
  int same_frame_ms = 10'000;  ///< or all are the same ("frozen")
};
using ToCamera = std::variant<CameraHello, Quit>;

struct CameraReady {
  int version = kVersion;
  int width = 0, height = 0, fps = 0;
  bool landlock = false;
  bool seccomp = false;
  std::string mode = {};  ///< what is taken from the device: "MJPEG 1280x720 at 30"
};
/// Last words.
struct CameraFailed {
  std::string code;  ///< "busy", "permission", "unplugged", "hung", "broken", "silent", "frozen"
  std::string message;
};
/// The pictures turned dark (a covered lens, a room without light), or light again. They go on.
struct CameraDark {
  bool dark = false;
};
using FromCamera = std::variant<CameraReady, Heartbeat, CameraFailed, CameraDark>;

// ---- both ------------------------------------------------------------------------------------------------------------

std::string encode(const ToMedia& message);
std::string encode(const FromMedia& message);
std::string encode(const ToCamera& message);
std::string encode(const FromCamera& message);

/// Errc::protocol names what is wrong: unknown type, missing or mistyped member, wrong version in a first message.
Result<ToMedia> decode_to_media(std::string_view text);
Result<FromMedia> decode_from_media(std::string_view text);
Result<ToCamera> decode_to_camera(std::string_view text);
Result<FromCamera> decode_from_camera(std::string_view text);

// ---- frame memory ----------------------------------------------------------------------------------------------------
// A memfd: FrameHeader, then kFrameSlots slots of I420. The camera fills the slot that is not the latest, then publishes
// it. The latest frame wins.

inline constexpr int kFrameSlots = 4;

/// Bytes of one I420 frame with even width and height.
constexpr std::size_t frame_bytes(int width, int height) {
  return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3 / 2;
}

struct FrameMemory {
  UniqueFd writable;
  UniqueFd readable;  ///< the same memory, opened read-only
};
/// Made and sealed (no shrink, no grow) by the daemon. Errc::invalid for odd or absurd sizes.
Result<FrameMemory> make_frame_memory(int width, int height);

}  // namespace madoguchi::protocol
