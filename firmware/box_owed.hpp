// SPDX-License-Identifier: Apache-2.0
// What the media process owes to somebody who waits. Private to the composition root.
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

namespace madoguchi {

template <class Reply>
class Owed {
 public:
  Owed(boost::asio::io_context& io, std::chrono::milliseconds within) : told_(io) { told_.expires_after(within); }

  /// nullopt: it did not come in time, or will not come.
  boost::asio::awaitable<std::optional<Reply>> wait() {
    boost::system::error_code woken;
    co_await told_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
    co_return std::move(reply_);
  }
  void give(Reply reply) {
    reply_ = std::move(reply);
    told_.cancel();
  }
  void give_up() { told_.cancel(); }

 private:
  boost::asio::steady_timer told_;
  std::optional<Reply> reply_;
};

}  // namespace madoguchi
