// SPDX-License-Identifier: Apache-2.0
// A calendar's server on loopback that answers as the test says. On the test's io_context.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/program.hpp"

namespace madoguchi::test {

struct FeedRequest {
  std::string target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  /// "" when it is not there.
  [[nodiscard]] std::string header(const std::string& name) const;
};

struct FeedReply {
  enum How { whole, hang, close, cut } how = whole;
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

class FeedServer {
 public:
  explicit FeedServer(asio::io_context& io);
  ~FeedServer();
  FeedServer(const FeedServer&) = delete;
  FeedServer& operator=(const FeedServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const;
  [[nodiscard]] const std::vector<FeedRequest>& requests() const;
  std::function<FeedReply(const FeedRequest&)> answer;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace madoguchi::test
