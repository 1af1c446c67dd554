// SPDX-License-Identifier: Apache-2.0
// The camera: which one, what its process says of it, and what to do about one whose driver hangs. On the daemon's loop.
#include "base/log.hpp"
#include "board/linux/usb_reset.hpp"
#include "firmware/box.hpp"

namespace madoguchi {

using namespace std::chrono_literals;

namespace {

const FaultSource kCamera{FaultSource::Kind::device, "camera"};

/// The faults of a camera process that ended; a new picture takes them back, but for a frozen one: that takes its time to
/// be seen again.
constexpr Fault kCameraFaults[] = {Fault::camera_dead,   Fault::camera_hung,       Fault::camera_busy,
                                   Fault::camera_silent, Fault::camera_permission, Fault::camera_unplugged,
                                   Fault::camera_broken, Fault::camera_stuck,      Fault::camera_dark};

Fault camera_fault(const protocol::CameraFailed& failed) {
  if (failed.code == "busy") return Fault::camera_busy;
  if (failed.code == "permission") return Fault::camera_permission;
  if (failed.code == "unplugged") return Fault::camera_unplugged;
  if (failed.code == "hung") return Fault::camera_hung;
  if (failed.code == "silent") return Fault::camera_silent;
  if (failed.code == "frozen") return Fault::camera_frozen;
  return Fault::camera_broken;
}

}  // namespace

std::string Box::find_camera() {
  const std::string& device = config_.camera.device;
  if (device != "auto") {
    camera_found_ = {};
    camera_found_.node = camera_found_.name = device;
    return device;
  }
  const std::vector<board::Camera> cameras = board::list_cameras(roots_);
  const board::Camera* chosen = board::choose_camera(cameras, config_.camera_rules);
  if (chosen == nullptr) return {};
  camera_found_ = *chosen;
  return chosen->node;
}

void Box::watch_cameras() {
  const std::filesystem::path device = config_.camera.device;
  if (device == "simulated") return;
  const std::filesystem::path folder = device.is_absolute() ? device.parent_path() : roots_.dev;
  const std::string prefix = device.is_absolute() ? device.filename().native() : std::string("video");
  auto watch = board::NodeWatch::open(io_.get_executor(), folder, prefix, [this] {
    camera_.hurry();
    look_at_camera();
  });
  if (watch) camera_watch_ = std::move(*watch);
  else log::warning("camera-not-watched", {{"error", watch.error().message}});  // the back-off finds it, later
}

void Box::camera_ready(const protocol::CameraReady& ready) {
  if (!ready.landlock || !ready.seccomp) faults_.raise(Fault::sandbox_missing, kCamera);
  else faults_.clear(Fault::sandbox_missing, kCamera);
  for (const Fault fault : kCameraFaults) faults_.clear(fault, kCamera);
  camera_steady_.after(config_.camera_process.same_frame_after + 1s,
                       [this] { faults_.clear(Fault::camera_frozen, kCamera); });
  camera_words_.clear();
  attach_frames();
  runner_.dispatch(session::CameraUp{});
}

void Box::camera_failed(const protocol::CameraFailed& failed) {
  camera_reason_ = camera_fault(failed);
  camera_words_ = failed.message;
  if (*camera_reason_ == Fault::camera_busy) {
    const std::string whose = board::words(board::holders_of(camera_found_.node, roots_));
    if (!whose.empty()) camera_words_ += "; it is in use by " + whose;
  }
  log::notice("camera-failed", {{"code", failed.code}, {"error", camera_words_}});
}

void Box::camera_lost(const session::Loss& loss) {
  to_media(protocol::FramesDetach{protocol::kRoomCamera});
  camera_steady_.clear();
  const Fault usual = loss.reason == session::Loss::hung ? Fault::camera_hung : Fault::camera_dead;
  const Fault fault = camera_reason_.value_or(usual);
  if (!camera_reason_) camera_words_ = loss.words;
  camera_reason_.reset();
  // The reason of now, not those of tries before: a camera that hung and was then pulled out is unplugged.
  for (const Fault other : kCameraFaults) {
    if (other != fault && other != Fault::camera_stuck) faults_.clear(other, kCamera);
  }
  faults_.raise(fault, kCamera);
  runner_.dispatch(session::CameraLost{fault});
}

void Box::camera_dark(bool dark) {
  if (dark) {
    faults_.raise(Fault::camera_dark, kCamera);
    runner_.dispatch(session::CameraLost{Fault::camera_dark});
  } else {
    faults_.clear(Fault::camera_dark, kCamera);
    runner_.dispatch(session::CameraUp{});
  }
}

void Box::camera_stuck() {
  faults_.raise(Fault::camera_stuck, kCamera);
  if (!camera_found_.usb || camera_found_.usb_path.empty()) return;
  const auto asked = board::ask_usb_reset(config_.box.socket.parent_path(), camera_found_.usb_path);
  if (asked) log::warning("usb-reset-asked", {{"port", camera_found_.usb_path}});
  else log::error("usb-reset-not-asked", {{"error", asked.error().message}});
}

void Box::clear_camera_faults() {
  camera_steady_.clear();
  camera_words_.clear();
  for (const Fault fault : kCameraFaults) faults_.clear(fault, kCamera);
  faults_.clear(Fault::camera_frozen, kCamera);
}

json::bj::object Box::camera_status() const {
  json::bj::object status{{"lives", camera_.lives()}, {"device", config_.camera.device}};
  const auto pids = camera_.pids();
  status["pid"] = pids.empty() ? 0 : pids.back();
  status["name"] = camera_found_.name;
  status["mode"] = camera_.mode();
  status["error"] = camera_words_;
  return status;
}

}  // namespace madoguchi
