// SPDX-License-Identifier: Apache-2.0
// The media process's end of the daemon's channel, on the GLib main loop; and the way for other threads to get there.
#pragma once

#include <glib.h>

#include <functional>

#include "media/protocol.hpp"

namespace madoguchi::media {

/// Runs `work` on the main loop, later. Any thread; the only way from a GStreamer callback to the process's state.
void post(std::function<void()> work);

/// Runs `work` on the main loop after a while, once. The result ends it early through g_source_remove.
guint post_after(std::chrono::milliseconds delay, std::function<void()> work);

class Link {
 public:
  /// Quits `loop` when the daemon has closed the channel or broke the protocol.
  Link(int channel, GMainLoop* loop, std::function<void(protocol::ToMedia, std::vector<UniqueFd>)> heard);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void say(const protocol::FromMedia& message);
  /// From now on a Heartbeat each 250 ms.
  void start_heartbeat();

 private:
  static gboolean on_readable(gint fd, GIOCondition condition, gpointer self);
  static gboolean on_beat(gpointer self);
  int channel_;
  GMainLoop* loop_;
  std::function<void(protocol::ToMedia, std::vector<UniqueFd>)> heard_;
  guint readable_ = 0;
  guint beat_ = 0;
  std::uint64_t beats_ = 0;
};

}  // namespace madoguchi::media
