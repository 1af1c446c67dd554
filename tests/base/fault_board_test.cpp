// SPDX-License-Identifier: Apache-2.0
// The book of faults: since when, and where.
#include "base/fault_board.hpp"

#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace std::chrono_literals;

namespace {

const FaultSource kCamera{FaultSource::Kind::device, "camera"};
const FaultSource kPublish{FaultSource::Kind::leg, "counsellor publish"};
const FaultSource kPlay{FaultSource::Kind::leg, "counsellor play"};

struct Book {
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  int changes = 0;
  FaultBoard faults{clock, [this] { ++changes; }};
};

}  // namespace

TEST_CASE("a fault keeps the time when it began, and begins anew after it was cleared") {
  Book it;
  const BootTime began = it.clock.boot();
  it.faults.raise(Fault::camera_dead, kCamera);
  it.clock.advance(10s);
  it.faults.raise(Fault::camera_dead, kCamera);
  REQUIRE(it.faults.standing().size() == 1);
  CHECK(it.faults.standing()[0].since == began);
  CHECK(it.faults.standing()[0].sources == std::vector{kCamera});
  CHECK(it.changes == 1);

  it.faults.clear(Fault::camera_dead, kCamera);
  CHECK(it.faults.standing().empty());
  CHECK_FALSE(it.faults.stands(Fault::camera_dead));
  it.faults.raise(Fault::camera_dead, kCamera);
  CHECK(it.faults.standing()[0].since == began + 10s);
  CHECK(it.changes == 3);
}

TEST_CASE("a fault stands until the last that has it is well, with the time of the one that has it longest") {
  Book it;
  it.faults.raise(Fault::office_error, kPublish);
  it.clock.advance(5s);
  it.faults.raise(Fault::office_error, kPlay);
  REQUIRE(it.faults.standing().size() == 1);
  CHECK(it.faults.standing()[0].sources == std::vector{kPlay, kPublish});
  CHECK(it.faults.standing()[0].since == it.clock.boot() - 5s);

  it.faults.clear(Fault::office_error, kPublish);
  REQUIRE(it.faults.stands(Fault::office_error));
  CHECK(it.faults.standing()[0].since == it.clock.boot());
  it.faults.clear(Fault::office_error);  // the box never had it
  CHECK(it.faults.stands(Fault::office_error));
  CHECK(it.changes == 3);
  it.faults.clear(Fault::office_error, kPlay);
  CHECK_FALSE(it.faults.stands(Fault::office_error));
}

TEST_CASE("the worst fault is the severest, whoever came first") {
  Book it;
  CHECK(it.faults.worst() == std::nullopt);
  REQUIRE(info(Fault::agenda_old).severity < info(Fault::offer_failed).severity);
  it.faults.raise(Fault::agenda_old);
  CHECK(it.faults.worst() == Fault::agenda_old);
  it.faults.raise(Fault::offer_failed, kPublish);
  CHECK(it.faults.worst() == Fault::offer_failed);
  it.faults.clear(Fault::offer_failed, kPublish);
  CHECK(it.faults.worst() == Fault::agenda_old);
}
