// SPDX-License-Identifier: Apache-2.0
// One thread for work that takes a while, one piece after the other. Main thread; the work posts what came of it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace madoguchi::media {

class Worker {
 public:
  Worker() = default;
  /// Waits for what is under way; what is not begun is left out.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The thread begins with the first work.
  void run(std::function<void()> work);

 private:
  void work();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace madoguchi::media
