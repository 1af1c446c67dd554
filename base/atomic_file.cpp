// SPDX-License-Identifier: Apache-2.0
// Write beside, fsync, rename, fsync the folder. Blocking; any thread.
#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "base/unique_fd.hpp"

namespace madoguchi {

namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
  const auto parent = path.parent_path();
  return parent.empty() ? "." : parent;
}

Result<void> sync_folder(const std::filesystem::path& path) {
  const auto folder = folder_of(path);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return fail(errno_error("saving the folder " + folder.native(), errno));
  return {};
}

Result<void> write_all(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(errno_error("writing " + name, errno));
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  static std::atomic<unsigned> counter{0};
  const std::string part = fmt::format("{}.{}-{}.part", path.native(), ::getpid(), counter++);
  UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return fail(errno_error("writing " + part, errno));
  Result<void> result = write_all(fd.get(), content, part);
  if (result && ::fchmod(fd.get(), mode) != 0) result = fail(errno_error("setting the mode of " + part, errno));
  if (result && ::fsync(fd.get()) != 0) result = fail(errno_error("saving " + part, errno));
  if (result && ::rename(part.c_str(), path.c_str()) != 0) {
    result = fail(errno_error("renaming to " + path.native(), errno));
  }
  if (!result) {
    ::unlink(part.c_str());
    return result;
  }
  return sync_folder(path);
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t cap) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return fail(errno_error("reading " + path.native(), errno));
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno_error("reading " + path.native(), errno));
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > cap) {
      return fail(Errc::too_large, fmt::format("reading {}: larger than {} bytes", path.native(), cap));
    }
  }
}

Result<void> remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return fail(errno_error("removing " + path.native(), errno));
  }
  return sync_folder(path);
}

}  // namespace madoguchi
