// SPDX-License-Identifier: Apache-2.0
// Greeting and watching of the camera process, its frame memories and its back-off. On the daemon's loop.
#include "firmware/session/camera_process.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/log.hpp"

namespace madoguchi::session {

namespace asio = boost::asio;

CameraProcess::CameraProcess(asio::any_io_executor executor, Clock& clock, CameraProcessSettings settings,
                             Handlers handlers, Spawner spawner)
    : clock_(clock), settings_(std::move(settings)), handlers_(std::move(handlers)),
      lives_(executor, clock, {settings_.ready_within, settings_.hung_after}, settings_.gone_within,
             where_there_is_one(spawner ? std::move(spawner)
                                        : program_spawner(executor, settings_.program, settings_.environment)),
             {.begun = [this] { greet(); },
              .message = [this](const std::string& text) { hear(text); },
              .lost = [this](const Loss& loss) { lost(loss); },
              .changed =
                  [this] {
                    if (handlers_.on_alive_changed) handlers_.on_alive_changed();
                  },
              .stuck =
                  [this](pid_t) {
                    if (handlers_.on_stuck) handlers_.on_stuck();
                  }}) {}

/// Without a camera no process: the lamp would be lit for it.
Spawner CameraProcess::where_there_is_one(Spawner spawner) {
  return [this, spawner = std::move(spawner)]() -> Result<SpawnedChild> {
    failure_.clear();
    if (handlers_.find_device) hello_.device = handlers_.find_device();
    if (!hello_.device.empty()) return spawner();
    const protocol::CameraFailed failed{"unplugged", "no camera is plugged in"};
    failure_ = failed.code + ": " + failed.message;
    if (handlers_.on_failed) handlers_.on_failed(failed);
    return fail(Errc::not_found, "not started");
  };
}

void CameraProcess::start(protocol::CameraHello hello) {
  hello_ = std::move(hello);
  hello_.first_frame_ms = static_cast<int>(settings_.ready_within.count() * 4 / 5);
  hello_.no_frame_ms = static_cast<int>(settings_.no_frame_after.count());
  hello_.same_frame_ms = static_cast<int>(settings_.same_frame_after.count());
  wanted_ = true;
  losses_ = 0;
  frames_.reset();
  ready_since_.reset();
  lives_.next(std::chrono::milliseconds(0));
}

void CameraProcess::hurry() {
  if (!wanted_) return;
  losses_ = 0;
  lives_.hurry();
}

asio::awaitable<void> CameraProcess::stop() {
  wanted_ = false;
  frames_.reset();
  ready_since_.reset();
  auto gone = lives_.until_gone();
  lives_.end();
  return gone;
}

const protocol::FrameMemory* CameraProcess::frames() const { return ready_since_ && frames_ ? &*frames_ : nullptr; }

void CameraProcess::greet() {
  // A memory for each life: a stuck process of before cannot draw into the pictures of now.
  auto memory = protocol::make_frame_memory(hello_.width, hello_.height);
  if (!memory) return lives_.present()->break_off(memory.error().message);
  frames_ = std::move(*memory);
  const std::array<int, 1> fds = {frames_->writable.get()};
  // A failure shows as its death or as silence.
  (void)lives_.present()->send(protocol::encode(protocol::ToCamera(hello_)), fds);
  frames_->writable.reset();
  log::info("camera-started", {{"life", lives_.count()}, {"device", hello_.device}});
}

void CameraProcess::hear(const std::string& text) {
  auto message = protocol::decode_from_camera(text);
  if (!message) return lives_.present()->break_off(message.error().message);
  if (const auto* ready = std::get_if<protocol::CameraReady>(&*message)) {
    if (ready_since_) return lives_.present()->break_off("it said Ready twice");
    if (!frames_) return;  // being broken off already
    ready_since_ = clock_.boot();
    mode_ = ready->mode;
    lives_.present()->is_ready();
    log::info("camera-ready", {{"life", lives_.count()}, {"mode", mode_}});
    if (handlers_.on_ready) handlers_.on_ready(*ready, *frames_);
  } else if (const auto* failed = std::get_if<protocol::CameraFailed>(&*message)) {
    failure_ = failed->code + ": " + failed->message;
    if (handlers_.on_failed) handlers_.on_failed(*failed);
  } else if (const auto* seen = std::get_if<protocol::CameraDark>(&*message)) {
    if (handlers_.on_dark) handlers_.on_dark(seen->dark);
  }
}

void CameraProcess::lost(const Loss& loss) {
  Loss told = loss;
  if (!failure_.empty()) told.words = failure_ + " (" + loss.words + ")";
  log::warning("camera-lost", {{"life", lives_.count()}, {"reason", name(told.reason)}, {"words", told.words}});
  lives_.next(back_off());
  frames_.reset();
  ready_since_.reset();
  mode_.clear();
  if (handlers_.on_lost) handlers_.on_lost(told);
}

std::chrono::milliseconds CameraProcess::back_off() {
  if (ready_since_ && clock_.boot() - *ready_since_ >= settings_.steady_after) losses_ = 0;
  const auto delay = settings_.back_off[std::min(losses_, settings_.back_off.size() - 1)];
  ++losses_;
  return delay;
}

}  // namespace madoguchi::session
