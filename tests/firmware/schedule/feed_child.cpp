// SPDX-License-Identifier: Apache-2.0
// The reading child started as the daemon starts it, its ends on memory files. On the test's thread.
#include "tests/firmware/schedule/feed_child.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "base/child.hpp"
#include "base/clock.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

namespace {

UniqueFd memory() {
  UniqueFd result(::memfd_create("feed", MFD_CLOEXEC));
  if (!result.valid()) throw std::runtime_error("no memory file");
  return result;
}

UniqueFd another(const UniqueFd& fd) { return UniqueFd(::dup(fd.get())); }

std::string all_of(const UniqueFd& fd) {
  std::string result;
  char part[65536];
  ::lseek(fd.get(), 0, SEEK_SET);
  for (ssize_t count = 0; (count = ::read(fd.get(), part, sizeof part)) > 0;) {
    result.append(part, static_cast<std::size_t>(count));
  }
  return result;
}

std::string stamp(std::int64_t millis) {
  const std::time_t seconds = millis / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%MZ}", utc);
}

}  // namespace

bool ChildEnd::exited(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

json::bj::object ChildEnd::object() const { return json::parse_object(out).value_or(json::bj::object()); }

ChildEnd run_feed_child(const std::string& input) {
  asio::io_context io;
  const UniqueFd in = memory();
  const UniqueFd out = memory();
  const UniqueFd err = memory();
  if (::write(in.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size())) {
    throw std::runtime_error("the input was not written");
  }
  ::lseek(in.get(), 0, SEEK_SET);
  ChildSpec spec;
  spec.program = MADOGUCHI_BIN "/madoguchi-feed";
  spec.fds.emplace_back(0, another(in));
  spec.fds.emplace_back(1, another(out));
  spec.fds.emplace_back(2, another(err));
  spec.cpu_seconds = 2;
  spec.address_space_bytes = 128ULL << 20;
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  if (!child) throw std::runtime_error(child.error().message);
  ChildEnd end;
  end.status = await(io, child->wait());
  end.out = all_of(out);
  end.err = all_of(err);
  return end;
}

std::string feed_header(const std::string& feed) {
  const auto day = [](int number) { return std::int64_t{number} * 24 * 3600 * 1000; };
  json::bj::object seat{{"id", "counsellor"},
                        {"role", "相談員"},
                        {"publish", "https://desk.example/whip/{room}"},
                        {"play", "https://desk.example/whep/{room}"}};
  json::bj::object rule;
  rule["link"] = "https://desk.example/rooms/(?P<room>[^/]+)";
  rule["events"] = "https://desk.example/events/{room}";
  rule["seats"] = json::bj::array{std::move(seat)};
  json::bj::object header;
  header["feed"] = feed;
  header["time_zone"] = "Asia/Tokyo";
  header["from"] = day(20549 - 1);    // 2026-04-05
  header["until"] = day(20549 + 14);  // 2026-04-20
  header["links"] = json::bj::array{std::move(rule)};
  return json::bj::serialize(header) + "\n";
}

std::string calendar(const std::string& lines) {
  std::string result;
  for (const char c : "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//\n" + lines + "END:VCALENDAR\n") {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

std::string event(const std::string& lines, const std::string& uid) {
  return "BEGIN:VEVENT\nUID:" + uid + "\nDTSTAMP:20260401T000000Z\n" + lines + "END:VEVENT\n";
}

std::vector<std::string> consultations(const json::bj::object& object) {
  std::vector<std::string> result;
  const auto* list = object.if_contains("consultations");
  if (list == nullptr) return {"no agenda"};
  for (const auto& each : list->as_array()) {
    const auto& one = each.as_object();
    const std::string events(one.at("events").as_string());
    result.push_back(fmt::format("{}/{} {} {}", stamp(one.at("start").as_int64()), stamp(one.at("end").as_int64()),
                                 one.at("status").as_string().c_str(), events.substr(events.rfind('/') + 1)));
  }
  return result;
}

std::vector<std::string> skipped(const json::bj::object& object) {
  std::vector<std::string> result;
  const auto* list = object.if_contains("skipped");
  if (list == nullptr) return {"no list"};
  for (const auto& each : list->as_array()) {
    const auto& one = each.as_object();
    result.push_back(fmt::format("{} {}", one.at("event").as_int64(), one.at("why").as_string().c_str()));
  }
  return result;
}

}  // namespace madoguchi::test
