// SPDX-License-Identifier: Apache-2.0
// Enters a sandbox and tries what it must not be able to do, from its first thread and from one started after. Prints a
// line for each: "main read-other EACCES". Run by sandbox_test.cpp.
//   sandbox_probe READABLE WRITABLE OTHER [network] [local] [processes] [call=NAME ...]
// With "outside" it enters none, and tries what whoever runs it may not be able to do anyway: who could is proof.
//   sandbox_probe READABLE WRITABLE OTHER outside [call=NAME ...]
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/sandbox.hpp"
#include "base/unique_fd.hpp"

using madoguchi::UniqueFd;

namespace {

std::string g_readable, g_writable, g_other;
std::vector<std::string> g_calls;
int g_inherited = -1;

void say(const char* thread, const char* what, bool done) {
  const int error = errno;
  const std::string line =
      fmt::format("{} {} {}\n", thread, what, done ? "done" : std::string(::strerrorname_np(error)));
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
}

bool opens(const std::string& path, int flags) {
  return UniqueFd(::open(path.c_str(), flags | O_CLOEXEC, 0600)).valid();
}

bool socket_of(long family, int type) {
  return UniqueFd(static_cast<int>(::syscall(SYS_socket, family, type, 0))).valid();
}

/// In a child of its own, since it would replace this program.
bool executes(bool by_descriptor) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const char* arguments[] = {"/bin/true", nullptr};
    char* none[] = {nullptr};
    if (by_descriptor) {
      ::syscall(SYS_execveat, g_inherited, "", const_cast<char**>(arguments), none, AT_EMPTY_PATH);
    } else {
      ::execve(arguments[0], const_cast<char**>(arguments), none);
    }
    ::_exit(errno);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
  return errno == 0;
}

/// A process in new namespaces.
bool clones(unsigned long flags) {
  const long pid = ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(0);
  if (pid > 0) ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
  return pid > 0;
}

void try_calls(const char* thread) {
  // With arguments that no call takes: what comes back from the kernel itself is another error (EINVAL, EFAULT, EBADF).
  for (const auto& name : g_calls) {
    const int number = ::seccomp_syscall_resolve_name(name.c_str());
    errno = EXFULL;  // a name that this processor does not have
    say(thread, ("call-" + name).c_str(), number >= 0 && ::syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) >= 0);
  }
}

void try_all(const char* thread) {
  say(thread, "read-allowed", opens(g_readable + "/file", O_RDONLY));
  say(thread, "list-allowed", opens(g_readable, O_RDONLY | O_DIRECTORY));
  say(thread, "write-readable", opens(g_readable + "/file", O_WRONLY));
  say(thread, "truncate-readable", ::truncate((g_readable + "/file").c_str(), 0) == 0);
  say(thread, "create-readable", opens(g_readable + "/new", O_WRONLY | O_CREAT));
  say(thread, "unlink-readable", ::unlink((g_readable + "/file").c_str()) == 0);
  say(thread, "write-allowed", opens(g_writable + "/new", O_RDWR | O_CREAT));
  say(thread, "unlink-allowed", ::unlink((g_writable + "/new").c_str()) == 0);
  say(thread, "read-other", opens(g_other + "/secret", O_RDONLY));
  say(thread, "read-dotdot", opens(g_readable + "/../other/secret", O_RDONLY));
  say(thread, "read-link", opens(g_readable + "/link", O_RDONLY));
  say(thread, "list-other", opens(g_other, O_RDONLY | O_DIRECTORY));
  say(thread, "write-other", opens(g_other + "/new", O_WRONLY | O_CREAT));
  say(thread, "hard-link-out", ::link((g_other + "/secret").c_str(), (g_writable + "/got").c_str()) == 0);
  say(thread, "rename-out", ::rename((g_other + "/secret").c_str(), (g_writable + "/got").c_str()) == 0);
  say(thread, "read-shadow", opens("/etc/shadow", O_RDONLY));
  say(thread, "read-passwd", opens("/etc/passwd", O_RDONLY));
  say(thread, "socket-inet", socket_of(AF_INET, SOCK_STREAM));
  say(thread, "socket-inet-udp", socket_of(AF_INET, SOCK_DGRAM));
  say(thread, "socket-inet6", socket_of(AF_INET6, SOCK_DGRAM));
  say(thread, "socket-netlink", socket_of(AF_NETLINK, SOCK_RAW));
  // The kernel looks at the lower half of the register only; the filter must do so too.
  say(thread, "socket-inet-high-bits", socket_of(0x100000000L | AF_INET, SOCK_STREAM));
  say(thread, "socket-smc", socket_of(AF_SMC, SOCK_STREAM));  // TCP under another name
  say(thread, "socket-packet", socket_of(AF_PACKET, SOCK_RAW));
  say(thread, "socket-vsock", socket_of(AF_VSOCK, SOCK_STREAM));
  say(thread, "socket-unix", socket_of(AF_UNIX, SOCK_STREAM));
  int pair[2];
  const bool paired = ::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0;
  say(thread, "socket-pair", paired);
  if (paired) {
    ::close(pair[0]);
    ::close(pair[1]);
  }
  say(thread, "signal-self", ::kill(::getpid(), 0) == 0);
  say(thread, "signal-thread", ::syscall(SYS_tgkill, ::getpid(), ::gettid(), 0) == 0);
  say(thread, "signal-parent", ::kill(::getppid(), 0) == 0);
  say(thread, "signal-group", ::kill(0, 0) == 0);
  say(thread, "signal-all", ::kill(-1, 0) == 0);
  say(thread, "signal-other-thread", ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0) == 0);
  rlimit limit{};
  say(thread, "limits-own", ::getrlimit(RLIMIT_CPU, &limit) == 0);
  say(thread, "limits-parent", ::prlimit(::getppid(), RLIMIT_CPU, nullptr, &limit) == 0);
  char byte = 0;
  say(thread, "inherited-read", ::pread(g_inherited, &byte, 1, 0) == 1);
  say(thread, "exec", executes(false));
  say(thread, "exec-descriptor", executes(true));
  say(thread, "clone-user", clones(CLONE_NEWUSER));
  say(thread, "clone-net", clones(CLONE_NEWNET));
  say(thread, "clone3", ::syscall(SYS_clone3, nullptr, 0) >= 0);
  try_calls(thread);
}

/// What rights alone may refuse.
void try_rights(const char* thread) {
  say(thread, "read-shadow", opens("/etc/shadow", O_RDONLY));
  say(thread, "clone-user", clones(CLONE_NEWUSER));
  say(thread, "clone-net", clones(CLONE_NEWNET));
  try_calls(thread);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  g_readable = argv[1];
  g_writable = argv[2];
  g_other = argv[3];
  madoguchi::Sandbox sandbox;
  // Its own program and libraries, then what the test allows.
  sandbox.read = {"/usr", "/lib", "/lib64", "/bin", g_readable, g_other + "/absent"};
  sandbox.read_write = {g_writable};
  for (int i = 4; i < argc; ++i) {
    if (std::strcmp(argv[i], "network") == 0) sandbox.network = true;
    if (std::strcmp(argv[i], "local") == 0) sandbox.local_sockets = true;
    if (std::strcmp(argv[i], "processes") == 0) sandbox.processes = true;
    if (std::strncmp(argv[i], "call=", 5) == 0) g_calls.emplace_back(argv[i] + 5);
  }
  if (argc > 4 && std::strcmp(argv[4], "outside") == 0) {
    fmt::print("report outside\n");
    std::fflush(stdout);
    try_rights("main");
    std::thread([] { try_rights("thread"); }).join();
    return 0;
  }
  g_inherited = ::open("/bin/true", O_RDONLY);
  const auto report = madoguchi::enter_sandbox(sandbox);
  if (!report) {
    fmt::print("error {}\n", report.error().message);
    return 1;
  }
  const std::string line =
      fmt::format("report landlock={} seccomp={} abi={}\n", report->landlock, report->seccomp, report->landlock_abi);
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
  try_all("main");
  std::thread([] { try_all("thread"); }).join();
}
