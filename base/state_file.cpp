// SPDX-License-Identifier: Apache-2.0
// Reading, or setting aside.
#include "base/state_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/atomic_file.hpp"
#include "base/log.hpp"

namespace madoguchi {

namespace {

constexpr std::string_view kAside = ".damaged-";
constexpr int kMostAside = 9;

/// Errc::not_found: there is nothing. A pipe that was put there would be waited for.
Result<void> is_own_file(const std::filesystem::path& file) {
  struct stat there {};
  if (::lstat(file.c_str(), &there) != 0) return fail(errno_error("reading " + file.native(), errno));
  if (!S_ISREG(there.st_mode)) return fail(Errc::invalid, "it is no plain file");
  if (there.st_uid != ::geteuid()) {
    return fail(Errc::permission, fmt::format("it belongs to user {}, not to {}", there.st_uid, ::geteuid()));
  }
  return {};
}

Result<void> take_file(const std::filesystem::path& file, std::size_t cap,
                       const std::function<Result<void>(const json::bj::object&)>& take) {
  if (auto own = is_own_file(file); !own) return own;
  const auto text = read_file(file, cap);
  if (!text) return fail(text.error());
  const auto object = json::parse_object(*text);
  if (!object) return fail(object.error());
  return take(*object);
}

std::filesystem::path place_aside(const std::filesystem::path& file) {
  std::error_code error;
  for (int i = 1;; ++i) {
    std::filesystem::path place = fmt::format("{}{}{}", file.native(), kAside, i);
    if (i == kMostAside || !std::filesystem::exists(std::filesystem::symlink_status(place, error))) return place;
  }
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    found.push_back(each->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<bool> read_state(const std::filesystem::path& file, std::size_t cap,
                        const std::function<Result<void>(const json::bj::object&)>& take) {
  Result<void> taken = take_file(file, cap, take);
  if (taken) return true;
  if (taken.error().code == Errc::not_found) return false;
  const std::filesystem::path place = place_aside(file);
  const bool moved = ::rename(file.c_str(), place.c_str()) == 0;
  const std::string kept_as =
      moved ? place.filename().native() : std::string("left where it is: ") + ::strerrordesc_np(errno);
  log::warning("state-set-aside",
               {{"file", file.filename().native()}, {"why", taken.error().message}, {"kept_as", kept_as}});
  return fail(std::move(taken).error());
}

std::vector<std::string> set_aside(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& file : files_in(folder)) {
    if (file.filename().native().find(kAside) != std::string::npos) names.push_back(file.filename().native());
  }
  return names;
}

void remove_half_written(const std::filesystem::path& folder) {
  for (const auto& file : files_in(folder)) {
    if (file.extension() != ".part") continue;
    if (auto removed = remove_file(file); !removed) log::notice("part-kept", {{"error", removed.error().message}});
  }
}

}  // namespace madoguchi
