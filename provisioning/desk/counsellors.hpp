// SPDX-License-Identifier: Apache-2.0
// Who is at the desk, and who takes calls: 受付中, 窓口対応中, 離席. Remembered until the desk ends or she logs out. On the
// desk's loop.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace madoguchi::desk {

class Counsellors {
 public:
  enum class State {
    taking,  ///< 受付中: her page rings aloud
    busy,    ///< 窓口対応中: somebody stands at her counter
    away,    ///< 離席
  };
  static std::string_view name(State state);
  static std::optional<State> state_of(std::string_view name);

  /// `changed` whenever the list is another.
  explicit Counsellors(std::function<void()> changed) : changed_(std::move(changed)) {}

  /// A page of hers listens; the first one takes calls unless she said otherwise before.
  void came(const std::string& who);
  void went(const std::string& who);
  void set(const std::string& who, State state);
  void forget(const std::string& who);

  /// Somebody's page rings aloud.
  [[nodiscard]] bool anybody_takes() const;
  /// Nobody else's does.
  [[nodiscard]] bool is_last(const std::string& who) const;
  /// [{name, state}] of those whose page is open.
  [[nodiscard]] json::bj::array list() const;

 private:
  struct Counsellor {
    State state = State::taking;
    int pages = 0;
  };
  std::function<void()> changed_;
  std::map<std::string, Counsellor> all_;
};

}  // namespace madoguchi::desk
