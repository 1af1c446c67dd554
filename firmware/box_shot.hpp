// SPDX-License-Identifier: Apache-2.0
// A screenshot that the media process owes. Private to the composition root.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "firmware/box.hpp"

namespace madoguchi {

struct Box::Shot {
  explicit Shot(boost::asio::io_context& io) : told(io, boost::asio::steady_timer::time_point::max()) {}
  boost::asio::steady_timer told;  ///< cancelled when `reply` is there
  std::optional<protocol::Screenshot> reply;
};

}  // namespace madoguchi
