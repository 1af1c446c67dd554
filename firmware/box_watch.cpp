// SPDX-License-Identifier: Apache-2.0
// What nobody tells the box of: its clock, its lamp, its configuration, its camera while nobody talks, and what lies in its
// folder. On the daemon's loop.
#include "base/atomic_file.hpp"
#include "base/log.hpp"
#include "base/off_loop.hpp"
#include "base/state_file.hpp"
#include "firmware/box.hpp"

namespace madoguchi {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using json::bj::array;
using json::bj::object;

namespace {

constexpr std::chrono::minutes kLookAgain{1};
constexpr std::chrono::hours kSaveClockEvery{1};
constexpr std::chrono::minutes kUnsynchronisedFor{5};  // after a start it takes its time
constexpr std::chrono::milliseconds kLampDiffersFor{750};
constexpr std::size_t kMostClockBytes = 4096;

const FaultSource kLamp{FaultSource::Kind::device, "lamp"};
const FaultSource kCamera{FaultSource::Kind::device, "camera"};

/// Of the faults that are no error in themselves: with these the next press may find nothing, or the wrong thing.
constexpr Fault kSpoilers[] = {Fault::feed_unreachable, Fault::feed_host_unknown, Fault::feed_down,
                               Fault::feed_late,        Fault::feed_server_error, Fault::feed_refused,
                               Fault::feed_tls,         Fault::feed_unreadable,   Fault::feed_child_killed,
                               Fault::agenda_old,       Fault::clock_wrong};

/// Only hands can mend these; the first that stands is said.
constexpr Fault kOutOfService[] = {Fault::camera_unplugged, Fault::button_missing, Fault::button_stuck,
                                   Fault::media_restarting_often};

std::int64_t seconds(WallTime time) { return time.time_since_epoch() / 1s; }

std::optional<std::filesystem::file_time_type> written(const std::filesystem::path& file) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file, error);
  return error ? std::nullopt : std::optional(time);
}

}  // namespace

bool Box::is_idle() const {
  const session::Phase phase = runner_.state().phase;
  return phase == session::Phase::idle || phase == session::Phase::out_of_service;
}

void Box::look_around() {
  look_around_again_.after(kLookAgain, [this] { look_around(); });
  // It stands until somebody has looked at what was set aside, and has taken it away.
  if (set_aside(config_.box.state).empty()) faults_.clear(Fault::state_damaged);
  else faults_.raise(Fault::state_damaged);
  look_at_configuration();
  look_at_camera();
  look_for_strangers();
}

// ---- the clock -------------------------------------------------------------------------------------------------------

void Box::load_clock_floor() {
  watched_.clock_floor = config_.box.built;
  (void)read_state(config_.box.state / "clock.json", kMostClockBytes, [this](const object& saved) -> Result<void> {
    const auto wall = json::integer(saved, "wall");
    if (!wall) return fail(wall.error());
    watched_.clock_floor = std::max(watched_.clock_floor, WallTime(std::chrono::milliseconds(*wall)));
    return {};
  });
}

void Box::look_at_clock() {
  const BootTime now = clock_.boot();
  const bool synchronised = clock_.synchronised();
  if (synchronised) watched_.synchronised = now;
  const bool before = clock_.wall() < watched_.clock_floor;
  const bool wanted = config_.box.synchronised_clock;
  const bool wrong = before || (wanted && !watched_.synchronised);
  if (std::exchange(watched_.clock_wrong, wrong) != wrong) {
    log::write(wrong ? log::Level::warning : log::Level::notice, wrong ? "clock-not-believed" : "clock-believed",
               {{"wall", seconds(clock_.wall())},
                {"floor", seconds(watched_.clock_floor)},
                {"synchronised", synchronised ? "yes" : "no"}});
  }
  if (before || (wanted && now - watched_.synchronised.value_or(watched_.began) > kUnsynchronisedFor)) {
    faults_.raise(Fault::clock_wrong);
  } else {
    faults_.clear(Fault::clock_wrong);
  }
  const bool due = !watched_.clock_saved || now - *watched_.clock_saved >= kSaveClockEvery;
  if (!synchronised || before || !due) return;
  watched_.clock_saved = now;
  spawn(save_clock(), "save-clock");
}

asio::awaitable<void> Box::save_clock() {
  const std::int64_t wall = clock_.wall().time_since_epoch().count();
  std::function<Result<void>()> work = [file = config_.box.state / "clock.json",
                                        text = json::bj::serialize(object{{"wall", wall}})] {
    return write_file_atomically(file, text);
  };
  Result<void> saved = co_await off_loop<Result<void>>(disk_, std::move(work));
  disk_took(saved);
}

object Box::clock_status() const {
  return object{{"wall", seconds(clock_.wall())},
                {"floor", seconds(watched_.clock_floor)},
                {"synchronised", clock_.synchronised()},
                {"believed", !watched_.clock_wrong}};
}

// ---- the lamp --------------------------------------------------------------------------------------------------------

void Box::look_at_lamp() {
  const board::LampSeen seen = board_->lamp_seen();
  if (!seen.lit || *seen.lit == seen.wanted) {
    watched_.lamp_differs.reset();
    return faults_.clear(Fault::lamp_differs, kLamp);
  }
  if (!watched_.lamp_differs) watched_.lamp_differs = clock_.boot();
  if (clock_.boot() - *watched_.lamp_differs >= kLampDiffersFor) faults_.raise(Fault::lamp_differs, kLamp);
}

/// A dark lamp says that nothing looks: another program that has the camera open makes it lie. (An open microphone lights
/// it, whosever it is.)
void Box::look_for_strangers() {
  if (camera_.alive() || config_.camera.device == "simulated" || find_camera().empty()) {
    return faults_.clear(Fault::lamp_differs, kCamera);
  }
  const auto holders = board::holders_of(camera_found_.node, roots_);
  if (holders.empty()) return faults_.clear(Fault::lamp_differs, kCamera);
  if (!faults_.stands(Fault::lamp_differs)) {
    log::error("camera-held-by-another", {{"node", camera_found_.node}, {"by", board::words(holders)}});
  }
  faults_.raise(Fault::lamp_differs, kCamera);
}

// ---- the configuration -----------------------------------------------------------------------------------------------

void Box::look_at_configuration() {
  const std::filesystem::path& file = config_.box.file;
  if (file.empty()) return;
  const auto now = written(file);
  const auto before = std::exchange(watched_.configuration, now);
  if (!std::exchange(watched_.configuration_known, true)) return;  // it was read a moment ago
  if (now && now == before) return;
  const auto loaded = config::load(file);
  if (loaded && loaded->problems.empty()) {
    log::notice("configuration-changed", {{"hint", "madoguchid uses it after a restart"}});
    return faults_.clear(Fault::config_invalid);
  }
  if (!loaded) {
    if (!faults_.stands(Fault::config_invalid)) log::error("config-invalid", {{"at", loaded.error().message}});
  } else {
    for (const config::Problem& problem : loaded->problems) {
      log::error("config-invalid", {{"at", config::to_string(problem)}});
    }
  }
  faults_.raise(Fault::config_invalid);
}

// ---- the camera, and whether the box can serve -----------------------------------------------------------------------

void Box::look_at_camera() {
  if (!is_idle() || camera_.alive()) return;
  watched_.camera_looked_at = true;
  const std::string& device = config_.camera.device;
  std::error_code error;
  const bool there = device == "simulated" || (device == "auto" ? !find_camera().empty()  //
                                                                : std::filesystem::exists(device, error));
  if (there) {
    if (faults_.stands(Fault::camera_unplugged)) camera_words_.clear();
    faults_.clear(Fault::camera_unplugged, kCamera);
  } else {
    camera_words_ = "no camera is plugged in; `madoguchi devices` lists those that are";
    faults_.raise(Fault::camera_unplugged, kCamera);
  }
}

void Box::judge_service() {
  if (stopping_) return;
  if (!is_idle()) {
    watched_.camera_looked_at = false;
    return;
  }
  if (!watched_.camera_looked_at) look_at_camera();
  const session::State& state = runner_.state();
  session::ServiceSet service;
  for (const Fault fault : kOutOfService) {
    if (!service.in_service || !faults_.stands(fault)) continue;
    service.in_service = false;
    service.why = fault;
  }
  const bool out = state.phase == session::Phase::out_of_service;
  if (out ? service.why == state.service_fault : service.in_service || state.farewell) return;  // it is read first
  runner_.dispatch(service);
}

array Box::spoilers() const {
  array codes;
  bool feed = false;
  for (const StandingFault& each : faults_.standing()) {
    const bool listed = std::find(std::begin(kSpoilers), std::end(kSpoilers), each.fault) != std::end(kSpoilers);
    if (!listed && info(each.fault).severity != Severity::error) continue;
    codes.emplace_back(info(each.fault).code);
    feed = feed || info(each.fault).code.starts_with("feed-");
  }
  // It is a fault only after a while.
  if (watched_.clock_wrong && !faults_.stands(Fault::clock_wrong)) codes.emplace_back(info(Fault::clock_wrong).code);
  if (feeds_.unread() && !feed) codes.emplace_back("bookings-unread");
  return codes;
}

}  // namespace madoguchi
