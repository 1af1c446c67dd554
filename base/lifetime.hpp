// SPDX-License-Identifier: Apache-2.0
// For work that is posted, or ends, later: it reaches its owner as long as there is one. One thread.
#pragma once

#include <memory>
#include <utility>

namespace madoguchi {

/// A member of the owner, so that it goes with it.
template <class Owner>
class Lifetime {
 public:
  explicit Lifetime(Owner* owner) : self_(std::make_shared<Owner*>(owner)) {}
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;
  ~Lifetime() = default;

  /// `work(owner, arguments...)`, or nothing once the owner is gone.
  template <class Work>
  [[nodiscard]] auto guarded(Work work) const {
    return [weak = std::weak_ptr<Owner*>(self_), work = std::move(work)](auto&&... arguments) mutable {
      if (const auto self = weak.lock()) work(**self, std::forward<decltype(arguments)>(arguments)...);
    };
  }
  /// Already now, while the owner's destructor still runs.
  void end() { self_.reset(); }

 private:
  std::shared_ptr<Owner*> self_;
};

}  // namespace madoguchi
