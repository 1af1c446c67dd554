// SPDX-License-Identifier: Apache-2.0
// The channel as a GLib source. Main thread of the media process.
#include "media/link.hpp"

#include <glib-unix.h>

#include "base/log.hpp"
#include "base/seqpacket.hpp"

namespace madoguchi::media {

namespace {
using Work = std::function<void()>;
gboolean run(gpointer data) {
  (*static_cast<Work*>(data))();
  return G_SOURCE_REMOVE;
}
void forget(gpointer data) { delete static_cast<Work*>(data); }
}  // namespace

void post(std::function<void()> work) { g_idle_add_full(G_PRIORITY_DEFAULT, run, new Work(std::move(work)), forget); }

guint post_after(std::chrono::milliseconds delay, std::function<void()> work) {
  return g_timeout_add_full(G_PRIORITY_DEFAULT, static_cast<guint>(delay.count()), run, new Work(std::move(work)),
                            forget);
}

Link::Link(int channel, GMainLoop* loop, std::function<void(protocol::ToMedia, std::vector<UniqueFd>)> heard)
    : channel_(channel), loop_(loop), heard_(std::move(heard)) {
  readable_ = g_unix_fd_add(channel, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR), on_readable, this);
}

Link::~Link() {
  if (readable_ != 0) g_source_remove(readable_);
  if (beat_ != 0) g_source_remove(beat_);
}

void Link::say(const protocol::FromMedia& message) {
  const auto sent = send_message(channel_, protocol::encode(message));
  if (sent) return;
  log::error("channel-broken", {{"error", sent.error().message}});
  g_main_loop_quit(loop_);
}

void Link::start_heartbeat() {
  if (beat_ == 0) beat_ = g_timeout_add(static_cast<guint>(protocol::kHeartbeatEvery.count()), on_beat, this);
}

gboolean Link::on_beat(gpointer self) {
  auto& link = *static_cast<Link*>(self);
  link.say(protocol::Heartbeat{++link.beats_});
  return G_SOURCE_CONTINUE;
}

gboolean Link::on_readable(gint, GIOCondition, gpointer self) {
  auto& link = *static_cast<Link*>(self);
  for (;;) {
    auto received = receive_message(link.channel_);
    if (!received && received.error().code == Errc::busy) return G_SOURCE_CONTINUE;
    if (!received || !*received) break;
    auto message = protocol::decode_to_media((*received)->text);
    if (!message) {
      log::error("protocol-broken", {{"error", message.error().message}});
      break;
    }
    link.heard_(std::move(*message), std::move((*received)->fds));
  }
  link.readable_ = 0;
  g_main_loop_quit(link.loop_);
  return G_SOURCE_REMOVE;
}

}  // namespace madoguchi::media
