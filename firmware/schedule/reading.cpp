// SPDX-License-Identifier: Apache-2.0
// The child's pipes and its deadlines.
#include "firmware/schedule/reading.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <utility>

namespace madoguchi::schedule {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

namespace {
constexpr std::uint64_t kCpuSeconds = 2;
constexpr std::uint64_t kMemory = 128ULL << 20;
constexpr std::size_t kMostOutput = 2 << 20;
}  // namespace

Result<std::unique_ptr<Reading>> Reading::begin(asio::any_io_executor executor, Clock& clock,
                                                const Settings& settings) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return fail(errno_error("reading it", errno));
  UniqueFd child_in(in[0]);
  stream_descriptor to_child(executor, in[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return fail(errno_error("reading it", errno));
  UniqueFd child_out(out[1]);
  stream_descriptor from_child(executor, out[0]);
  ChildSpec spec;
  spec.program = settings.reader;
  spec.fds.emplace_back(0, std::move(child_in));
  spec.fds.emplace_back(1, std::move(child_out));
  spec.cpu_seconds = kCpuSeconds;
  spec.address_space_bytes = kMemory;
  Result<Child> child = Child::spawn(executor, std::move(spec));
  if (!child) return fail(child.error());
  return std::unique_ptr<Reading>(
      new Reading(clock, settings, std::move(*child), std::move(to_child), std::move(from_child)));
}

Reading::Reading(Clock& clock, const Settings& settings, Child child, stream_descriptor to_child,
                 stream_descriptor from_child)
    : child_(std::move(child)), to_child_(std::move(to_child)), from_child_(std::move(from_child)),
      within_(settings.read_within), deadline_(clock) {
  to_child_.non_blocking(true);
}

void Reading::expect_soon() {
  deadline_.after(within_, [this] {
    late_ = true;
    child_.signal(SIGKILL);
    boost::system::error_code closed;  // one that is closed by now has nothing to cancel
    to_child_.cancel(closed);
    from_child_.cancel(closed);
  });
}

asio::awaitable<bool> Reading::write(std::string_view bytes) {
  // Most of them go into the pipe at once: no deadline for that.
  boost::system::error_code error;
  const std::size_t gone = to_child_.write_some(asio::buffer(bytes), error);
  if (error && error != asio::error::would_block) co_return false;
  const std::string_view rest = bytes.substr(gone);
  if (rest.empty()) co_return true;
  expect_soon();
  co_await asio::async_write(to_child_, asio::buffer(rest), asio::redirect_error(asio::use_awaitable, error));
  deadline_.clear();
  co_return !error && !late_;
}

asio::awaitable<Result<json::bj::object>> Reading::finish() {
  to_child_.close();
  std::string output;
  auto buffer = asio::dynamic_buffer(output, kMostOutput);
  boost::system::error_code error;
  bool whole = false;
  if (!late_) {  // after that there is no second deadline
    expect_soon();
    co_await asio::async_read(from_child_, buffer, asio::redirect_error(asio::use_awaitable, error));
    whole = error == asio::error::eof;
  }
  child_.signal(whole ? 0 : SIGKILL);
  const int status = co_await child_.wait();
  deadline_.clear();
  if (late_) co_return fail(Errc::timeout, "reading it took too long and was cut off");
  if (!whole) co_return fail(Errc::timeout, "reading it was cut off: the reader wrote too much");
  if (WIFSIGNALED(status)) {
    co_return fail(Errc::timeout, fmt::format("reading it was cut off: {}", describe_wait_status(status)));
  }
  auto object = json::parse_object(output);
  if (!object) co_return fail(Errc::protocol, "the reader wrote what is not JSON");
  if (object->contains("error")) {
    co_return fail(Errc::invalid, json::string_or(*object, "message", "unreadable").value_or("unreadable"));
  }
  co_return object;
}

}  // namespace madoguchi::schedule
