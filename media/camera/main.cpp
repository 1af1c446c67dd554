// SPDX-License-Identifier: Apache-2.0
// madoguchi-camera: the only process that touches a camera, one for each open camera. One thread, one loop: a driver that
// blocks stops the heartbeats, and the daemon then replaces this process; a camera that gives no pictures, or none that are
// good, is told in words. Until the sandbox closes, only the daemon's hello is read. Ends when its channel closes.
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <variant>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/sandbox.hpp"
#include "base/seqpacket.hpp"
#include "media/camera/picture_watch.hpp"
#include "media/camera/source.hpp"
#include "media/frames.hpp"

namespace {

using namespace madoguchi;
using namespace madoguchi::protocol;

constexpr int kOk = 0, kCameraFailed = 2, kProtocol = 3, kSandbox = 4;

/// False: the daemon is gone. A daemon that does not read just now misses a heartbeat.
bool say(const FromCamera& message) {
  auto sent = send_message(kChannelFd, encode(message));
  return sent.has_value() || sent.error().code == Errc::busy;
}

int give_up(const CameraFailed& failed) {
  log::error("camera-failed", {{"code", failed.code}, {"message", failed.message}});
  say(failed);
  return kCameraFailed;
}

/// The next message; nullopt: the daemon has closed. Waits for it.
Result<std::optional<Message>> wait_for_message() {
  for (;;) {
    auto message = receive_message(kChannelFd);
    if (message || message.error().code != Errc::busy) return message;
    pollfd channel{kChannelFd, POLLIN, 0};
    if (::poll(&channel, 1, -1) < 0 && errno != EINTR) return fail(errno_error("waiting for the daemon", errno));
  }
}

/// True: go on. A closed channel and Quit end the program.
Result<bool> hear() {
  auto message = receive_message(kChannelFd);
  if (!message) {
    if (message.error().code == Errc::busy) return true;
    return fail(message.error());
  }
  if (!message->has_value()) return false;
  auto decoded = decode_to_camera((*message)->text);
  if (!decoded) return fail(decoded.error());
  if (std::holds_alternative<Quit>(*decoded)) return false;
  return fail(Errc::protocol, "a second hello");
}

std::chrono::nanoseconds since_start() { return std::chrono::nanoseconds(monotonic_ns()); }

class Film {
 public:
  Film(const CameraHello& hello, camera::CameraSource& source, FrameWriter& frames, const SandboxReport& sandbox)
      : hello_(hello), source_(source), frames_(frames), sandbox_(sandbox), watch_(hello.width, hello.height),
        good_at_(since_start()), beat_at_(good_at_) {}

  int run() {
    for (;;) {
      pollfd waits[] = {{kChannelFd, POLLIN, 0}, {source_.descriptor(), POLLIN, 0}};
      if (::poll(waits, 2, static_cast<int>(kTick.count())) < 0 && errno != EINTR) {
        return give_up({"broken", errno_error("waiting for a picture", errno).message});
      }
      if (waits[0].revents != 0) {
        auto more = hear();
        if (!more) {
          log::error("camera-channel", {{"error", more.error().message}});
          return kProtocol;
        }
        if (!*more) return kOk;
      }
      if (waits[1].revents != 0) {
        if (const auto failed = look()) return give_up(*failed);
      }
      if (const auto failed = overdue()) return give_up(*failed);
      if (!beat()) return kOk;
    }
  }

 private:
  static constexpr std::chrono::milliseconds kTick{50};

  std::optional<CameraFailed> look() {
    const auto room = frames_.begin();
    auto taken = source_.take(room);
    if (!taken) return taken.error();
    if (!taken->has_value()) return std::nullopt;
    frames_.publish(**taken);
    good_at_ = since_start();
    watch_.see(room, good_at_);
    if (!ready_) {
      ready_ = true;
      beat_at_ = good_at_ + kHeartbeatEvery;
      gone_ = !say(CameraReady{kVersion, hello_.width, hello_.height, hello_.fps, sandbox_.landlock, sandbox_.seccomp,
                               source_.mode()});
    }
    if (watch_.dark() != dark_) {
      dark_ = watch_.dark();
      gone_ = gone_ || !say(CameraDark{dark_});
    }
    return std::nullopt;
  }

  /// A slow camera is given three of its pictures' time.
  std::optional<CameraFailed> overdue() {
    const auto no_frame = std::max<std::chrono::nanoseconds>(std::chrono::milliseconds(hello_.no_frame_ms),
                                                             std::chrono::seconds(3) / hello_.fps);
    const auto allowed = ready_ ? no_frame : std::chrono::milliseconds(hello_.first_frame_ms);
    if (since_start() - good_at_ > allowed) {
      if (source_.spoilt() > 1) return CameraFailed{"broken", "what the camera gives are no pictures"};
      return CameraFailed{"silent", "the camera is open and gives no pictures"};
    }
    if (ready_ && watch_.same_for() > std::chrono::milliseconds(hello_.same_frame_ms)) {
      return CameraFailed{"frozen", "the camera gives the same picture again and again"};
    }
    return std::nullopt;
  }

  /// Apart from the pictures: a camera that gives none is another fault than a process that hangs.
  bool beat() {
    const auto now = since_start();
    if (gone_ || !ready_ || now < beat_at_) return !gone_;
    ++heartbeat_.count;
    beat_at_ = std::max(beat_at_ + kHeartbeatEvery, now);
    return say(heartbeat_);
  }

  const CameraHello& hello_;
  camera::CameraSource& source_;
  FrameWriter& frames_;
  const SandboxReport& sandbox_;
  camera::PictureWatch watch_;
  Heartbeat heartbeat_;
  bool ready_ = false, dark_ = false, gone_ = false;
  std::chrono::nanoseconds good_at_, beat_at_;
};

}  // namespace

int main() {
  ::tzset();  // the picture's clock shows local time, and the zone's file is out of reach in the sandbox
  log::set_program("camera");
  auto first = wait_for_message();
  if (!first) {
    log::error("camera-channel",
               {{"error", first.error().message}, {"hint", "this program is started by madoguchid, not by hand"}});
    return kProtocol;
  }
  if (!first->has_value()) return kOk;
  auto message = decode_to_camera((*first)->text);
  if (message && std::holds_alternative<Quit>(*message)) return kOk;
  if (!message || (*first)->fds.size() != 1) {
    log::error("camera-hello", {{"error", message ? "it needs one descriptor" : message.error().message}});
    return kProtocol;
  }
  const auto hello = std::get<CameraHello>(*message);
  // The node is opened first: afterwards no file can be. An open that blocks is seen by the daemon, which waits for Ready.
  auto node = camera::open_device(hello);
  auto sandbox = enter_sandbox(Sandbox{});
  if (!sandbox) {
    log::error("camera-sandbox", {{"error", sandbox.error().message}});
    return kSandbox;
  }
  if (!node) return give_up(node.error());
  auto source = camera::open_source(hello, std::move(*node));
  if (!source) return give_up(source.error());
  auto frames = FrameWriter::open((*first)->fds[0].get(), hello.width, hello.height);
  if (!frames) return give_up({"broken", frames.error().message});
  (*first)->fds.clear();
  return Film(hello, **source, *frames, *sandbox).run();
}
