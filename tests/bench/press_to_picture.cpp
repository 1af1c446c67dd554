// SPDX-License-Identifier: Apache-2.0
// From the press to the picture: 20 presses of a real box at a real desk, with a counsellor that needs no browser; and
// what each process weighs when nothing happens.
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "tests/bench/figures.hpp"
#include "tests/support/box_under_test.hpp"
#include "tests/support/counsellor.hpp"
#include "tests/support/desk_under_test.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

constexpr int kPresses = 20;

/// Proportional set size in MB, from the kernel.
double pss(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("Pss:", 0) == 0) return std::stod(line.substr(4)) / 1024;
  }
  return 0;
}

void require(bool good, const std::string& what, BoxUnderTest& box) {
  if (!good) throw std::runtime_error(what + "\n" + json::bj::serialize(box.last) + "\n" + box.log());
}

bool measured(const object& status, std::string_view which) {
  return number_at(status, "timings." + std::string(which)) > 0;
}

int run() {
  asio::io_context io;
  DeskUnderTest desk(io);
  desk.start();
  const std::string room = desk.book(-5min, 120min);
  BoxOptions options = desk.box_options();
  options.extra = "[session]\nfarewell_for = \"100ms\"\n";
  BoxUnderTest box(io, std::move(options));
  box.start();
  Counsellor counsellor(io, desk.origin(), DeskUnderTest::kName, DeskUnderTest::kPassword);
  counsellor.log_in();
  counsellor.join(room);
  require(box.until_card("ready", 30s), "no consultation is open", box);
  const double daemon_fresh = pss(box.pid());
  const double media_fresh = pss(box.media_pid());

  std::vector<double> lamp, rtp, frame;
  for (int i = 0; i < kPresses; ++i) {
    require(box.until(
                [](const object& now) {
                  return text_at(now, "card.code") != "starting" && json::boolean(now, "events_up").value_or(false);
                },
                30s),
            "not ready for the next press", box);
    box.press();
    require(box.until(
                [](const object& now) {
                  return measured(now, "press_to_lamp_ms") && measured(now, "press_to_first_rtp_ms") &&
                         measured(now, "press_to_first_frame_ms");
                },
                30s),
            "no picture came", box);
    lamp.push_back(number_at(box.last, "timings.press_to_lamp_ms"));
    rtp.push_back(number_at(box.last, "timings.press_to_first_rtp_ms"));
    frame.push_back(number_at(box.last, "timings.press_to_first_frame_ms"));
    std::fprintf(stderr, "press %d of %d: picture after %.0f ms\n", i + 1, kPresses, frame.back());
    box.press(true);
    require(box.until_phase("idle", 30s), "it does not end", box);
  }
  require(box.until_card("no-bookings", 30s), "not idle again", box);

  bench::Figures figures;
  figures.add("press_to_lamp", "ms", lamp, 20);
  figures.add("press_to_first_rtp", "ms", rtp);
  figures.add("press_to_first_frame", "ms", frame, 350);
  figures.add("pss_madoguchid_idle", "MB", {daemon_fresh}, 12);
  figures.add("pss_madoguchid_idle_after_20", "MB", {pss(box.pid())}, 12);
  figures.add("pss_media_idle", "MB", {media_fresh});
  figures.add("pss_media_idle_after_20", "MB", {pss(box.media_pid())});
  figures.add("pss_desk", "MB", {pss(desk.pid())});
  return figures.missed() ? 1 : 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "press_to_picture: %s\n", error.what());
    return 2;
  }
}
