// SPDX-License-Identifier: Apache-2.0
// The thread and its queue.
#include "media/worker.hpp"

#include <pthread.h>

#include <utility>

namespace madoguchi::media {

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    waiting_.clear();
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Worker::run(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(work));
  if (!thread_.joinable()) thread_ = std::thread([this] { this->work(); });
  changed_.notify_one();
}

void Worker::work() {
  ::pthread_setname_np(::pthread_self(), "worker");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
    if (ends_) return;
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next();
    lock.lock();
  }
}

}  // namespace madoguchi::media
