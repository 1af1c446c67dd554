// SPDX-License-Identifier: Apache-2.0
// Tells when device nodes come, go, or get other rights, by inotify on their folder: no netlink socket, no privilege. On
// the daemon's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace madoguchi::board {

class NodeWatch {
 public:
  /// `changed` is called from the loop for each change of a node whose name begins with `prefix`. Stops with its owner.
  static Result<std::unique_ptr<NodeWatch>> open(boost::asio::any_io_executor executor,
                                                 const std::filesystem::path& folder, std::string prefix,
                                                 std::function<void()> changed);
  ~NodeWatch();
  NodeWatch(const NodeWatch&) = delete;
  NodeWatch& operator=(const NodeWatch&) = delete;

 private:
  struct State;
  explicit NodeWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace madoguchi::board
