// SPDX-License-Identifier: Apache-2.0
// Which light the lamp shows. Pure; what the kernel says is passed in.
#pragma once

#include <filesystem>

#include "board/board.hpp"
#include "firmware/session/state.hpp"

namespace madoguchi::session {

/// steady while something looks or listens, whatever the state says; else pulse while we work on a press; else the
/// rhythm of the worst fault; else dark.
board::Lamp lamp_for(const View& view, bool camera_lives, bool capture_open);

/// Is any capture PCM of this machine open? Reads <proc>/asound/card*/pcm*c/sub*/status.
bool capture_open(const std::filesystem::path& proc = "/proc");

}  // namespace madoguchi::session
