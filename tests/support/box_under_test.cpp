// SPDX-License-Identifier: Apache-2.0
// The real daemon in tests. On the test's thread.
#include "tests/support/box_under_test.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "firmware/control/control.hpp"

namespace madoguchi::test {

using json::bj::object;

namespace {

constexpr const char* kConfig = R"toml([box]
hall = "中央公民館"
telephone = "0123-45-6789"
state = "{folder}/state"
socket = "{folder}/control.sock"
programs = "{programs}"
synchronised_clock = false
{box}
[[office]]
origin = "{origin}"
token = "{token}"
[[feed]]
name = "desk"
url = "{calendar}"
every = "{every}"
[[link]]
feeds = ["desk"]
link = "{origin}/rooms/(?P<room>[A-Za-z0-9_-]+)"
{events}
[[link.seat]]
id = "counsellor"
role = "相談員"
publish = "{origin}/whip/{{room}}/counsellor"
play = "{origin}/whep/{{room}}/counsellor"
[media]
loopback = true
{media}
[camera]
{camera}
)toml";

/// `keys` with those of `more` that it does not set itself.
std::string with(std::string keys, std::initializer_list<std::pair<const char*, const char*>> more) {
  for (const auto& [key, value] : more)
    if (keys.find(key) == std::string::npos) keys += fmt::format("{} = \"{}\"\n", key, value);
  return keys;
}

/// Under a sanitizer, two tests at a time, children and far ends pause for seconds: they count as hung, silent or
/// unconnected from later there, and pictures are small.
BoxOptions unhurried(BoxOptions options) {
  if (kSlow == 1) return options;
  options.media = with(options.media, {{"hung_after", "5s"}});
  if (options.media.find("width") == std::string::npos) options.media += "width = 640\nheight = 360\nfps = 15\n";
  options.camera = with(options.camera, {{"hung_after", "5s"}, {"no_frame_after", "5s"}});
  const std::string table = "[session]\n";
  if (options.extra.find(table) == std::string::npos) options.extra += "\n" + table;
  const auto keys = options.extra.find(table) + table.size();
  const auto end = options.extra.find("\n[", keys);
  const auto length = end == std::string::npos ? end : end + 1 - keys;
  const std::string session =
      with(options.extra.substr(keys, length),
           {{"play_silent_after", "10s"}, {"feedback_silent_after", "30s"}, {"connect_within", "30s"}});
  options.extra.replace(keys, length, session);
  return options;
}

}  // namespace

BoxUnderTest::BoxUnderTest(asio::io_context& io, BoxOptions options)
    : io_(io), daemon_(io, folder_.path(), "madoguchid") {
  options = unhurried(std::move(options));
  const std::string events =
      options.events ? fmt::format("events = \"{}/events/{{room}}\"", options.origin) : std::string();
  write_text(folder_ / "box.toml", fmt::format(fmt::runtime(kConfig), fmt::arg("folder", folder_.path().native()),
                                               fmt::arg("programs", MADOGUCHI_BIN), fmt::arg("origin", options.origin),
                                               fmt::arg("token", options.token), fmt::arg("calendar", options.calendar),
                                               fmt::arg("events", events), fmt::arg("media", options.media),
                                               fmt::arg("camera", options.camera), fmt::arg("box", options.box),
                                               fmt::arg("every", options.every)) +
                                       options.extra);
}

BoxUnderTest::~BoxUnderTest() {
  if (daemon_.running()) kill();
}

void BoxUnderTest::start() {
  daemon_.start("madoguchid", {"--config", folder_ / "box.toml"});
  const bool ready = test::until(
      io_,
      [this] {
        if (!daemon_.running()) throw std::runtime_error("the daemon ended:\n" + log());
        const auto reply = control::ask(folder_ / "control.sock", {{"command", "status"}}, Millis(5000));
        return reply && text_at(reply->body, "media.state") == "ready";
      },
      std::chrono::seconds(20 * kSlow));
  if (!ready) throw std::runtime_error("the daemon is not ready:\n" + log());
}

int BoxUnderTest::stop() {
  daemon_.signal(SIGTERM);
  return daemon_.wait();
}

void BoxUnderTest::kill() {
  daemon_.signal(SIGKILL);
  daemon_.wait();
}

object BoxUnderTest::ask(object question) {
  auto reply = control::ask(folder_ / "control.sock", question, std::chrono::seconds(10));
  if (!reply) throw std::runtime_error("the daemon says: " + reply.error().message + "\n" + log());
  return std::move(reply->body);
}

bool BoxUnderTest::screenshot() {
  const auto reply = control::ask(folder_ / "control.sock", {{"command", "screenshot"}}, std::chrono::seconds(10));
  return reply && reply->fds.size() == 1;
}

bool BoxUnderTest::until(const std::function<bool(const object&)>& pleases, Millis within) {
  return test::until(
      io_,
      [&] {
        last = status();
        return pleases(last);
      },
      within * kSlow);
}

bool BoxUnderTest::until_phase(std::string_view phase, Millis within) {
  return until([phase](const object& status) { return text_at(status, "phase") == phase; }, within);
}

bool BoxUnderTest::until_card(std::string_view code, Millis within) {
  return until([code](const object& status) { return text_at(status, "card.code") == code; }, within);
}

bool BoxUnderTest::until_up(std::string_view direction, Millis within) {
  return until([direction](const object& status) { return text_at(leg_of(status, direction), "state") == "up"; },
               within);
}

bool BoxUnderTest::children_gone() {
  return test::until(
      io_, [this] { return children_of(daemon_.pid(), "madoguchi-camera").empty(); }, std::chrono::seconds(5 * kSlow));
}

pid_t BoxUnderTest::media_pid() { return static_cast<pid_t>(number_at(status(), "media.pid")); }
pid_t BoxUnderTest::camera_pid() { return static_cast<pid_t>(number_at(status(), "camera.pid")); }

namespace {

const json::bj::value* find(const object& from, std::string_view path) {
  const object* at = &from;
  for (;;) {
    const auto dot = path.find('.');
    const auto* value = at->if_contains(path.substr(0, dot));
    if (value == nullptr || dot == std::string_view::npos) return value;
    at = value->if_object();
    if (at == nullptr) return nullptr;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string text_at(const object& from, std::string_view path) {
  const auto* value = find(from, path);
  return value != nullptr && value->is_string() ? std::string(value->as_string().c_str()) : std::string();
}

double number_at(const object& from, std::string_view path) {
  const auto* value = find(from, path);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

object leg_of(const object& status, std::string_view direction) {
  const auto* legs = find(status, "legs");
  if (legs == nullptr) return {};
  for (const auto& leg : legs->as_array()) {
    if (text_at(leg.as_object(), "direction") == direction) return leg.as_object();
  }
  return {};
}

bool has_fault(const object& status, std::string_view code) {
  for (const auto& fault : status.at("faults").as_array()) {
    if (text_at(fault.as_object(), "code") == code) return true;
  }
  return false;
}

std::vector<std::string> ip_sockets(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  std::vector<std::pair<std::string, std::string>> listed;
  for (const char* table : {"udp", "udp6", "tcp", "tcp6", "raw", "raw6", "packet"}) {
    std::ifstream file(proc + "/net/" + table);
    for (std::string line; std::getline(file, line);) listed.emplace_back(table, line + " ");
  }
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& fd : std::filesystem::directory_iterator(proc + "/fd", error)) {
    const std::string target = std::filesystem::read_symlink(fd.path(), error).native();
    if (target.rfind("socket:[", 0) != 0) continue;
    const std::string inode = " " + target.substr(8, target.size() - 9) + " ";
    for (const auto& [table, line] : listed) {
      if (line.find(inode) != std::string::npos) found.push_back(table + ": " + line);
    }
  }
  return found;
}

namespace {

struct Relative {
  pid_t pid;
  std::string name;
  bool living;
};

std::vector<Relative> relatives_of(pid_t parent) {
  std::vector<Relative> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string number = entry.path().filename();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    std::getline(stat, line);
    // proc_pid_stat(5): "PID (the name, cut at 15) STATE PPID ... THREADS ...", the threads as the 20th.
    const auto open = line.find('('), close = line.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    std::istringstream rest(line.substr(close + 1));
    const std::vector<std::string> fields(std::istream_iterator<std::string>(rest), {});
    if (fields.size() < 18 || std::stol(fields[1]) != parent) continue;
    // A process lives as long as one of its threads does: its first may be a zombie before the others let go.
    const bool gone = fields[0].find_first_of("ZX") == 0 && std::stol(fields[17]) <= 1;
    found.push_back({static_cast<pid_t>(std::stol(number)), line.substr(open + 1, close - open - 1), !gone});
  }
  return found;
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent, const std::string& program) {
  std::vector<pid_t> found;
  for (const Relative& each : relatives_of(parent)) {
    if (each.living && each.name == program.substr(0, 15)) found.push_back(each.pid);
  }
  return found;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const Relative& each : relatives_of(parent)) found.push_back(each.pid);
  return found;
}

}  // namespace madoguchi::test
