// SPDX-License-Identifier: Apache-2.0
// Real children: how they end, what they are given and what not, who they die with. On a loop, asked of the kernel.
#include "base/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr Millis kLong = 10s * kSlow;

ChildSpec shell(const std::string& script) {
  ChildSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"-c", script};
  return spec;
}

/// Runs it with its stdout (and what it says on descriptor 1) in a pipe; waits for its end.
struct Ran {
  int status = -1;
  std::string output;
};

Ran run(asio::io_context& io, ChildSpec spec) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd reader(ends[0]);
  spec.fds.emplace_back(1, UniqueFd(ends[1]));
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  REQUIRE(child);
  Ran result;
  result.status = await(io, child->wait());
  char buffer[65536];
  for (ssize_t count = 0; (count = ::read(reader.get(), buffer, sizeof buffer)) > 0;) {
    result.output.append(buffer, static_cast<std::size_t>(count));
  }
  return result;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) result.insert(line);
  return result;
}

/// Its state letter in /proc, or 0 when it is gone.
char state_of(pid_t pid) {
  const std::string text = read_text("/proc/" + std::to_string(pid) + "/stat");
  const auto at = text.rfind(") ");
  return at == std::string::npos ? '\0' : text[at + 2];
}

}  // namespace

TEST_CASE("a child's end is told as it was") {
  struct Row {
    const char *script, *words;
  };
  const Row rows[] = {{"exit 0", "exit status 0"},
                      {"exit 3", "exit status 3"},
                      {"kill -KILL $$", "killed by SIGKILL"},
                      {"kill -TERM $$", "killed by SIGTERM"},
                      {"kill -SEGV $$", "killed by SIGSEGV"}};
  asio::io_context io;
  for (const Row& row : rows) {
    CAPTURE(row.script);
    CHECK(describe_wait_status(run(io, shell(row.script)).status) == row.words);
  }
}

TEST_CASE("a program that is not there, or is none, is an error and leaves no process") {
  asio::io_context io;
  const Folder folder;
  write_text(folder / "text", "no program");
  ChildSpec absent;
  absent.program = folder / "absent";
  const auto first = Child::spawn(io.get_executor(), std::move(absent));
  REQUIRE_FALSE(first);
  CHECK(first.error().code == Errc::not_found);
  CHECK(first.error().message.find("absent") != std::string::npos);
  ChildSpec text;
  text.program = folder / "text";
  const auto second = Child::spawn(io.get_executor(), std::move(text));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::permission);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no child of ours is left, dead or alive
  CHECK(errno == ECHILD);
}

TEST_CASE("arguments arrive as they are") {
  asio::io_context io;
  ChildSpec spec;
  spec.program = "/usr/bin/printf";
  spec.arguments = {"[%s]", "two words", "$HOME", "", "窓口;"};
  const std::string output = run(io, std::move(spec)).output;
  CHECK(output == "[two words][$HOME][][窓口;]");
}

TEST_CASE("of our environment a child gets what is listed and nothing else") {
  ::setenv("MADOGUCHI_TEST_VALUE", "ours", 1);
  ::setenv("GST_DEBUG_TEST", "1", 1);
  ::setenv("BEARER_TOKEN", "secret-of-the-daemon", 1);
  ::setenv("LD_PRELOAD_TEST", "secret-of-the-daemon", 1);
  ::setenv("PATHOLOGY", "secret-of-the-daemon", 1);
  ::setenv("HOME", "/ours", 1);
  asio::io_context io;
  ChildSpec spec;
  spec.program = "/usr/bin/env";
  spec.environment = {{"MADOGUCHI_TEST_VALUE", "given"}, {"ONLY_FOR_THE_CHILD", "a b"}};
  const Ran ran = run(io, std::move(spec));
  const auto lines = lines_of(ran.output);
  CHECK(lines.count("MADOGUCHI_TEST_VALUE=given") == 1);
  CHECK(lines.count("MADOGUCHI_TEST_VALUE=ours") == 0);
  CHECK(lines.count("ONLY_FOR_THE_CHILD=a b") == 1);
  CHECK(lines.count("GST_DEBUG_TEST=1") == 1);
  CHECK(lines.count("HOME=/ours") == 1);
  CHECK(ran.output.find("PATH=") != std::string::npos);
  CHECK(ran.output.find("secret-of-the-daemon") == std::string::npos);
  for (const char* name : {"MADOGUCHI_TEST_VALUE", "GST_DEBUG_TEST", "BEARER_TOKEN", "LD_PRELOAD_TEST", "PATHOLOGY"}) {
    ::unsetenv(name);
  }
}

TEST_CASE("of our descriptors a child gets the named ones and stderr") {
  // Left open on purpose, without close-on-exec, low and high.
  const UniqueFd leaked(::open("/dev/zero", O_RDONLY));
  const UniqueFd high(::fcntl(leaked.get(), F_DUPFD, 300));
  REQUIRE(high.valid());
  const Folder folder;
  write_text(folder / "given", "given text");
  asio::io_context io;
  ChildSpec spec = shell("for n in /proc/self/fd/*; do echo ${n##*/}; done; cat <&5; echo; readlink /proc/self/fd/0");
  spec.fds.emplace_back(5, UniqueFd(::open((folder / "given").c_str(), O_RDONLY | O_CLOEXEC)));
  const auto lines = lines_of(run(io, std::move(spec)).output);
  CHECK(lines.count("given text") == 1);
  CHECK(lines.count("/dev/null") == 1);
  CHECK(lines.count("0") == 1);
  CHECK(lines.count("1") == 1);
  CHECK(lines.count("2") == 1);
  CHECK(lines.count("5") == 1);
  for (const std::string& line : lines) {
    CAPTURE(line);
    // 3 is the shell's own, of the folder that it lists.
    CHECK((line == "0" || line == "1" || line == "2" || line == "3" || line == "5" || line == "given text" ||
           line == "/dev/null"));
  }
  ChildSpec probe = shell("[ -e /proc/self/fd/" + std::to_string(high.get()) + " ] && echo leaked; echo done");
  const std::string output = run(io, std::move(probe)).output;
  CHECK(output == "done\n");
}

TEST_CASE("descriptors that are named crosswise arrive each at its place") {
  const Folder folder;
  asio::io_context io;
  ChildSpec spec = shell("cat <&3; cat <&4; cat <&5; cat <&6");
  // Each file may have been opened at another's wanted number.
  std::vector<UniqueFd> files;
  for (const char* name : {"a", "b", "c", "d"}) {
    write_text(folder / name, name);
    files.emplace_back(::open((folder / name).c_str(), O_RDONLY | O_CLOEXEC));
  }
  for (int i = 0; i < 4; ++i) spec.fds.emplace_back(6 - i, std::move(files[static_cast<std::size_t>(i)]));
  const std::string output = run(io, std::move(spec)).output;
  CHECK(output == "dcba");
}

TEST_CASE("a child starts with default signals and its own process group") {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGTERM, &ignore, &before);
  sigset_t blocked;
  sigset_t old;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  asio::io_context io;
  const Ran ran = run(io, shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f1,5 /proc/$$/stat"));
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::sigaction(SIGTERM, &before, nullptr);
  CHECK(ran.output.find("SigBlk:\t0000000000000000") != std::string::npos);
  CHECK(ran.output.find("SigIgn:\t0000000000000000") != std::string::npos);
  std::istringstream last(ran.output.substr(ran.output.rfind('\n', ran.output.size() - 2) + 1));
  pid_t pid = 0;
  pid_t group = -1;
  last >> pid >> group;
  CHECK(pid > 0);
  CHECK(group == pid);
}

TEST_CASE("a child that burns CPU ends at its limit") {
  asio::io_context io;
  ChildSpec spec = shell("while :; do :; done");
  spec.cpu_seconds = 1;
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  REQUIRE(child);
  CHECK(describe_wait_status(await(io, child->wait())) == "killed by SIGXCPU");
}

TEST_CASE("a child that ignores the first warning about CPU is killed a second later") {
  asio::io_context io;
  ChildSpec spec = shell("trap '' XCPU; while :; do :; done");
  spec.cpu_seconds = 1;
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  REQUIRE(child);
  CHECK(describe_wait_status(await(io, child->wait())) == "killed by SIGKILL");
}

TEST_CASE("a child leaves no core file, whatever its starter may") {
  asio::io_context io;
  CHECK(run(io, shell("ulimit -S -c; ulimit -H -c")).output == "0\n0\n");
}

TEST_CASE("a limit of address space holds") {
  asio::io_context io;
  ChildSpec spec = shell("ulimit -v");
  spec.address_space_bytes = 512ULL * 1024 * 1024;
  const std::string output = run(io, std::move(spec)).output;
  if (kSlow == 1) CHECK(output == "524288\n");
  else CHECK(output == "unlimited\n");  // sanitizers need terabytes of it
}

TEST_CASE("alive is what the kernel says, and waiting reaps") {
  asio::io_context io;
  auto child = Child::spawn(io.get_executor(), shell("read line"));  // stdin is /dev/null: it would end at once
  REQUIRE(child);
  const pid_t first = child->pid();
  CHECK(await(io, child->wait()) != -1);
  CHECK_FALSE(child->alive());
  CHECK(state_of(first) == '\0');

  ChildSpec waits = shell("read line");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  waits.fds.emplace_back(0, UniqueFd(ends[0]));
  UniqueFd writer(ends[1]);
  auto second = Child::spawn(io.get_executor(), std::move(waits));
  REQUIRE(second);
  CHECK(second->alive());
  const pid_t pid = second->pid();
  second->signal(SIGSTOP);
  CHECK(until(
      io, [pid] { return state_of(pid) == 'T'; }, kLong));
  CHECK(second->alive());  // stopped is not dead
  second->signal(SIGKILL);
  CHECK(until(
      io, [&second] { return !second->alive(); }, kLong));
  CHECK(state_of(pid) == 'Z');  // dead, and not reaped by looking
  CHECK(describe_wait_status(await(io, second->wait())) == "killed by SIGKILL");
  CHECK(state_of(pid) == '\0');
  second->signal(SIGTERM);  // nobody is hit
}

TEST_CASE("a wait that is cancelled throws, and the child goes on") {
  asio::io_context io;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd writer(ends[1]);
  ChildSpec spec = shell("read line; exit 4");
  spec.fds.emplace_back(0, UniqueFd(ends[0]));
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  REQUIRE(child);
  asio::cancellation_signal signal;
  bool aborted = false;
  auto ended = [&aborted](std::exception_ptr failure, int) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      aborted = error.code() == asio::error::operation_aborted;
    }
  };
  asio::co_spawn(io, child->wait(), asio::bind_cancellation_slot(signal.slot(), ended));
  io.poll();
  signal.emit(asio::cancellation_type::terminal);
  CHECK(until(
      io, [&aborted] { return aborted; }, kLong));
  CHECK(child->alive());
  writer.reset();
  CHECK(describe_wait_status(await(io, child->wait())) == "exit status 4");
}

TEST_CASE("a child dies with its owner and leaves no zombie, stopped or not") {
  asio::io_context io;
  for (const bool stopped : {false, true}) {
    CAPTURE(stopped);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd writer(ends[1]);
    ChildSpec spec = shell("trap '' TERM INT HUP; read line");
    spec.fds.emplace_back(0, UniqueFd(ends[0]));
    pid_t pid = 0;
    {
      auto child = Child::spawn(io.get_executor(), std::move(spec));
      REQUIRE(child);
      pid = child->pid();
      if (stopped) child->signal(SIGSTOP);
    }
    CHECK(state_of(pid) == '\0');
  }
}

TEST_CASE("a moved child has one owner") {
  asio::io_context io;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd writer(ends[1]);
  ChildSpec spec = shell("read line");
  spec.fds.emplace_back(0, UniqueFd(ends[0]));
  auto first = Child::spawn(io.get_executor(), std::move(spec));
  REQUIRE(first);
  const pid_t pid = first->pid();
  std::optional<Child> owner(std::move(*first));
  CHECK(owner->alive());
  CHECK(owner->pid() == pid);
  auto other = Child::spawn(io.get_executor(), shell("exit 0"));
  REQUIRE(other);
  *owner = std::move(*other);  // the one it held dies
  CHECK(state_of(pid) == '\0');
}

TEST_CASE("when the daemon is killed its children die too") {
  asio::io_context io;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd reader(ends[0]);
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    asio::io_context own;
    ChildSpec spec = shell("trap '' TERM INT HUP; while :; do wait; done");
    auto child = Child::spawn(own.get_executor(), std::move(spec));
    const pid_t pid = child ? child->pid() : 0;
    [[maybe_unused]] const auto written = ::write(ends[1], &pid, sizeof pid);
    ::raise(SIGKILL);
  }
  ::close(ends[1]);
  pid_t child = 0;
  REQUIRE(::read(reader.get(), &child, sizeof child) == sizeof child);
  REQUIRE(child > 0);
  ::waitpid(daemon, nullptr, 0);
  CHECK(until(
      io, [child] { return state_of(child) == '\0' || state_of(child) == 'Z'; }, kLong));
}
