// SPDX-License-Identifier: Apache-2.0
// Certificates of webrtcbin's transports, and the gate. Main thread, but for what the gate's callers are on.
#include "media/trust.hpp"

#define GST_USE_UNSTABLE_API
#include <fmt/format.h>
#include <gst/webrtc/webrtc.h>

#include "media/fingerprint.hpp"

namespace madoguchi::media {

namespace {

/// The PEM of what the far end showed on this end's transport; "" where there is none.
std::string certificate_of(GstWebRTCRTPTransceiver* transceiver, const char* end) {
  GObject* half = nullptr;
  GObject* transport = nullptr;
  char* pem = nullptr;
  g_object_get(transceiver, end, &half, nullptr);
  if (half != nullptr) g_object_get(half, "transport", &transport, nullptr);
  if (transport != nullptr) g_object_get(transport, "remote-certificate", &pem, nullptr);
  std::string result = pem == nullptr ? "" : pem;
  g_free(pem);
  g_clear_object(&transport);
  g_clear_object(&half);
  return result;
}

GstPadProbeReturn stay(GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }

}  // namespace

std::string distrust(GstElement* webrtc, std::span<const std::vector<Fingerprint>> promised) {
  std::vector<bool> shown(promised.size(), false);
  std::string wrong;
  GArray* transceivers = nullptr;
  g_signal_emit_by_name(webrtc, "get-transceivers", &transceivers);
  for (guint i = 0; transceivers != nullptr && i < transceivers->len; ++i) {
    GstWebRTCRTPTransceiver* each = g_array_index(transceivers, GstWebRTCRTPTransceiver*, i);
    guint line = 0;
    g_object_get(each, "mlineindex", &line, nullptr);
    if (line >= promised.size() || promised[line].empty()) continue;
    for (const char* end : {"sender", "receiver"}) {
      const std::string pem = certificate_of(each, end);
      if (pem.empty()) continue;
      shown[line] = true;
      if (certificate_matches(pem, promised[line])) continue;
      wrong = fmt::format("the certificate of m-line {} is not the one of the answer's fingerprint", line);
    }
  }
  if (transceivers != nullptr) g_array_unref(transceivers);
  for (std::size_t line = 0; line < promised.size() && wrong.empty(); ++line) {
    if (!promised[line].empty() && !shown[line]) wrong = fmt::format("m-line {} has shown no certificate", line);
  }
  return wrong;
}

Gate::~Gate() {
  for (const auto& [pad, probe] : held_) gst_object_unref(pad);
}

void Gate::agree(std::span<const int> payloads) {
  for (const int payload : payloads) agreed_.at(static_cast<std::size_t>(payload)) = true;
}

bool Gate::is_agreed(GstBuffer* rtp) const {
  std::array<guint8, 2> head{};
  if (gst_buffer_extract(rtp, 0, head.data(), head.size()) != head.size()) return false;
  return agreed_.at(head[1] & 0x7fU);
}

void Gate::hold_back(GstPad* pad) {
  const std::lock_guard lock(mutex_);
  if (open_) return;
  const gulong probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, stay, nullptr, nullptr);
  held_.emplace_back(GST_PAD(gst_object_ref(pad)), probe);
}

void Gate::open() {
  std::vector<std::pair<GstPad*, gulong>> held;
  {
    const std::lock_guard lock(mutex_);
    open_ = true;
    held.swap(held_);
  }
  for (const auto& [pad, probe] : held) {
    gst_pad_remove_probe(pad, probe);
    gst_object_unref(pad);
  }
}

}  // namespace madoguchi::media
