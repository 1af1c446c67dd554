// SPDX-License-Identifier: Apache-2.0
// Feeds and link rules, with their defaults. Filled by firmware/config from [[feed]] and [[link]].
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace madoguchi::schedule {

struct FeedSettings {
  std::string name;
  std::string url;  ///< a secret: never printed
  std::string user, password, bearer;
  std::chrono::milliseconds every{60000};
};

struct SeatRule {
  std::string id = "counsellor";
  std::string role = "相談員";
  std::string publish, play;  ///< templates with {group}
};

/// A pasted link of this form makes these legs.
struct LinkRule {
  std::vector<std::string> feeds;  ///< names; the rule is for these alone
  std::string link;    ///< scheme, host and port literally, then an RE2 pattern for the whole path, with named groups
  std::string events;  ///< template, "" = none
  std::vector<SeatRule> seats;
};

struct Settings {
  std::vector<FeedSettings> feeds;
  std::vector<LinkRule> links;
  std::string time_zone = "Asia/Tokyo";  ///< of times without one
  std::chrono::milliseconds window_before{30 * 60 * 1000};
  std::chrono::milliseconds old_after{60 * 60 * 1000};  ///< a feed that was not read for so long: the fault agenda-old
  std::chrono::milliseconds fetch_within{20000};
  std::chrono::milliseconds read_within{5000};  ///< the child's wall time; its CPU time is 2 s
  std::size_t fetch_cap = 4 * 1024 * 1024;
  std::filesystem::path reader = "/usr/libexec/madoguchi/madoguchi-feed";
};

}  // namespace madoguchi::schedule
