// SPDX-License-Identifier: Apache-2.0
// The page's files, read once at the start: a closed list, so that no path leads anywhere else.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "provisioning/desk/http.hpp"

namespace madoguchi::desk {

class PageFiles {
 public:
  /// Errc::not_found when there is no index.html.
  static Result<PageFiles> read(const std::filesystem::path& folder);
  /// "/", "/index.html", "/main.js"; 404 for all else. HEAD and 304 are the caller's.
  [[nodiscard]] Reply get(const Request& request) const;

 private:
  struct File {
    std::string content, type, etag;
  };
  std::map<std::string, File> files_;  ///< by name
};

}  // namespace madoguchi::desk
