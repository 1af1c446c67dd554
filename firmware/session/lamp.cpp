// SPDX-License-Identifier: Apache-2.0
// The lamp's rule, and the kernel's word on open capture devices.
#include "firmware/session/lamp.hpp"

#include <fstream>
#include <string>

namespace madoguchi::session {

board::Lamp lamp_for(const View& view, bool camera_lives, bool capture_open) {
  using Mode = board::Lamp::Mode;
  if (camera_lives || capture_open) return {Mode::steady, 0};
  if (view.pulse) return {Mode::pulse, 0};
  if (view.fault && info(*view.fault).lamp > 0) return {Mode::rhythm, info(*view.fault).lamp};
  return {Mode::dark, 0};
}

bool capture_open(const std::filesystem::path& proc) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (const auto& card : fs::directory_iterator(proc / "asound", error)) {
    if (card.path().filename().native().rfind("card", 0) != 0 || !card.is_directory(error)) continue;
    for (const auto& pcm : fs::directory_iterator(card.path(), error)) {
      const std::string name = pcm.path().filename();
      if (name.rfind("pcm", 0) != 0 || name.back() != 'c') continue;
      for (const auto& sub : fs::directory_iterator(pcm.path(), error)) {
        std::ifstream status(sub.path() / "status");
        std::string first;
        if (std::getline(status, first) && first != "closed") return true;
      }
    }
  }
  return false;
}

}  // namespace madoguchi::session
