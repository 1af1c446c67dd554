// SPDX-License-Identifier: Apache-2.0
// The bus's sync handler. On GStreamer's threads.
#include "media/bus.hpp"

#include <fmt/format.h>

#include "base/log.hpp"

namespace madoguchi::media {

namespace {

using Failed = std::function<void(const std::string&)>;

GstBusSyncReply on_message(GstBus*, GstMessage* message, gpointer data) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_LATENCY: {
      // The pipeline is the bus's owner and above whoever posts; asking it here would wait for the one that posts.
      GstObject* top = GST_MESSAGE_SRC(message);
      while (GST_OBJECT_PARENT(top) != nullptr) top = GST_OBJECT_PARENT(top);
      const auto recalculate = [](GstElement* pipeline, gpointer) {
        if (GST_IS_BIN(pipeline)) gst_bin_recalculate_latency(GST_BIN(pipeline));
      };
      if (GST_IS_ELEMENT(top)) gst_element_call_async(GST_ELEMENT(top), recalculate, nullptr, nullptr);
      break;
    }
    case GST_MESSAGE_ERROR: {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      const std::string what = fmt::format("{}: {}", GST_MESSAGE_SRC_NAME(message), error->message);
      g_error_free(error);
      log::warning("pipeline-error", {{"error", what}});
      (*static_cast<Failed*>(data))(what);
      break;
    }
    default: break;
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

}  // namespace

void watch_bus(GstElement* pipeline, std::function<void(const std::string& what)> failed) {
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_bus_set_sync_handler(bus, on_message, new Failed(std::move(failed)),
                           [](gpointer data) { delete static_cast<Failed*>(data); });
  gst_object_unref(bus);
}

}  // namespace madoguchi::media
