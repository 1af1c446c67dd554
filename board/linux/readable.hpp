// SPDX-License-Identifier: Apache-2.0
// Waits on the loop for a descriptor that another object owns, again and again, until end(). The descriptor must outlive
// that.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace madoguchi::board {

class Readable {
 public:
  Readable() = default;
  Readable(boost::asio::any_io_executor executor, int fd, std::function<void()> ready)
      : wait_(std::make_shared<Wait>(std::move(executor), fd, std::move(ready))) {
    again(wait_);
  }
  Readable(Readable&& other) noexcept : wait_(std::move(other.wait_)) {}
  Readable& operator=(Readable&& other) noexcept {
    end();
    wait_ = std::move(other.wait_);
    return *this;
  }
  ~Readable() { end(); }

  /// `ready` is not called any more; may be called from inside of it.
  void end() {
    if (wait_) wait_->descriptor.release();
    wait_.reset();
  }

 private:
  struct Wait {
    Wait(boost::asio::any_io_executor executor, int fd, std::function<void()> when)
        : descriptor(std::move(executor), fd), ready(std::move(when)) {}
    boost::asio::posix::stream_descriptor descriptor;
    std::function<void()> ready;
  };
  static void again(const std::shared_ptr<Wait>& wait) {
    wait->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                [weak = std::weak_ptr(wait)](boost::system::error_code error) {
                                  const auto self = weak.lock();
                                  if (error || !self || !self->descriptor.is_open()) return;
                                  self->ready();
                                  if (self->descriptor.is_open()) again(self);
                                });
  }
  std::shared_ptr<Wait> wait_;
};

}  // namespace madoguchi::board
