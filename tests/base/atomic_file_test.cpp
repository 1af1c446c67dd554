// SPDX-License-Identifier: Apache-2.0
// The old or the new content, never between: modes, the order of fsync and rename, disks that fail at each step. The
// program's own fsync and rename stand before the C library's, so that the test sees and breaks them. Pure.
#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using madoguchi::test::Folder;
using madoguchi::test::read_text;
using madoguchi::test::write_text;

namespace {

struct Disk {
  bool watched = false;
  std::vector<std::string> calls;  ///< "fsync file", "rename", "fsync folder"
  std::string broken;              ///< this call fails with EIO
};
Disk g_disk;

bool fails(const std::string& call) {
  if (!g_disk.watched) return false;
  g_disk.calls.push_back(call);
  if (call != g_disk.broken) return false;
  errno = EIO;
  return true;
}

}  // namespace

extern "C" int fsync(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  if (fails(S_ISDIR(status.st_mode) ? "fsync folder" : "fsync file")) return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  if (fails("rename")) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

namespace {

/// The disk is watched, and one of its calls perhaps broken, while it lives.
struct Watched {
  explicit Watched(std::string broken = {}) {
    g_disk = Disk();
    g_disk.broken = std::move(broken);
    g_disk.watched = true;
  }
  ~Watched() { g_disk.watched = false; }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
};

mode_t mode_of(const std::filesystem::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

std::vector<std::string> names_in(const Folder& folder) {
  std::vector<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(folder.path())) names.push_back(each.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a file is written whole, for its owner alone") {
  const Folder folder;
  const mode_t before = ::umask(0);
  CHECK(write_file_atomically(folder / "a.json", "content\n"));
  ::umask(0777);
  CHECK(write_file_atomically(folder / "b.json", "content\n"));
  CHECK(write_file_atomically(folder / "c.json", "content\n", 0644));
  ::umask(before);
  CHECK(read_text(folder / "a.json") == "content\n");
  CHECK(mode_of(folder / "a.json") == 0600);
  CHECK(mode_of(folder / "b.json") == 0600);
  CHECK(mode_of(folder / "c.json") == 0644);
  CHECK(names_in(folder) == Strings{"a.json", "b.json", "c.json"});
}

TEST_CASE("writing again replaces content and mode, not what others hold open") {
  const Folder folder;
  write_text(folder / "a", "old");
  ::chmod((folder / "a").c_str(), 0666);
  const UniqueFd reader(::open((folder / "a").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(write_file_atomically(folder / "a", "new content"));
  CHECK(read_text(folder / "a") == "new content");
  CHECK(mode_of(folder / "a") == 0600);
  char held[16] = {};
  CHECK(::read(reader.get(), held, sizeof held) == 3);
  CHECK(std::string(held) == "old");
}

TEST_CASE("empty, large and binary content") {
  const Folder folder;
  std::string all(3 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i * 7);
  for (const std::string& content : {std::string(), std::string("\0\n\xff", 3), all}) {
    REQUIRE(write_file_atomically(folder / "a", content));
    CHECK((read_file(folder / "a").value_or("?") == content));
  }
}

TEST_CASE("the file is on the disk before its name, and its name before we say so") {
  const Folder folder;
  const Watched disk;
  REQUIRE(write_file_atomically(folder / "a", "content"));
  CHECK(g_disk.calls == Strings{"fsync file", "rename", "fsync folder"});
  REQUIRE(remove_file(folder / "a"));
  CHECK(g_disk.calls == Strings{"fsync file", "rename", "fsync folder", "fsync folder"});
}

TEST_CASE("a disk that fails at a step keeps the old file and leaves no part of the new") {
  for (const std::string step : {"fsync file", "rename"}) {
    CAPTURE(step);
    const Folder folder;
    write_text(folder / "a", "old");
    {
      const Watched disk(step);
      const auto written = write_file_atomically(folder / "a", "new");
      REQUIRE_FALSE(written);
      CHECK(written.error().code == Errc::io);
      CHECK(written.error().message.find("Input/output error") != std::string::npos);
    }
    CHECK(read_text(folder / "a") == "old");
    CHECK(names_in(folder) == Strings{"a"});
  }
}

TEST_CASE("when only the folder cannot be saved it is an error, and the file is whole") {
  const Folder folder;
  write_text(folder / "a", "old");
  {
    const Watched disk("fsync folder");
    CHECK_FALSE(write_file_atomically(folder / "a", "new"));
  }
  CHECK(read_text(folder / "a") == "new");
  CHECK(names_in(folder) == Strings{"a"});
}

TEST_CASE("a disk that is full in the middle of the write keeps the old file") {
  const Folder folder;
  write_text(folder / "a", "old");
  // The kernel takes 4096 bytes and then no more, as a full disk does.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &before);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{4096, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto written = write_file_atomically(folder / "a", std::string(10'000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::sigaction(SIGXFSZ, &before, nullptr);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::io);
  CHECK(read_text(folder / "a") == "old");
  CHECK(names_in(folder) == Strings{"a"});
}

TEST_CASE("a folder that may not be written keeps the old file") {
  const Folder folder;
  write_text(folder / "a", "old");
  ::chmod((folder / "a").c_str(), 0644);
  ::chmod(folder.path().c_str(), 0555);
  // Root may write anywhere: try as somebody else, in a process of its own.
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(9);
    const auto written = write_file_atomically(folder / "a", "new");
    if (written) ::_exit(1);
    ::_exit(written.error().code == Errc::permission ? 0 : 2);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  ::chmod(folder.path().c_str(), 0755);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(read_text(folder / "a") == "old");
  CHECK(names_in(folder) == Strings{"a"});
}

TEST_CASE("a folder that is not there is an error that names it") {
  const Folder folder;
  const auto written = write_file_atomically(folder / "absent" / "a", "x");
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::not_found);
  CHECK(written.error().message.find((folder / "absent" / "a").native()) != std::string::npos);
}

TEST_CASE("two threads that write the same file leave one of both") {
  const Folder folder;
  const std::string contents[2] = {std::string(200'000, 'a'), std::string(200'000, 'b')};
  bool failed[2] = {false, false};
  std::thread threads[2];
  for (int each : {0, 1}) {
    threads[each] = std::thread([&, each] {
      for (int i = 0; i < 20; ++i) failed[each] |= !write_file_atomically(folder / "a", contents[each]);
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK_FALSE(failed[0]);
  CHECK_FALSE(failed[1]);
  const std::string left = read_text(folder / "a");
  CHECK((left == contents[0] || left == contents[1]));
  CHECK(names_in(folder) == Strings{"a"});
}

TEST_CASE("reading tells a missing file, one that is too large, and a folder apart") {
  const Folder folder;
  CHECK(read_file(folder / "a").error().code == Errc::not_found);
  write_text(folder / "a", std::string(100, 'x'));
  CHECK((read_file(folder / "a", 100).value_or("") == std::string(100, 'x')));
  CHECK(read_file(folder / "a", 99).error().code == Errc::too_large);
  CHECK(read_file(folder.path()).error().code == Errc::io);
}

TEST_CASE("removing what is not there is fine, what cannot be removed is an error") {
  const Folder folder;
  CHECK(remove_file(folder / "a"));
  write_text(folder / "a", "x");
  CHECK(remove_file(folder / "a"));
  CHECK(names_in(folder).empty());
  CHECK_FALSE(remove_file(folder.path()));
}
