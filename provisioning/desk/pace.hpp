// SPDX-License-Identifier: Apache-2.0
// How often something may happen: a cap for what others ask of us, and telling that waits for more to tell. On the
// desk's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"

namespace madoguchi::desk {

/// At most so many of each key in a second.
class Pace {
 public:
  Pace(Clock& clock, int most) : clock_(clock), most_(most) {}
  [[nodiscard]] bool allows(const std::string& key) {
    Second& second = seconds_[key];
    if (clock_.boot() - second.began >= std::chrono::seconds(1)) second = {clock_.boot(), 0};
    if (second.count >= most_) return false;
    ++second.count;
    return true;
  }
  /// What is older than its second counts no more.
  void tidy() {
    std::erase_if(seconds_,
                  [this](const auto& each) { return clock_.boot() - each.second.began >= std::chrono::seconds(1); });
  }

 private:
  struct Second {
    BootTime began{};
    int count = 0;
  };
  Clock& clock_;
  int most_;
  std::map<std::string, Second> seconds_;
};

/// Tells of each key at once, and then once a second at most: what comes in between is told as one, later.
class Coalesced {
 public:
  Coalesced(Clock& clock, std::function<void(const std::string& key)> tell) : clock_(clock), tell_(std::move(tell)) {}
  void changed(const std::string& key) {
    if (const auto found = told_.find(key); found != told_.end()) {
      found->second->again = true;
      return;
    }
    told_.emplace(key, std::make_unique<Told>(clock_));
    now(key);
  }

 private:
  struct Told {
    explicit Told(Clock& clock) : second(clock) {}
    bool again = false;
    Alarm second;
  };
  void now(const std::string& key) {
    const std::function<void()> over = [this, key] {
      Told& told = *told_.at(key);
      if (std::exchange(told.again, false)) now(key);
      else told_.erase(key);
    };
    told_.at(key)->second.after(std::chrono::seconds(1), over);
    tell_(key);
  }

  Clock& clock_;
  std::function<void(const std::string& key)> tell_;
  std::map<std::string, std::unique_ptr<Told>> told_;
};

}  // namespace madoguchi::desk
