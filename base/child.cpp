// SPDX-License-Identifier: Apache-2.0
// fork, exec and a pidfd. On the loop's thread.
#include "base/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

extern char** environ;

namespace madoguchi {

namespace asio = boost::asio;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kShadowMemory = true;  // terabytes of it: no program starts under a limit
#else
constexpr bool kShadowMemory = false;
#endif

bool inherited(std::string_view entry) {
  constexpr std::string_view kExact[] = {"PATH=", "LANG=", "HOME=", "TZ="};
  constexpr std::string_view kPrefixes[] = {"GST_", "XDG_", "MADOGUCHI_", "DISPLAY=", "WAYLAND_DISPLAY=", "PULSE_"};
  const auto starts = [entry](std::string_view prefix) { return entry.substr(0, prefix.size()) == prefix; };
  if (std::any_of(std::begin(kExact), std::end(kExact), starts)) return true;
  if (std::any_of(std::begin(kPrefixes), std::end(kPrefixes), starts)) return true;
  return entry.substr(0, entry.find('=')).find("SAN_OPTIONS") != std::string_view::npos;
}

std::vector<std::string> environment_for(const ChildSpec& spec) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto key = text.substr(0, text.find('='));
    const bool replaced = std::any_of(spec.environment.begin(), spec.environment.end(),
                                      [key](const auto& each) { return each.first == key; });
    if (inherited(text) && !replaced) result.emplace_back(text);
  }
  for (const auto& [key, value] : spec.environment) result.push_back(key + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& each : strings) result.push_back(each.data());
  result.push_back(nullptr);
  return result;
}

struct Plan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  std::vector<std::pair<int, int>> fds;  ///< wanted number, ours (moved out of the way already)
  std::optional<std::uint64_t> cpu_seconds, address_space_bytes;
  int report;  ///< close-on-exec; errno goes here
  pid_t parent;
};

[[noreturn]] void give_up(const Plan& plan) {
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(plan.report, &error, sizeof error);
  ::_exit(127);
}

/// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const Plan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // it died before the line above
  ::setpgid(0, 0);                               // a terminal's Ctrl-C is for the daemon alone
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < 65; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  int last = 2;
  bool standard_named[2] = {false, false};
  for (const auto& [wanted, ours] : plan.fds) {
    if (::dup2(ours, wanted) < 0) give_up(plan);
    if (wanted < 2) standard_named[wanted] = true;
    last = std::max(last, wanted);
  }
  for (const int number : {0, 1}) {
    if (standard_named[number]) continue;
    const int null = ::open("/dev/null", O_RDWR);
    if (null < 0 || ::dup2(null, number) < 0) give_up(plan);
    if (null > 2) ::close(null);
  }
  for (int number = 3; number <= last; ++number) {
    const bool kept =
        std::any_of(plan.fds.begin(), plan.fds.end(), [number](const auto& f) { return f.first == number; });
    if (!kept && number != plan.report) ::close(number);
  }
  ::syscall(SYS_close_range, static_cast<unsigned>(last + 1), ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);

  const auto limit = [&plan](int what, std::uint64_t soft, std::uint64_t hard) {
    const rlimit bound{soft, hard};
    if (::setrlimit(static_cast<__rlimit_resource>(what), &bound) != 0) give_up(plan);
  };
  limit(RLIMIT_CORE, 0, 0);
  if (plan.cpu_seconds) limit(RLIMIT_CPU, *plan.cpu_seconds, *plan.cpu_seconds + 1);
  if (plan.address_space_bytes && !kShadowMemory) {
    limit(RLIMIT_AS, *plan.address_space_bytes, *plan.address_space_bytes);
  }
  ::execve(plan.program, plan.arguments, plan.environment);
  give_up(plan);
}

}  // namespace

Result<Child> Child::spawn(asio::any_io_executor executor, ChildSpec spec) {
  std::vector<std::string> arguments{spec.program.native()};
  arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<std::string> environment = environment_for(spec);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);

  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return fail(errno_error("making a pipe", errno));
  UniqueFd report_read(report[0]);
  UniqueFd report_write(::fcntl(report[1], F_DUPFD_CLOEXEC, 100));
  ::close(report[1]);

  Plan plan{spec.program.c_str(), argument_pointers.data(), environment_pointers.data(), {},
            spec.cpu_seconds,     spec.address_space_bytes, report_write.get(),          ::getpid()};
  // Ours are moved above every wanted number, so that none is overwritten before it is used.
  std::vector<UniqueFd> moved;
  for (const auto& [wanted, ours] : spec.fds) {
    moved.emplace_back(::fcntl(ours.get(), F_DUPFD_CLOEXEC, 100));
    if (!moved.back().valid()) return fail(errno_error("handing descriptors to " + spec.program.native(), errno));
    plan.fds.emplace_back(wanted, moved.back().get());
  }

  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours runs in the child
  const pid_t pid = ::fork();
  if (pid == 0) become(plan);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(errno_error("starting " + spec.program.native(), fork_error));

  report_write.reset();
  int exec_error = 0;
  ssize_t count = 0;
  do {
    count = ::read(report_read.get(), &exec_error, sizeof exec_error);
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(sizeof exec_error)) {
    ::waitpid(pid, nullptr, 0);
    return fail(errno_error("starting " + spec.program.native(), exec_error));
  }
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    const Error error = errno_error("watching " + spec.program.native(), errno);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(error);
  }
  ::fcntl(pidfd, F_SETFD, FD_CLOEXEC);
  return Child(pid, asio::posix::stream_descriptor(executor, pidfd));
}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Child::~Child() { end(); }

void Child::end() {
  if (pid_ <= 0) return;
  const pid_t pid = std::exchange(pid_, -1);
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != 0) return;  // dead and reaped, or reaped before
  ::kill(pid, SIGKILL);
  pollfd dead{pidfd_.native_handle(), POLLIN, 0};
  if (::poll(&dead, 1, 100) == 1) {
    ::waitpid(pid, &status, 0);
    return;
  }
  // It sits in the kernel and will not die now: abandoned, reaped when it does.
  std::thread([pid] { ::waitpid(pid, nullptr, 0); }).detach();
}

bool Child::alive() const {
  if (pid_ <= 0 || !pidfd_.is_open()) return false;
  pollfd state{const_cast<asio::posix::stream_descriptor&>(pidfd_).native_handle(), POLLIN, 0};
  return ::poll(&state, 1, 0) == 0;
}

void Child::signal(int number) const {
  if (pid_ <= 0 || !pidfd_.is_open()) return;
  const int pidfd = const_cast<asio::posix::stream_descriptor&>(pidfd_).native_handle();
  ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0);
}

asio::awaitable<int> Child::wait() {
  boost::system::error_code error;
  co_await pidfd_.async_wait(asio::posix::stream_descriptor::wait_read,
                             asio::redirect_error(asio::use_awaitable, error));
  if (error) throw boost::system::system_error(error);
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  if (pid <= 0 || ::waitpid(pid, &status, 0) != pid) co_return 0;
  co_return status;
}

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) {
    const char* abbreviation = ::sigabbrev_np(WTERMSIG(status));
    return fmt::format("killed by SIG{}", abbreviation == nullptr ? "?" : abbreviation);
  }
  return fmt::format("wait status {}", status);
}

}  // namespace madoguchi
