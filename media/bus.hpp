// SPDX-License-Identifier: Apache-2.0
// A pipeline's bus without a queue: latency is redistributed, errors are told, all else is dropped where it arises.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <string>

namespace madoguchi::media {

/// `failed` hears "ELEMENT: what" on the thread on which it went wrong: post from there. Ends with the pipeline.
void watch_bus(GstElement* pipeline, std::function<void(const std::string& what)> failed);

}  // namespace madoguchi::media
