// SPDX-License-Identifier: Apache-2.0
// The lamp's rule as a table, and the kernel's word on capture devices out of a /proc of the test's.
#include "firmware/session/lamp.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::session;
using Mode = board::Lamp::Mode;

TEST_CASE("steady before pulse before the fault's rhythm before dark") {
  REQUIRE(info(Fault::offer_failed).lamp > 0);
  REQUIRE(info(Fault::agenda_old).lamp == 0);
  struct Row {
    bool camera, capture, pulse;
    std::optional<Fault> fault;
    board::Lamp lamp;
  };
  const board::Lamp rhythm{Mode::rhythm, info(Fault::offer_failed).lamp};
  const Row rows[] = {
      {false, false, false, {}, {Mode::dark, 0}},
      {true, false, false, {}, {Mode::steady, 0}},
      {false, true, false, {}, {Mode::steady, 0}},
      {true, true, true, Fault::offer_failed, {Mode::steady, 0}},
      {false, true, true, Fault::offer_failed, {Mode::steady, 0}},
      {false, false, true, Fault::offer_failed, {Mode::pulse, 0}},
      {false, false, true, {}, {Mode::pulse, 0}},
      {false, false, false, Fault::offer_failed, rhythm},
      {false, false, false, Fault::agenda_old, {Mode::dark, 0}},  // no hands can mend it: IT is told
  };
  for (const Row& row : rows) {
    View view;
    view.pulse = row.pulse;
    view.fault = row.fault;
    CAPTURE(row.camera, row.capture, row.pulse, row.fault ? info(*row.fault).code : "-");
    CHECK(lamp_for(view, row.camera, row.capture) == row.lamp);
  }
}

TEST_CASE("each rhythm is the fault's own") {
  View view;
  int different = 0;
  for (const Fault fault : {Fault::offer_failed, Fault::network_unreachable, Fault::camera_dead, Fault::office_tls}) {
    view.fault = fault;
    const board::Lamp lamp = lamp_for(view, false, false);
    CAPTURE(info(fault).code);
    CHECK(lamp.blinks == info(fault).lamp);
    CHECK((lamp.mode == Mode::rhythm) == (info(fault).lamp > 0));
    different += lamp.blinks != info(Fault::offer_failed).lamp ? 1 : 0;
  }
  CHECK(different > 0);
}

TEST_CASE(
    "a capture device is open when the kernel says so of any of its substreams, and a playback device never counts") {
  struct Row {
    const char *path, *status;
    bool open;
  };
  const Row rows[] = {
      {"asound/card0/pcm0c/sub0/status", "closed\n", false},
      {"asound/card0/pcm0c/sub0/status", "state: RUNNING\nowner_pid   : 12\n", true},
      {"asound/card0/pcm0c/sub0/status", "state: PREPARED\n", true},
      {"asound/card0/pcm0c/sub0/status", "", false},
      {"asound/card3/pcm12c/sub7/status", "state: RUNNING\n", true},
      {"asound/card0/pcm0p/sub0/status", "state: RUNNING\n", false},
      {"asound/card0/codec#0/sub0/status", "state: RUNNING\n", false},
      {"asound/Device/pcm0c/sub0/status", "state: RUNNING\n", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path, row.status);
    const test::Folder proc;
    CHECK_FALSE(capture_open(proc.path()));  // a machine without sound
    std::filesystem::create_directories((proc / row.path).parent_path());
    std::filesystem::create_directories(proc / "asound/card0/pcm0c/sub1");
    test::write_text(proc / "asound/card0/pcm0c/sub1/status", "closed\n");
    test::write_text(proc / row.path, row.status);
    CHECK(capture_open(proc.path()) == row.open);
  }
}
