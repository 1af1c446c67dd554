// SPDX-License-Identifier: Apache-2.0
// What a talk costs: processor time by process and thread, 1280x720 at 30 pictures a second and sound both ways, with a
// real daemon at a real desk and a counsellor without a browser; and the same in a bare program of the same elements
// (bare_talk.cpp), in turn, in the same run. The camera is simulated: its process draws, and is not compared.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>

#include "tests/bench/bare_talk.hpp"
#include "tests/bench/figures.hpp"
#include "tests/support/answerer.hpp"
#include "tests/support/box_under_test.hpp"
#include "tests/support/counsellor.hpp"
#include "tests/support/desk_under_test.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

constexpr int kRounds = 3;
constexpr auto kSettle = 4s, kMeasure = 12s;

/// Nanoseconds on a processor so far, by thread (its id and name); of threads that live.
std::map<std::pair<int, std::string>, double> threads_of(pid_t pid) {
  std::map<std::pair<int, std::string>, double> used;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::string name;
    std::ifstream comm(task.path() / "comm");
    std::getline(comm, name);
    double nanoseconds = 0;
    std::ifstream schedule(task.path() / "schedstat");
    schedule >> nanoseconds;
    used[{std::stoi(task.path().filename().string()), name}] = nanoseconds;
  }
  return used;
}

struct Cost {
  double main = 0, all = 0;               ///< CPU-ms a second
  std::map<std::string, double> threads;  ///< by name, digits taken off
};

void serve(asio::io_context& io, std::chrono::milliseconds time) {
  until(
      io, [] { return false; }, time);
}

std::map<pid_t, Cost> measure(asio::io_context& io, const std::vector<pid_t>& pids) {
  serve(io, kSettle);
  std::map<pid_t, std::map<std::pair<int, std::string>, double>> before;
  for (const pid_t pid : pids) before[pid] = threads_of(pid);
  const auto began = std::chrono::steady_clock::now();
  serve(io, kMeasure);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
  std::map<pid_t, Cost> costs;
  for (const pid_t pid : pids) {
    Cost& cost = costs[pid];
    for (const auto& [thread, used] : threads_of(pid)) {
      const auto known = before[pid].find(thread);
      const double here = (used - (known == before[pid].end() ? 0 : known->second)) / 1e6 / passed.count();
      cost.all += here;
      if (thread.first == pid) cost.main += here;
      std::string name = thread.first == pid ? "main" : thread.second;
      while (!name.empty() && std::string(":0123456789").find(name.back()) != std::string::npos &&
             name.find("src") == std::string::npos) {
        name.pop_back();
      }
      cost.threads[name] += here;
    }
  }
  return costs;
}

AnswererOptions far_end(protocol::Direction direction) {
  AnswererOptions options;
  options.direction = direction;
  options.width = 1280;
  options.height = 720;
  return options;
}

struct Box {
  Cost media, daemon, camera;
};

Box run_box(asio::io_context& io) {
  DeskUnderTest desk(io);
  desk.start();
  const std::string room = desk.book(-5min, 120min);
  BoxOptions options = desk.box_options();
  options.media = "width = 1280\nheight = 720\nfps = 30\n";
  BoxUnderTest box(io, std::move(options));
  box.start();
  Counsellor counsellor(io, desk.origin(), DeskUnderTest::kName, DeskUnderTest::kPassword);
  counsellor.send_options = far_end(protocol::Direction::play);
  counsellor.log_in();
  counsellor.join(room);
  if (!box.until_card("ready", 30s)) throw std::runtime_error("no consultation is open\n" + box.log());
  box.press();
  if (!box.until_up("play", 30s) || !box.until_up("publish", 30s)) throw std::runtime_error("no talk\n" + box.log());
  const pid_t media = box.media_pid(), camera = box.camera_pid();
  const double frames = number_at(leg_of(box.status(), "play"), "frames");
  const auto costs = measure(io, {media, box.pid(), camera});
  const object after = leg_of(box.status(), "play");
  const double rate = (number_at(after, "frames") - frames) / std::chrono::duration<double>(kSettle + kMeasure).count();
  std::fprintf(stderr, "box: %.1f pictures a second decoded, %.0f wide\n", rate, number_at(after, "width"));
  if (rate < 20) throw std::runtime_error("the far side's pictures do not come: the machine is too busy");
  return {costs.at(media), costs.at(box.pid()), costs.at(camera)};
}

Cost run_bare(asio::io_context& io, const std::string& self) {
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("pipes");
  UniqueFd in(to[1]), out(from[0]);
  ChildSpec spec;
  spec.program = self;
  spec.arguments = {"--bare"};
  spec.fds.emplace_back(0, UniqueFd(to[0]));
  spec.fds.emplace_back(1, UniqueFd(from[1]));
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  if (!child) throw std::runtime_error(child.error().message);
  const auto read_line = [&out] {
    std::string line;
    for (char byte = 0; ::read(out.get(), &byte, 1) == 1 && byte != '\n';) line += byte;
    return line;
  };
  Answerer receives(far_end(protocol::Direction::publish)), sends(far_end(protocol::Direction::play));
  for (Answerer* each : {&receives, &sends}) {
    const std::string offer(json::bj::parse(read_line()).as_string());
    const auto answer = each->answer(offer);
    if (!answer) throw std::runtime_error(answer.error().message);
    const std::string line = json::bj::serialize(json::bj::string(*answer)) + "\n";
    if (::write(in.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw std::runtime_error("the bare program does not read");
  }
  if (!until(
          io, [&receives] { return receives.stats().frames > 30; }, 20s)) {
    throw std::runtime_error("no picture of the bare program came");
  }
  const std::uint64_t frames = receives.stats().frames;
  const Cost cost = measure(io, {child->pid()}).at(child->pid());
  std::fprintf(stderr, "bare: %.1f pictures a second came\n",
               static_cast<double>(receives.stats().frames - frames) /
                   std::chrono::duration<double>(kSettle + kMeasure).count());
  return cost;
}

void print(const char* what, const Cost& cost) {
  std::fprintf(stderr, "%s: %.1f CPU-ms/s, of it", what, cost.all);
  for (const auto& [name, used] : cost.threads) {
    if (used >= 0.5) std::fprintf(stderr, " %s %.1f", name.c_str(), used);
  }
  std::fprintf(stderr, "\n");
}

int run(const std::string& self) {
  std::vector<double> main, media, daemon, camera, bare, ratio;
  for (int i = 0; i < kRounds; ++i) {
    asio::io_context io;
    const Box box = run_box(io);
    print("media", box.media);
    print("daemon", box.daemon);
    print("camera", box.camera);
    const Cost alone = run_bare(io, self);
    print("bare", alone);
    main.push_back(box.media.main);
    media.push_back(box.media.all);
    daemon.push_back(box.daemon.all);
    camera.push_back(box.camera.all);
    bare.push_back(alone.all);
    ratio.push_back((box.media.all + box.daemon.all) / alone.all * 100);
  }
  bench::Figures figures;
  figures.add("media_main_thread", "CPU-ms/s", main, 10);
  figures.add("media_all_threads", "CPU-ms/s", media);
  figures.add("daemon", "CPU-ms/s", daemon);
  figures.add("camera_simulated", "CPU-ms/s", camera);
  figures.add("bare", "CPU-ms/s", bare);
  figures.add("media_and_daemon_of_bare", "%", ratio, 140);
  return figures.missed() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 2 && std::string_view(argv[1]) == "--bare") return bench::bare_talk();
    return run(std::filesystem::canonical("/proc/self/exe").native());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "session_cost: %s\n", error.what());
    return 2;
  }
}
