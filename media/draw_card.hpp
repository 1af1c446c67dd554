// SPDX-License-Identifier: Apache-2.0
// One card as a picture, for a daemon that only wants to see it: no channel, no devices.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "media/card.hpp"

namespace madoguchi::media {

/// `message` is a ShowCard as it comes over the channel; its PNG goes into `fd`. Over the picture it stands on a far side
/// that is simulated: a bright wall, and a room that is dark at its left. Errc::protocol for another message.
Result<void> draw_card(std::string_view message, Size size, Moment now, int fd);

/// madoguchi-media --draw-card WIDTH HEIGHT WALL_MS BOOT_MS: from stdin to stdout. Returns the exit status.
int draw_card_main(int argc, char** argv);

}  // namespace madoguchi::media
