// SPDX-License-Identifier: Apache-2.0
// mkdir(2), stat(2) and flock(2). Any thread.
#include "base/private_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace madoguchi {

Result<void> private_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) return fail(Errc::io, folder.parent_path().native() + ": " + error.message());
  if (::mkdir(folder.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return fail(errno_error("making the folder " + folder.native(), errno));
  struct stat there {};
  if (::stat(folder.c_str(), &there) != 0) return fail(errno_error(folder.native(), errno));
  if (!S_ISDIR(there.st_mode)) return fail(Errc::invalid, folder.native() + ": this is no folder");
  if (there.st_uid != ::geteuid() && ::geteuid() != 0) {
    return fail(Errc::permission,
                fmt::format("{}: this folder is another user's (number {}); name one of your own, or give it to "
                            "this user with chown",
                            folder.native(), there.st_uid));
  }
  if ((there.st_mode & 077U) != 0) {
    return fail(Errc::permission,
                fmt::format("{}: others may look into this folder (mode {:o}), so nothing is kept there; name a folder "
                            "that is used for nothing else, or close this one: chmod 700 {}",
                            folder.native(), there.st_mode & 07777U, folder.native()));
  }
  return {};
}

Result<UniqueFd> lock_file(const std::filesystem::path& file) {
  UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return fail(errno_error("opening the lock " + file.native(), errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(Errc::busy, file.native() + ": another process has this lock");
  return fail(errno_error("locking " + file.native(), errno));
}

}  // namespace madoguchi
