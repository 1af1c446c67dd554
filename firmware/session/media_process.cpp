// SPDX-License-Identifier: Apache-2.0
// Greeting and watching of the media process, and how soon a dead one is followed. On the daemon's loop.
#include "firmware/session/media_process.hpp"

#include <utility>
#include <variant>

#include "base/log.hpp"

namespace madoguchi::session {

namespace asio = boost::asio;

MediaProcess::MediaProcess(asio::any_io_executor executor, Clock& clock, MediaProcessSettings settings,
                           protocol::MediaHello hello, Handlers handlers, Spawner spawner)
    : clock_(clock), settings_(std::move(settings)), hello_(std::move(hello)), handlers_(std::move(handlers)),
      lives_(executor, clock, {settings_.ready_within, settings_.hung_after}, settings_.gone_within,
             spawner ? std::move(spawner) : program_spawner(executor, settings_.program, settings_.environment),
             {.begun =
                  [this] {
                    log::info("media-started", {{"life", lives_.count()}});
                    // A failure shows as its death or as silence.
                    (void)lives_.present()->send(protocol::encode(protocol::ToMedia(hello_)));
                  },
              .message = [this](const std::string& text) { hear(text); },
              .lost = [this](const Loss& loss) { lost(loss); },
              .changed = [] {}}) {}

void MediaProcess::start() {
  if (wanted_) return;
  wanted_ = true;
  lives_.next(std::chrono::milliseconds(0));
}

void MediaProcess::replace() {
  if (!wanted_ || slowed_) return;  // slowed: a fresh one is on its way
  ready_ = false;
  lives_.next(std::chrono::milliseconds(0));
}

asio::awaitable<void> MediaProcess::stop() {
  wanted_ = ready_ = slowed_ = false;
  auto gone = lives_.until_gone();
  lives_.end();
  return gone;
}

Result<void> MediaProcess::send(const protocol::ToMedia& message, std::span<const int> fds) {
  if (!ready()) return fail(Errc::unreachable, "the media process is not ready");
  return lives_.present()->send(protocol::encode(message), fds);
}

void MediaProcess::hear(const std::string& text) {
  slowed_ = false;
  auto message = protocol::decode_from_media(text);
  if (!message) return lives_.present()->break_off(message.error().message);
  if (std::holds_alternative<protocol::Heartbeat>(*message)) return;
  if (const auto* ready = std::get_if<protocol::Ready>(&*message)) {
    if (ready_) return lives_.present()->break_off("it said Ready twice");
    ready_ = true;
    lives_.present()->is_ready();
    log::info("media-ready", {{"life", lives_.count()}});
    if (handlers_.on_ready) handlers_.on_ready(*ready);
    return;
  }
  if (!ready_) return lives_.present()->break_off("it spoke before it was ready");
  if (handlers_.on_message) handlers_.on_message(*message);
}

void MediaProcess::lost(const Loss& loss) {
  ready_ = false;
  log::warning("media-lost", {{"life", lives_.count()}, {"reason", name(loss.reason)}, {"words", loss.words}});
  deaths_.push_back(clock_.boot());
  while (deaths_.front() < clock_.boot() - settings_.deaths_window) deaths_.pop_front();
  slowed_ = deaths_.size() > settings_.deaths_at_once;
  lives_.next(slowed_ ? settings_.slow_retry : std::chrono::milliseconds(0));
  if (handlers_.on_lost) handlers_.on_lost(loss);
}

}  // namespace madoguchi::session
