// SPDX-License-Identifier: Apache-2.0
// What a camera process of its own costs: the processor time of madoguchi-camera and of a reader that copies each picture
// out of the frame memory as the media process does, less that of one process that takes the same pictures into its own
// memory. The camera is a preloaded stand-in of V4L2 (a simulation) whose pictures cost next to nothing to draw.
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/child.hpp"
#include "base/seqpacket.hpp"
#include "media/camera/source.hpp"
#include "media/frames.hpp"
#include "tests/bench/figures.hpp"
#include "tests/support/camera_stand_in.hpp"

using namespace madoguchi;
using namespace madoguchi::protocol;

namespace {

constexpr int kRounds = 7, kSeconds = 8;

double cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    throw std::runtime_error("the processor time of a process");
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// What the sender does with each picture, on both sides.
void hand_to_encoder(const std::vector<std::byte>& picture) {
  void* copy = std::malloc(picture.size());
  std::memcpy(copy, picture.data(), picture.size());
  asm volatile("" : : "r"(copy) : "memory");
  std::free(copy);
}

/// One process: from the camera into its own memory. Prints processor seconds per second.
int single(const std::string& node) {
  CameraHello hello;
  hello.device = node;
  auto opened = camera::open_device(hello);
  if (!opened) throw std::runtime_error(opened.error().message);
  auto source = camera::open_source(hello, std::move(*opened));
  if (!source) throw std::runtime_error(source.error().message);
  std::vector<std::byte> room(frame_bytes(hello.width, hello.height));
  int pictures = 0;
  double began = 0;
  for (; pictures < 30 * (kSeconds + 1);) {
    pollfd wait{(*source)->descriptor(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    auto taken = (*source)->take(room);
    if (!taken) throw std::runtime_error(taken.error().message);
    if (!taken->has_value()) continue;
    hand_to_encoder(room);
    if (++pictures == 30) began = cpu_seconds(0);  // a second to warm up
  }
  std::printf("%.6f\n", (cpu_seconds(0) - began) / kSeconds);
  return 0;
}

double run_single(const test::CameraStandIn& camera, const std::string& self) {
  std::string command;
  for (const auto& [key, value] : camera.environment()) command += key + "='" + value + "' ";
  command += "'" + self + "' --single '" + camera.node() + "'";
  FILE* output = ::popen(command.c_str(), "r");
  double result = -1;
  if (output == nullptr || std::fscanf(output, "%lf", &result) != 1 || ::pclose(output) != 0)
    throw std::runtime_error("the single process failed");
  return result;
}

struct Separate {
  double camera = 0, reader = 0;
};

Separate run_separate(const test::CameraStandIn& camera) {
  boost::asio::io_context loop;
  auto ends = seqpacket_pair();
  ChildSpec spec;
  spec.program = MADOGUCHI_BIN "/madoguchi-camera";
  spec.environment = camera.environment();
  spec.fds.emplace_back(kChannelFd, std::move(ends->second));
  auto child = Child::spawn(loop.get_executor(), std::move(spec));
  if (!child) throw std::runtime_error(child.error().message);
  CameraHello hello;
  hello.device = camera.node();
  auto memory = make_frame_memory(hello.width, hello.height);
  const int fds[] = {memory->writable.get()};
  if (!send_message(ends->first.get(), encode(ToCamera(hello)), fds)) throw std::runtime_error("no hello");
  auto reader = FrameReader::open(memory->readable.get(), hello.width, hello.height);
  const UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec beat{{0, 1'000'000'000 / 30}, {0, 1}};
  ::timerfd_settime(timer.get(), 0, &beat, nullptr);
  std::vector<std::byte> picture(reader->frame_size());
  FrameInfo info;
  Separate began;
  for (int beats = 0; beats < 30 * (kSeconds + 1);) {
    std::uint64_t passed = 0;
    if (::read(timer.get(), &passed, sizeof passed) != sizeof passed) throw std::runtime_error("the timer");
    while (receive_message(ends->first.get())) continue;  // its heartbeats, until there is none
    const auto before = info.number;
    if (!reader->copy(picture, info) || info.number == before) {
      if (info.number == 0) continue;  // it is starting
    }
    hand_to_encoder(picture);
    beats += static_cast<int>(passed);
    if (began.camera == 0 && beats >= 30) began = {cpu_seconds(child->pid()), cpu_seconds(0)};
  }
  if (info.number < 25 * kSeconds) throw std::runtime_error("the camera process gave too few pictures");
  return {(cpu_seconds(child->pid()) - began.camera) / kSeconds, (cpu_seconds(0) - began.reader) / kSeconds};
}

int run(const std::string& self) {
  test::CameraStandIn camera;
  camera.control().picture = test::StandIn::prepared;
  bench::Figures figures;
  for (const bool mjpeg : {false, true}) {
    camera.control().mjpeg = mjpeg;
    std::vector<double> added, alone, process, reader;
    for (int i = 0; i < kRounds; ++i) {
      const double one = run_single(camera, self);
      const Separate two = run_separate(camera);
      alone.push_back(one * 1000);
      process.push_back(two.camera * 1000);
      reader.push_back(two.reader * 1000);
      added.push_back((two.camera + two.reader - one) * 1000);
      std::fprintf(stderr, "round %d of %d: %.1f CPU-ms/s added\n", i + 1, kRounds, added.back());
    }
    const std::string kind = mjpeg ? "_mjpeg" : "_yuy2";
    figures.add("single_process" + kind, "CPU-ms/s", alone);
    figures.add("camera_process" + kind, "CPU-ms/s", process);
    figures.add("reader" + kind, "CPU-ms/s", reader);
    figures.add("camera_path_adds" + kind, "CPU-ms/s", added, 20);
  }
  return figures.missed() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::string_view(argv[1]) == "--single") return single(argv[2]);
    return run(argv[0]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "camera_path: %s\n", error.what());
    return 2;
  }
}
