// SPDX-License-Identifier: Apache-2.0
// A talk without the product: two webrtcbins wired to the same elements, in the fewest lines that carry picture and sound
// both ways. What a session costs is compared with it.
#pragma once

namespace madoguchi::bench {

/// Writes each offer as a JSON string on a line of stdout (publish first, then play), reads its answer the same way from
/// stdin, then sends and receives 1280x720 at 30 pictures a second until stdin ends. The exit status.
int bare_talk();

}  // namespace madoguchi::bench
