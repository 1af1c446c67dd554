// SPDX-License-Identifier: Apache-2.0
// One TOML file into the Settings of each room. Read once, at the start.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "board/linux/cameras.hpp"
#include "board/settings.hpp"
#include "firmware/config/reader.hpp"
#include "firmware/schedule/settings.hpp"
#include "firmware/session/children_settings.hpp"
#include "firmware/session/settings.hpp"
#include "firmware/signalling/settings.hpp"
#include "media/protocol.hpp"

namespace madoguchi::config {

struct Box {
  std::string hall;
  std::string telephone;
  bool show_bookings = false;   ///< the idle TV stands in a lobby
  std::string language = "ja";  ///< what the TV says in full: "ja", "easy", "en"
  std::filesystem::path state = "/var/lib/madoguchi";
  std::filesystem::path socket = "/run/madoguchi/control.sock";
  std::filesystem::path programs = "/usr/libexec/madoguchi";
  std::string board = "fake";
  std::string ca_file;              ///< "" = the system's certificates
  bool synchronised_clock = true;   ///< a clock that nothing has set is not believed
  WallTime built{};                 ///< no clock may be before that; not in the file
  std::filesystem::path file = {};  ///< where all this was read from; "" in tests
};

struct Config {
  Box box;
  board::Settings board;
  std::vector<signalling::Token> offices;
  schedule::Settings schedule;
  signalling::Settings signalling;
  session::Settings session;
  session::MediaProcessSettings media_process;
  session::CameraProcessSettings camera_process;
  protocol::MediaHello media;
  protocol::CameraHello camera;                 ///< device: "simulated", "auto" (by the rules) or a node's path
  std::vector<board::CameraRule> camera_rules;  ///< in order; without a fitting one the first camera
  std::vector<protocol::IceServer> ice_servers;
};

struct Loaded {
  Config config;
  std::vector<Problem> problems;  ///< none: the configuration is good
};

/// Errc::not_found, permission; what is wrong inside is in `problems`.
Result<Loaded> load(const std::string& path);
Loaded parse(std::string_view text, const std::string& file);

/// What a hall cannot do without and this configuration has not, though each key of it is right: a hall, a telephone, a
/// calendar, a rule, the programs. At the file's first line. Looks at the disk.
std::vector<Problem> gaps(const Config& config, const std::string& file);

}  // namespace madoguchi::config
