// SPDX-License-Identifier: Apache-2.0
// What nobody tells the box of, looked at every minute. On the daemon's loop.
#include "base/state_file.hpp"
#include "firmware/box.hpp"

namespace madoguchi {

namespace {

constexpr std::chrono::minutes kLookAgain{1};

}  // namespace

void Box::look_around() {
  look_around_again_.after(kLookAgain, [this] { look_around(); });
  // It stands until somebody has looked at what was set aside, and has taken it away.
  if (set_aside(config_.box.state).empty()) faults_.clear(Fault::state_damaged);
  else faults_.raise(Fault::state_damaged);
}

}  // namespace madoguchi
