// SPDX-License-Identifier: Apache-2.0
// The board that a configuration names.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "board/board.hpp"
#include "board/settings.hpp"

namespace madoguchi::board {

/// "fake", "linux"; Errc::not_found: no board has this name. Opens no device: Board::start() does.
Result<std::unique_ptr<Board>> open(std::string_view name, boost::asio::any_io_executor executor, Clock& clock,
                                    const Settings& settings);

}  // namespace madoguchi::board
