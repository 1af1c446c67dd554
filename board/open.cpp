// SPDX-License-Identifier: Apache-2.0
// Every kind of board there is.
#include "board/open.hpp"

#include "board/fake/fake_board.hpp"
#include "board/linux/linux_board.hpp"

namespace madoguchi::board {

Result<std::unique_ptr<Board>> open(std::string_view name, boost::asio::any_io_executor executor, Clock& clock,
                                    const Settings& settings) {
  if (name == "fake") return std::make_unique<FakeBoard>(clock);
  if (name == "linux") return std::make_unique<LinuxBoard>(executor, clock, settings);
  return fail(Errc::not_found, "no board is called \"" + std::string(name) + "\": there is \"fake\", and \"linux\"");
}

}  // namespace madoguchi::board
