// SPDX-License-Identifier: Apache-2.0
// What the media process keeps: programs and fonts to read, the network for WebRTC, nothing of the daemon's. Pure.
#pragma once

#include "base/sandbox.hpp"

namespace madoguchi::media {

/// Reads GST_REGISTRY and LD_LIBRARY_PATH of the environment. For enter_sandbox(), before gst_init().
Sandbox media_sandbox();

}  // namespace madoguchi::media
