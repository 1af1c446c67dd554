// SPDX-License-Identifier: Apache-2.0
// One life of the reading child: a calendar goes in as it comes, an agenda comes out. Private to firmware/schedule; on the
// daemon's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/child.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "firmware/schedule/settings.hpp"

namespace madoguchi::schedule {

class Reading {
 public:
  /// Starts the child; it ends with this.
  static Result<std::unique_ptr<Reading>> begin(boost::asio::any_io_executor executor, Clock& clock,
                                                const Settings& settings);

  /// False: the child takes no more, or not within Settings::read_within. What it says is finish()'s to tell.
  boost::asio::awaitable<bool> write(std::string_view bytes);
  /// The end of the calendar, and what the child made of it. Errc::timeout: it was cut off, or killed by a limit.
  boost::asio::awaitable<Result<json::bj::object>> finish();

 private:
  Reading(Clock& clock, const Settings& settings, Child child, boost::asio::posix::stream_descriptor to_child,
          boost::asio::posix::stream_descriptor from_child);
  void expect_soon();

  Child child_;
  boost::asio::posix::stream_descriptor to_child_, from_child_;
  std::chrono::milliseconds within_;
  bool late_ = false;
  Alarm deadline_;
};

}  // namespace madoguchi::schedule
