// SPDX-License-Identifier: Apache-2.0
// One small JSON file, 0600: the addresses in it may be secret. Off the loop.
#include "firmware/session/press_book.hpp"

#include "base/atomic_file.hpp"
#include "base/off_loop.hpp"
#include "base/state_file.hpp"

namespace madoguchi::session {

namespace asio = boost::asio;
using json::bj::array;
using json::bj::object;

namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMostBytes = 64 * 1024;

object to_json(const Plan& plan) {
  array seats;
  for (const SeatPlan& seat : plan.seats) {
    seats.push_back(object{{"id", seat.id}, {"role", seat.role}, {"publish", seat.publish}, {"play", seat.play}});
  }
  return object{{"consultation", plan.consultation},
                {"start", plan.start.time_since_epoch().count()},
                {"end", plan.end.time_since_epoch().count()},
                {"events", plan.events},
                {"seats", std::move(seats)}};
}

Result<Plan> plan_from(const object& from) {
  Plan plan;
  const auto consultation = json::string(from, "consultation");
  const auto start = json::integer(from, "start");
  const auto end = json::integer(from, "end");
  const auto events = json::string(from, "events");
  const auto* seats = from.if_contains("seats");
  if (!consultation || !start || !end || !events || seats == nullptr || !seats->is_array()) {
    return fail(Errc::invalid, "a plan is malformed");
  }
  plan.consultation = *consultation;
  plan.start = WallTime(std::chrono::milliseconds(*start));
  plan.end = WallTime(std::chrono::milliseconds(*end));
  plan.events = *events;
  for (const auto& each : seats->get_array()) {
    if (!each.is_object()) return fail(Errc::invalid, "a seat is malformed");
    const object& seat = each.get_object();
    const auto id = json::string(seat, "id");
    const auto role = json::string(seat, "role");
    const auto publish = json::string(seat, "publish");
    const auto play = json::string(seat, "play");
    if (!id || !role || !publish || !play) return fail(Errc::invalid, "a seat is malformed");
    plan.seats.push_back({*id, *role, *publish, *play});
  }
  if (plan.seats.empty()) return fail(Errc::invalid, "a plan has no seat");
  return plan;
}

/// Errc::invalid: of a form that is not known.
Result<Remembered> press_from(const object& from) {
  Remembered press;
  if (!from.contains("version")) {  // before there were versions: the id alone
    const auto consultation = json::string(from, "consultation");
    if (!consultation) return fail(consultation.error());
    press.plan.consultation = *consultation;
    return press;
  }
  const auto version = json::integer(from, "version");
  if (!version || *version != kVersion) return fail(Errc::invalid, "it has another version");
  const auto written = json::integer(from, "written");
  const auto* plan = from.if_contains("plan");
  if (!written || plan == nullptr || !plan->is_object()) return fail(Errc::invalid, "a press is malformed");
  press.written = BootTime(std::chrono::milliseconds(*written));
  auto read = plan_from(plan->get_object());
  if (!read) return fail(read.error());
  press.plan = std::move(*read);
  return press;
}

}  // namespace

bool goes_on(const Remembered& press, WallTime now, BootTime boot) {
  return now < press.plan.end || (press.written && boot < *press.written + kGoesOnWithin);
}

PressBook::PressBook(const std::filesystem::path& folder, std::string boot_id, const Clock& clock,
                     asio::thread_pool& pool)
    : file_(folder / "press.json"), boot_id_(std::move(boot_id)), clock_(clock), pool_(pool) {}

asio::awaitable<Result<void>> PressBook::remember(Plan plan) {
  const auto written = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.boot().time_since_epoch());
  const object press{{"version", kVersion}, {"boot", boot_id_}, {"written", written.count()}, {"plan", to_json(plan)}};
  std::function<Result<void>()> work = [file = file_, text = json::bj::serialize(press)] {
    return write_file_atomically(file, text);
  };
  co_return co_await off_loop<Result<void>>(pool_, std::move(work));
}

asio::awaitable<Result<void>> PressBook::forget() {
  std::function<Result<void>()> work = [file = file_] { return remove_file(file); };
  co_return co_await off_loop<Result<void>>(pool_, std::move(work));
}

std::optional<Remembered> PressBook::of_this_boot() {
  std::optional<Remembered> found;
  const auto taken = read_state(file_, kMostBytes, [&](const object& text) -> Result<void> {
    const auto boot = json::string(text, "boot");
    if (!boot) return fail(boot.error());
    if (*boot != boot_id_ || boot_id_.empty()) return {};
    auto press = press_from(text);
    if (!press) return fail(press.error());
    found = std::move(*press);
    return {};
  });
  if (taken && *taken && !found) (void)remove_file(file_);
  return found;
}

std::string read_boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 256);
  if (!text) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return *text;
}

}  // namespace madoguchi::session
