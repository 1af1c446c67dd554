// SPDX-License-Identifier: Apache-2.0
// Names leave no trace: what a calendar says of people is in no memory of the daemon once it was read, and nobody of the
// same user may look into it, nor does a core dump.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/child.hpp"
#include "base/unique_fd.hpp"
#include "tests/firmware/daemon/box_and_office.hpp"
#include "tests/firmware/schedule/private_words.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

constexpr std::uint64_t kLargest = 256ULL << 20;  // a sanitizer's shadow is larger, and is none of the program's memory

/// Of these words, those that stand in what the process can write to. Empty when it may not be looked into.
std::vector<std::string> in_memory(pid_t pid, const std::vector<std::string>& words) {
  std::vector<std::string> found;
  std::ifstream maps(fmt::format("/proc/{}/maps", pid));
  const UniqueFd memory(::open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC));
  for (std::string line; memory.valid() && std::getline(maps, line);) {
    std::uint64_t from = 0, until = 0;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &until, mode) != 3) continue;
    if (mode[0] != 'r' || mode[1] != 'w' || until - from > kLargest) continue;
    std::string bytes(until - from, '\0');
    const ssize_t got = ::pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(from));
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    for (const std::string& word : words) {
      const bool known = std::find(found.begin(), found.end(), word) != found.end();
      if (!known && bytes.find(word) != std::string::npos) found.push_back(word);
    }
  }
  return found;
}

/// As another process of the same user: without the capability that lets root look into any. kcmp(2) asks for no more than
/// that, and for root it compares what both may have, not what they use.
bool may_look_into(pid_t pid) {
  bool may = false;
  std::thread([pid, &may] {  // a thread has its own capabilities
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    ::syscall(SYS_capget, &header, data);
    data[0].effective &= ~(1U << CAP_SYS_PTRACE);
    ::syscall(SYS_capset, &header, data);
    may = ::syscall(SYS_kcmp, pid, ::getpid(), KCMP_VM, 0, 0) >= 0;
  })
      .join();
  return may;
}

}  // namespace

TEST_CASE("what a calendar says of people is in no memory of the daemon once it was read") {
  const TestCa ca;
  asio::io_context io;
  ScriptedOffice office(io);
  ScriptedServer calendars(io, ca.issue());
  // Long enough to come in many pieces, so that some wait for the reader.
  std::string body = one_booking(office.origin(), "room1", -5min, 60min, private_lines(""));
  const auto end = body.find("END:VCALENDAR");
  std::string more;
  for (int i = 0; i < 500; ++i) {
    const std::string one = one_booking(office.origin(), fmt::format("room-{}", i), 2h + i * 10min,
                                        2h + i * 10min + 5min, private_lines(""));
    const auto from = one.find("BEGIN:VEVENT");
    more += one.substr(from, one.find("END:VCALENDAR") - from);
  }
  body.insert(end, more);
  int status = 200;
  calendars.answer = [&](const ServerRequest&) {
    return ServerReply(status, body).with("Content-Type", "text/calendar");
  };

  BoxOptions options = BoxAndOffice::options(office, {});
  options.calendar = calendars.url("/hall.ics");
  options.every = "30s";
  const Folder certificates;
  write_text(certificates / "ca.pem", ca.pem());
  options.box = "ca_file = \"" + (certificates / "ca.pem").native() + "\"";
  BoxUnderTest box(io, std::move(options));
  std::string error;
  SECTION("of a calendar that is good") {}
  SECTION("of one that is cut off in the middle") {
    body.resize(body.size() / 2);
    error = "calendar";
  }
  SECTION("of what a server says when it refuses") {
    status = 403;
    error = "HTTP 403";
  }
  box.start();
  REQUIRE(box.until(
      [&](const object& now) {
        const object& feed = now.at("feeds").as_array().at(0).as_object();
        return number_at(feed, "age_s") >= 0 || !text_at(feed, "error").empty();
      },
      20s));
  const std::string said = text_at(box.last.at("feeds").as_array().at(0).as_object(), "error");
  CAPTURE(said);
  REQUIRE(said.empty() == error.empty());
  REQUIRE(said.find(error) != std::string::npos);
  if (in_memory(box.pid(), {"中央公民館"}).empty()) {
    WARN("this user may not look into the daemon's memory: run it as root");
    return;
  }
  CHECK(in_memory(box.pid(), private_words()) == std::vector<std::string>{});
}

TEST_CASE("nobody of the same user may look into the daemon, and the lamp can look into the children") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.calling());
  CHECK_FALSE(may_look_into(it.box.pid()));
  CHECK(may_look_into(it.box.media_pid()));
  for (const pid_t camera : it.cameras()) CHECK(may_look_into(camera));
  CHECK(may_look_into(::getpid()));
}

TEST_CASE("nobody of the same user may look into the child that reads calendars") {
  asio::io_context io;
  int in[2];
  int out[2];
  REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  UniqueFd child_in(in[0]), to_child(in[1]), from_child(out[0]), child_out(out[1]);
  ChildSpec spec;
  spec.program = MADOGUCHI_BIN "/madoguchi-feed";
  spec.fds.emplace_back(0, std::move(child_in));
  spec.fds.emplace_back(1, std::move(child_out));
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  REQUIRE(child);
  // From its first read on it has names.
  REQUIRE(until(
      io,
      [&child] {
        const std::string now = read_text(fmt::format("/proc/{}/syscall", child->pid()));
        return now.starts_with(fmt::format("{} ", SYS_read));
      },
      10s * kSlow));
  CHECK_FALSE(may_look_into(child->pid()));
}
