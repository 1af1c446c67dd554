// SPDX-License-Identifier: Apache-2.0
// madoguchi-camera: the only process that touches a camera, one for each open camera. One thread, one loop: whatever
// stops the pictures also stops the heartbeats, and the daemon then replaces this process. Ends when its channel closes.
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <variant>

#include "base/log.hpp"
#include "base/sandbox.hpp"
#include "base/seqpacket.hpp"
#include "media/camera/source.hpp"
#include "media/frames.hpp"

namespace {

using namespace madoguchi;
using namespace madoguchi::protocol;

constexpr int kOk = 0, kCameraFailed = 2, kProtocol = 3, kSandbox = 4;
constexpr std::int64_t kNanosPerMs = 1'000'000;

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

int film(const CameraHello& hello, camera::CameraSource& source, FrameWriter& frames, const SandboxReport& sandbox) {
  Heartbeat heartbeat;
  bool ready = false;
  std::int64_t beat_at = 0;
  const std::int64_t every = std::chrono::nanoseconds(kHeartbeatEvery).count();
  for (;;) {
    pollfd waits[] = {{kChannelFd, POLLIN, 0}, {source.descriptor(), POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) {
      if (errno == EINTR) continue;
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
    if (waits[1].revents == 0) continue;
    auto taken = source.take(frames.begin());
    if (!taken) return give_up(taken.error());
    if (!taken->has_value()) continue;
    frames.publish(**taken);

    const std::int64_t now = monotonic_ns();
    if (!ready) {
      ready = true;
      if (!say(CameraReady{kVersion, hello.width, hello.height, hello.fps, sandbox.landlock, sandbox.seccomp}))
        return kOk;
      beat_at = now + every;
    } else if (now + 2 * kNanosPerMs >= beat_at) {  // pictures jitter: don't miss a beat by a hair
      ++heartbeat.count;
      if (!say(heartbeat)) return kOk;
      beat_at = std::max(beat_at + every, now);
    }
  }
}

}  // namespace

int main() {
  ::tzset();  // the picture's clock shows local time, and the zone's file is out of reach in the sandbox
  log::set_program("camera");
  auto sandbox = enter_sandbox(Sandbox{});
  if (!sandbox) {
    log::error("camera-sandbox", {{"error", sandbox.error().message}});
    return kSandbox;
  }

  auto first = wait_for_message();
  if (!first) {
    log::error("camera-channel",
               {{"error", first.error().message}, {"hint", "this program is started by madoguchid, not by hand"}});
    return kProtocol;
  }
  if (!first->has_value()) return kOk;
  auto message = decode_to_camera((*first)->text);
  if (message && std::holds_alternative<Quit>(*message)) return kOk;
  if (!message || (*first)->fds.size() != 2) {
    log::error("camera-hello", {{"error", message ? "it needs two descriptors" : message.error().message}});
    return kProtocol;
  }
  const auto hello = std::get<CameraHello>(*message);
  auto source = camera::open_source(hello);
  if (!source) return give_up(source.error());
  auto frames = FrameWriter::open((*first)->fds[0].get(), std::move((*first)->fds[1]), hello.width, hello.height);
  if (!frames) return give_up({"broken", frames.error().message});
  (*first)->fds.clear();
  return film(hello, **source, *frames, *sandbox);
}
