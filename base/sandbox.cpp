// SPDX-License-Identifier: Apache-2.0
// Landlock by its raw system calls (Debian 12's header is older than the kernels it runs on) and a seccomp deny list.
#include "base/sandbox.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/unique_fd.hpp"

namespace madoguchi {

namespace {

// linux/landlock.h of newer kernels.
constexpr std::uint64_t kRefer = 1ULL << 13;
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWriteFile = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kIoctlDevice;
constexpr std::uint64_t kAllOfFirst = (1ULL << 13) - 1;

struct RulesetAttributes {
  std::uint64_t handled_fs = 0;
};

int landlock_abi() {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

Result<void> allow(int ruleset, const std::filesystem::path& path, std::uint64_t rights, std::uint64_t handled) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) return {};  // what does not exist needs no rule
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail(errno_error("looking at " + path.native(), errno));
  if (!S_ISDIR(status.st_mode)) rights &= kReadFile | kWriteFile;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights & handled;
  rule.parent_fd = fd.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return fail(errno_error("allowing " + path.native(), errno));
  }
  return {};
}

Result<int> restrict_files(const Sandbox& sandbox) {
  const int abi = landlock_abi();
  if (abi < 1) return 0;
  std::uint64_t handled = kAllOfFirst;
  if (abi >= 2) handled |= kRefer;
  if (abi >= 3) handled |= kTruncate;
  if (abi >= 5) handled |= kIoctlDevice;
  const RulesetAttributes attributes{handled};
  const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset.valid()) return fail(errno_error("making a Landlock ruleset", errno));
  for (const auto& path : sandbox.read) {
    if (auto done = allow(ruleset.get(), path, kRead, handled); !done) return fail(done.error());
  }
#if defined(__SANITIZE_ADDRESS__)
  // LeakSanitizer walks /proc/self/task when the process ends.
  if (auto done = allow(ruleset.get(), "/proc", kRead, handled); !done) return fail(done.error());
#endif
  for (const auto& path : sandbox.read_write) {
    if (auto done = allow(ruleset.get(), path, handled, handled); !done) return fail(done.error());
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return fail(errno_error("entering the Landlock ruleset", errno));
  }
  return abi;
}

// clang-format off
constexpr const char* kDenied[] = {
#if !defined(__SANITIZE_ADDRESS__)
    "ptrace",  // LeakSanitizer needs it
#endif
    "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp", "mount", "umount2", "move_mount",
    "fsopen", "fsmount", "open_tree", "pivot_root", "chroot", "kexec_load", "kexec_file_load", "init_module",
    "finit_module", "delete_module", "bpf", "perf_event_open", "keyctl", "add_key", "request_key", "unshare", "setns",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "reboot", "swapon", "swapoff",
    "open_by_handle_at", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
    "acct", "quotactl", "syslog", "vhangup", "iopl", "ioperm", "lookup_dcookie", "fanotify_init", "tkill",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_send_signal"};
// clang-format on

constexpr unsigned kNamespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                    CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

/// Above the last address family of any kernel (46 of them today); it refuses larger numbers by itself.
constexpr int kFamilies = 64;

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_ALLOW)) {}
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  ~Filter() { ::seccomp_release(context_); }

  void deny(const char* name) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) note(::seccomp_rule_add(context_, SCMP_ACT_ERRNO(EPERM), number, 0));
  }
  /// As if the kernel did not know it, for calls that libraries have another way for.
  void deny_as_unknown(const char* name) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) note(::seccomp_rule_add(context_, SCMP_ACT_ERRNO(ENOSYS), number, 0));
  }
  /// A process or thread in new namespaces, in which it could be root.
  void deny_namespaces() {
    for (const unsigned flag : kNamespaces) {
      const scmp_arg_cmp has_flag{0, SCMP_CMP_MASKED_EQ, flag, flag};
      note(::seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &has_flag));
    }
    // Its flags are behind a pointer, where no filter sees them; the C library then takes clone.
    deny_as_unknown("clone3");
  }
  /// Signals to others: the daemon, and the children of the same user.
  void deny_signals() {
    const scmp_arg_cmp is_other{0, SCMP_CMP_NE, static_cast<scmp_datum_t>(::getpid()), 0};
    for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill)}) {
      note(::seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(EPERM), call, 1, &is_other));
    }
    const scmp_arg_cmp not_me{0, SCMP_CMP_NE, 0, 0};
    note(::seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1, &not_me));
  }
  /// The kernel takes the family from the lower half of the register: a plain comparison would be blind to the rest.
  void deny_sockets(int family) {
    const scmp_arg_cmp is_family{0, SCMP_CMP_MASKED_EQ, 0xffffffffU, static_cast<scmp_datum_t>(family)};
    note(::seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1, &is_family));
  }
  Result<void> load() {
    if (error_ == 0) error_ = context_ == nullptr ? -ENOMEM : ::seccomp_load(context_);
    if (error_ != 0) return fail(errno_error("entering the seccomp filter", -error_));
    return {};
  }

 private:
  void note(int result) {
    if (result != 0 && error_ == 0) error_ = result;
  }
  scmp_filter_ctx context_;
  int error_ = 0;
};

Result<void> restrict_calls(const Sandbox& sandbox) {
  Filter filter;
  for (const char* name : kDenied) filter.deny(name);
  filter.deny_namespaces();
  filter.deny_signals();
  if (!sandbox.processes) {
    filter.deny("execve");
    filter.deny("execveat");
  }
  // Only what is known to be needed: AF_SMC, for one, is TCP under another name.
  for (int family = 0; family < kFamilies; ++family) {
    const bool ip = family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
    const bool allowed = (family == AF_UNIX && sandbox.local_sockets) || (ip && sandbox.network);
    if (!allowed) filter.deny_sockets(family);
  }
  // One end of a datagram pair could be sent from to any local address.
  if (!sandbox.local_sockets) filter.deny("socketpair");
  return filter.load();
}

}  // namespace

Result<SandboxReport> enter_sandbox(const Sandbox& sandbox) {
  SandboxReport report;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(errno_error("giving up privileges", errno));
  auto abi = restrict_files(sandbox);
  if (!abi) return fail(abi.error());
  report.landlock_abi = *abi;
  report.landlock = *abi > 0;
  if (auto done = restrict_calls(sandbox); !done) return fail(done.error());
  report.seccomp = true;
  return report;
}

}  // namespace madoguchi
