// SPDX-License-Identifier: Apache-2.0
// The part of a peer that GStreamer's threads may touch: counters, sinks, and a way to post to the peer while it lives.
// Private to media/.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>

#include "media/link.hpp"
#include "media/peer.hpp"
#include "media/trust.hpp"

namespace madoguchi::media {

struct Peer::Port {
  std::weak_ptr<Peer> peer;  ///< locked on the main thread only
  PeerSinks sinks;
  Gate gate;
  std::atomic<bool> closed{false};
  std::atomic<bool> flowing{false};  ///< publish: connected to whom the answer promised, samples may go
  std::atomic<bool> key_frame_seen{false};
  std::atomic<bool> rtp_seen{false};
  std::atomic<gint64> media_at{0}, sound_at{0}, picture_at{0};  ///< monotonic_us()
  std::atomic<std::uint64_t> frames{0}, bytes{0};
  /// Of one stream, behind the jitter buffer.
  struct Came {
    std::atomic<std::uint64_t> packets{0}, lost{0};
    int last_sequence = -1;  ///< its streaming thread only
  } sound_came, picture_came;
  std::atomic<int> width{0}, height{0};

  /// Runs `work` on the main thread if the peer is still there and not closed.
  static void tell(const std::shared_ptr<Port>& port, std::function<void(Peer&)> work) {
    post([port, work = std::move(work)] {
      if (port->closed) return;
      if (const auto alive = port->peer.lock()) work(*alive);
    });
  }
};

using PortPtr = std::shared_ptr<Peer::Port>;

/// A holder of the port for C callbacks, freed with the closure.
inline gpointer hold(const PortPtr& port) { return new PortPtr(port); }
inline const PortPtr& held(gpointer data) { return *static_cast<PortPtr*>(data); }
inline void let_go(gpointer data) { delete static_cast<PortPtr*>(data); }
inline void let_go_closure(gpointer data, GClosure*) { let_go(data); }

/// Decodes what comes out of a play peer's webrtcbin. Called on GStreamer's threads.
void decode_pad(const PortPtr& port, GstBin* pipeline, GstPad* pad);
/// Of the far side; the request goes the way that reports go. Main thread.
void ask_for_whole_picture(GstElement* webrtc);

}  // namespace madoguchi::media
