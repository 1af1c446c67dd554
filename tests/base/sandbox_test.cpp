// SPDX-License-Identifier: Apache-2.0
// What a process in the sandbox can still do, asked of a real one (sandbox_probe). On a loop.
#include "base/sandbox.hpp"

#include <map>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

class Probe {
 public:
  explicit Probe(std::vector<std::string> more = {}) {
    for (const char* each : {"readable", "writable", "other"}) std::filesystem::create_directory(folder_ / each);
    write_text(folder_ / "readable" / "file", "text");
    write_text(folder_ / "other" / "secret", "secret");
    std::filesystem::create_symlink(folder_ / "other" / "secret", folder_ / "readable" / "link");
    std::vector<std::string> arguments{folder_ / "readable", folder_ / "writable", folder_ / "other"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    asio::io_context io;
    Program program(io, folder_.path(), "probe");
    program.start("sandbox_probe", arguments);
    status_ = program.wait();
    std::istringstream lines(program.output());
    std::getline(lines, report_);
    for (std::string thread, what, result; lines >> thread >> what >> result;) results_[thread + " " + what] = result;
  }

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& report() const { return report_; }
  [[nodiscard]] bool landlock() const { return report_.find("landlock=true") != std::string::npos; }
  /// Of both threads, which must agree.
  [[nodiscard]] std::string of(const std::string& what) const {
    const auto main = results_.find("main " + what);
    const auto thread = results_.find("thread " + what);
    if (main == results_.end() || thread == results_.end()) return "not tried";
    return main->second == thread->second ? main->second : main->second + " but in a thread " + thread->second;
  }
  [[nodiscard]] std::string secret() const { return read_text(folder_ / "other" / "secret"); }
  [[nodiscard]] std::string file() const { return read_text(folder_ / "readable" / "file"); }

 private:
  Folder folder_;
  int status_ = -1;
  std::string report_;
  std::map<std::string, std::string> results_;
};

}  // namespace

TEST_CASE("in the sandbox files outside cannot be read, those inside not written") {
  const Probe probe;
  REQUIRE(probe.status() == 0);
  CHECK(probe.report().find("seccomp=true") != std::string::npos);
  if (!probe.landlock()) {
    WARN("this kernel has no Landlock: files are not tested");
    return;
  }
  for (const char* what : {"read-allowed", "list-allowed", "write-allowed", "unlink-allowed", "inherited-read"}) {
    CAPTURE(what);
    CHECK(probe.of(what) == "done");
  }
  for (const char* what : {"write-readable", "truncate-readable", "create-readable", "unlink-readable", "read-other",
                           "read-dotdot", "read-link", "list-other", "write-other", "read-passwd"}) {
    CAPTURE(what);
    CHECK(probe.of(what) == "EACCES");
  }
  if (Probe({"outside"}).of("read-shadow") == "done") CHECK(probe.of("read-shadow") == "EACCES");
  else WARN("skipped: only root could read /etc/shadow anyway");
  // Moving a file into reach: refused as another device's or for want of rights.
  for (const char* what : {"hard-link-out", "rename-out"}) {
    CAPTURE(what);
    CHECK((probe.of(what) == "EXDEV" || probe.of(what) == "EACCES"));
  }
  CHECK(probe.secret() == "secret");
  CHECK(probe.file() == "text");
}

TEST_CASE("no other process can be sent a signal, or have its limits looked at") {
  const Probe probe({"network", "local", "processes"});
  REQUIRE(probe.status() == 0);
  for (const char* what : {"signal-self", "signal-thread", "limits-own"}) {
    CAPTURE(what);
    CHECK(probe.of(what) == "done");
  }
  for (const char* what : {"signal-parent", "signal-group", "signal-all", "signal-other-thread", "limits-parent"}) {
    CAPTURE(what);
    CHECK(probe.of(what) == "EPERM");
  }
}

TEST_CASE("no local socket can be made, unless that is allowed") {
  const Probe probe;
  REQUIRE(probe.status() == 0);
  CHECK(probe.of("socket-unix") == "EACCES");
  CHECK(probe.of("socket-pair") == "EPERM");
  const Probe may({"local"});
  REQUIRE(may.status() == 0);
  CHECK(may.of("socket-unix") == "done");
  CHECK(may.of("socket-pair") == "done");
}

TEST_CASE("without the network no socket but a local one can be made, whatever it is called") {
  const Probe probe({"local"});
  REQUIRE(probe.status() == 0);
  for (const char* what : {"socket-inet", "socket-inet-udp", "socket-inet6", "socket-netlink", "socket-inet-high-bits",
                           "socket-smc", "socket-packet", "socket-vsock"}) {
    CAPTURE(what);
    CHECK(probe.of(what) == "EACCES");
  }
  CHECK(probe.of("socket-unix") == "done");
}

TEST_CASE("with the network it is IP and nothing else") {
  const Probe probe({"network", "local"});
  REQUIRE(probe.status() == 0);
  for (const char* what : {"socket-inet", "socket-inet-udp", "socket-inet6", "socket-netlink", "socket-unix"}) {
    CAPTURE(what);
    CHECK((probe.of(what) == "done" || probe.of(what) == "EAFNOSUPPORT"));  // a machine without IPv6
  }
  CHECK(probe.of("socket-inet") == "done");
  for (const char* what : {"socket-smc", "socket-packet", "socket-vsock"}) {
    CAPTURE(what);
    CHECK(probe.of(what) == "EACCES");
  }
}

TEST_CASE("no program can be started, unless that is allowed") {
  const Probe probe;
  REQUIRE(probe.status() == 0);
  CHECK(probe.of("exec") == "EPERM");
  CHECK(probe.of("exec-descriptor") == "EPERM");
  const Probe may({"processes"});
  REQUIRE(may.status() == 0);
  CHECK(may.of("exec") == "done");
  if (may.landlock()) CHECK(may.of("read-passwd") == "EACCES");
}

TEST_CASE("what would lead out of the sandbox is refused by the filter, before the kernel looks at it") {
  // Not tried: vhangup and reboot, which would do harm if they were let through.
  const std::vector<std::string> calls = {
#if !defined(__SANITIZE_ADDRESS__)
    "ptrace",
#endif
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    "mount",
    "umount2",
    "move_mount",
    "fsopen",
    "fsmount",
    "open_tree",
    "pivot_root",
    "chroot",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "bpf",
    "perf_event_open",
    "keyctl",
    "add_key",
    "request_key",
    "unshare",
    "setns",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "userfaultfd",
    "swapon",
    "swapoff",
    "open_by_handle_at",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "acct",
    "quotactl",
    "syslog",
    "fanotify_init",
    "tkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_open",
    "pidfd_send_signal"
  };
  std::vector<std::string> arguments{"network", "processes"}, bare{"outside"};
  for (const auto& call : calls) {
    arguments.push_back("call=" + call);
    bare.push_back("call=" + call);
  }
  const Probe probe(arguments), outside(bare);
  REQUIRE(probe.status() == 0);
  REQUIRE(outside.status() == 0);
  // What is refused without the filter too proves nothing of it.
  std::string skipped;
  std::size_t proven = 0;
  const auto check = [&](const std::string& what) {
    CAPTURE(what);
    if (outside.of(what) == "EPERM") {
      skipped += ' ' + what;
      return;
    }
    ++proven;
    CHECK(outside.of(what) != "not tried");
    CHECK(probe.of(what) == "EPERM");
  };
  for (const auto& call : calls) check("call-" + call);
  check("clone-user");
  check("clone-net");
  if (!skipped.empty()) WARN("skipped, since they need rights that this user lacks:" << skipped);
  CHECK(proven > 20);
  CHECK(probe.of("clone3") == "ENOSYS");
}
