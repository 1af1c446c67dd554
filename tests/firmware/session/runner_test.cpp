// SPDX-License-Identifier: Apache-2.0
// The runner carrying out a consultation's actions in virtual time: deadlines, order, cancellation, late answers.
#include "firmware/session/runner.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::session;

namespace asio = boost::asio;

namespace {

/// Surroundings that do what they are told, and write it down. An office that is `silent` never answers.
class Surroundings final : public Ports {
 public:
  explicit Surroundings(Clock& clock) : clock_(clock) {}

  void make_offer(const MakeOffer& action) override {
    did.push_back("offer " + std::to_string(action.key.leg));
    if (media) runner->dispatch(Offered{action.key, "offer"});
  }
  void apply_answer(const ApplyAnswer& action) override {
    did.push_back("answer " + std::to_string(action.key.leg));
    if (!connects) return;
    runner->dispatch(Connected{action.key});
    runner->dispatch(FirstFrame{action.key});
  }
  void drop_leg(const DropLeg& action) override {
    did.push_back("drop " + std::to_string(action.key.leg));
    runner->dispatch(Dropped{action.key});
  }
  void set_mute(bool) override {}
  void replace_media() override { did.push_back("replace-media"); }
  void open_devices() override { did.push_back("open-devices"); }
  void close_devices() override {
    did.push_back("close-devices");
    if (devices_close) runner->dispatch(DevicesClosed{});
  }
  void open_events(const std::string&) override {}

  asio::awaitable<Event> post_offer(PostOffer action) override {
    did.push_back("post " + std::to_string(action.key.leg));
    ++posts_running;
    const Running running(posts_running);
    if (office_takes > 0ms) co_await sleep_for(clock_, office_takes);
    if (office_fails) throw std::runtime_error("a bug in signalling");
    Posted posted{action.key, "answer", "http://desk/resource/" + std::to_string(action.key.epoch)};
    co_return posted;
  }
  asio::awaitable<void> delete_resource(std::string resource) override {
    did.push_back("delete " + resource.substr(resource.rfind('/') + 1));
    co_return;
  }
  asio::awaitable<bool> post_event(std::string, std::string type) override {
    if (event_takes > 0ms) co_await sleep_for(clock_, event_takes);
    did.push_back("tell " + type);
    co_return office_hears;
  }
  asio::awaitable<bool> tell_state() override {
    did.push_back("state " + std::string(name(runner->state().phase)));
    co_return office_hears;
  }
  asio::awaitable<void> remember_press(Plan) override {
    if (disk_takes > 0ms) co_await sleep_for(clock_, disk_takes);
    did.push_back("remember");
  }
  asio::awaitable<void> forget_press() override {
    if (disk_takes > 0ms) co_await sleep_for(clock_, disk_takes);
    did.push_back("forget");
  }
  void raise(const RaiseFault& action) override {
    raised.push_back(std::string(info(action.fault).code) + ": " + action.leg);
  }
  void clear(const ClearFault&) override {}
  void show(const View& view) override { shown.push_back(view.card); }
  void observed(const Event&, const State&) override {}

  std::size_t count(const std::string& what) const {
    return static_cast<std::size_t>(std::count(did.begin(), did.end(), what));
  }
  std::size_t index(const std::string& what) const {
    return static_cast<std::size_t>(std::find(did.begin(), did.end(), what) - did.begin());
  }

  Runner* runner = nullptr;
  bool media = true, connects = true, devices_close = true, office_fails = false, office_hears = true;
  std::chrono::milliseconds office_takes{0}, event_takes{0}, disk_takes{0};
  int posts_running = 0;
  std::vector<std::string> did, shown, raised;

 private:
  struct Running {
    explicit Running(int& count) : count_(count) {}
    ~Running() { --count_; }
    int& count_;
  };
  Clock& clock_;
};

struct Bench {
  Bench() {
    ports.runner = &runner;
    asio::co_spawn(loop, runner.run(),
                   asio::bind_cancellation_slot(cancel.slot(), [this](std::exception_ptr) { ended = true; }));
    settle();
  }
  ~Bench() {
    cancel.emit(asio::cancellation_type::terminal);
    settle();
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  void advance(BootClock::duration by) {
    clock.advance(by, [this] { settle(); });
    settle();
  }
  void say(Event event) {
    runner.dispatch(std::move(event));
    settle();
  }
  void call() {
    say(MediaReady{});
    say(Pressed{desk_plan()});
    say(SeatsSeen{{{"counsellor", true, "s1"}}});
  }

  asio::io_context loop;
  FakeClock clock{WallTime(std::chrono::milliseconds(1'800'000'000'000))};
  Surroundings ports{clock};
  Settings settings;
  Runner runner{loop.get_executor(), clock, settings, ports};
  asio::cancellation_signal cancel;
  bool ended = false;
};

}  // namespace

TEST_CASE("a whole consultation: press, both legs, long press, idle again") {
  Bench bench;
  bench.call();
  CHECK(bench.runner.state().phase == Phase::talking);
  CHECK(bench.ports.count("post 0") == 1);
  CHECK(bench.ports.count("post 1") == 1);
  bench.say(LongPressed{});
  CHECK(bench.runner.state().phase == Phase::ending);
  CHECK(bench.ports.count("delete 1") == 1);
  CHECK(bench.ports.count("delete 2") == 1);
  bench.advance(bench.settings.farewell_for);
  CHECK(bench.runner.state().phase == Phase::idle);
  CHECK(bench.ports.did.back() == "replace-media");
  CHECK(bench.ports.shown.front() == "starting");
}

TEST_CASE("an office that never answers is given up at its deadline and asked again") {
  Bench bench;
  bench.ports.office_takes = 24h;
  bench.call();
  CHECK(bench.ports.posts_running == 2);
  bench.advance(bench.settings.post_within - 1ms);
  CHECK(bench.ports.raised.empty());
  bench.advance(1ms);
  CHECK(bench.ports.raised ==
        std::vector<std::string>{"office-late: counsellor publish", "office-late: counsellor play"});
  CHECK(bench.ports.posts_running == 0);  // cut off, not left behind
  CHECK(bench.runner.counters().late == 2);
  CHECK(bench.ports.count("post 0") == 1);
  bench.advance(bench.settings.retry_first);
  CHECK(bench.ports.count("post 0") == 2);
}

TEST_CASE("a media process that owes its offer is not waited for for ever") {
  Bench bench;
  bench.ports.media = false;
  bench.call();
  bench.advance(bench.settings.offer_within);
  CHECK(bench.ports.raised ==
        std::vector<std::string>{"offer-failed: counsellor publish", "offer-failed: counsellor play"});
  bench.ports.media = true;
  bench.advance(bench.settings.retry_first);
  CHECK(bench.runner.state().phase == Phase::talking);
}

TEST_CASE("an answer that leads to no media is an own fault") {
  Bench bench;
  bench.ports.connects = false;
  bench.call();
  bench.advance(bench.settings.connect_within);
  CHECK(bench.ports.raised ==
        std::vector<std::string>{"connection-failed: counsellor publish", "connection-failed: counsellor play"});
  CHECK(bench.ports.count("delete 1") == 1);
  CHECK(bench.ports.count("drop 0") == 1);
}

TEST_CASE("an answer that comes after the end is DELETEd") {
  Bench bench;
  bench.ports.office_takes = 3s;
  bench.call();
  bench.say(LongPressed{});
  CHECK(bench.ports.count("delete 1") == 0);
  bench.advance(3s);
  CHECK(bench.ports.count("delete 1") == 1);
  CHECK(bench.ports.count("delete 2") == 1);
  CHECK(bench.runner.counters().stale == 2);
}

TEST_CASE("what the office is told comes in order, and so does what goes to the disk - neither waits for the other") {
  Bench bench;
  bench.ports.event_takes = 500ms;
  bench.ports.disk_takes = 200ms;
  bench.call();
  bench.say(LongPressed{});
  bench.advance(3s);
  std::vector<std::string> told, kept;
  for (const std::string& did : bench.ports.did) {
    if (did.rfind("tell ", 0) == 0) told.push_back(did);
    if (did == "remember" || did == "forget") kept.push_back(did);
  }
  CHECK(told == std::vector<std::string>{"tell calling", "tell talking", "tell ended"});
  CHECK(kept == std::vector<std::string>{"remember", "forget"});
  CHECK(bench.ports.index("forget") < bench.ports.index("tell ended"));
}

TEST_CASE("a disk that hangs is cut off, holds no office up, and the next write comes") {
  Bench bench;
  bench.ports.disk_takes = 24h;
  bench.call();
  CHECK(bench.ports.count("tell calling") == 1);
  bench.ports.disk_takes = 0ms;
  bench.say(LongPressed{});
  CHECK(bench.ports.count("forget") == 0);
  bench.advance(30s);
  CHECK(bench.ports.count("remember") == 0);
  CHECK(bench.ports.count("forget") == 1);
  CHECK(bench.runner.counters().late == 1);
}

TEST_CASE("a press that was ended is forgotten while the office hangs, and also when the daemon ends right then") {
  for (const bool ends : {false, true}) {
    CAPTURE(ends);
    Bench bench;
    bench.ports.event_takes = 24h;
    bench.ports.disk_takes = 20ms;
    bench.call();
    bench.advance(1s);
    REQUIRE(bench.ports.count("remember") == 1);
    bench.say(LongPressed{});
    CHECK(bench.ports.count("forget") == 0);  // on its way
    if (ends) {
      bench.runner.shut_down();
      bench.cancel.emit(asio::cancellation_type::terminal);
      bench.settle();
      CHECK(bench.ended);
    }
    bench.advance(20ms);
    CHECK(bench.ports.count("forget") == 1);
  }
}

TEST_CASE("a press that is taken while the daemon is being ended is remembered - and starts nothing any more") {
  Bench bench;
  bench.ports.disk_takes = 20ms;
  bench.ports.devices_close = false;
  bench.call();
  bench.say(LongPressed{});
  bench.runner.dispatch(Pressed{desk_plan()});
  bench.runner.shut_down();
  const std::size_t before = bench.ports.did.size();
  bench.runner.dispatch(DevicesClosed{});
  bench.runner.dispatch(Pressed{desk_plan()});
  bench.settle();
  bench.cancel.emit(asio::cancellation_type::terminal);
  bench.advance(1s);
  const std::vector<std::string> later(bench.ports.did.begin() + static_cast<std::ptrdiff_t>(before),
                                       bench.ports.did.end());
  CHECK(later == std::vector<std::string>{"remember", "forget", "remember"});
}

TEST_CASE("an office that does not hear is told how things are, later each time, until it has heard") {
  Bench bench;
  bench.say(EventsUp{});
  bench.ports.office_hears = false;
  bench.call();
  REQUIRE(bench.runner.state().phase == Phase::talking);
  const auto told = [&bench] { return bench.ports.count("state talking"); };
  bench.advance(10s);
  CHECK(told() > 0);
  bench.advance(1min);
  const auto many = told();
  CHECK(many >= 6);
  CHECK(many < 14);  // half a second, one, two, four, eight, then ten
  bench.ports.office_hears = true;
  bench.advance(bench.settings.retry_most);
  CHECK(told() == many + 1);
  bench.advance(10min);
  CHECK(told() == many + 1);
}

TEST_CASE("devices that do not close hold nobody up") {
  Bench bench;
  bench.ports.devices_close = false;
  bench.call();
  bench.say(LongPressed{});
  bench.advance(bench.settings.farewell_for + 1ms);
  CHECK(bench.runner.state().phase == Phase::idle);
}

TEST_CASE("an exception in a step is reported, and the leg's own deadline goes on") {
  Bench bench;
  bench.ports.office_fails = true;
  bench.call();
  CHECK(bench.runner.state().phase == Phase::calling);
  bench.ports.office_fails = false;
  bench.advance(bench.settings.post_within + 1s + bench.settings.retry_first);
  CHECK(bench.ports.raised ==
        std::vector<std::string>{"office-late: counsellor publish", "office-late: counsellor play"});
  CHECK(bench.runner.state().phase == Phase::talking);
}

TEST_CASE("an event that this phase has no use for is counted") {
  Bench bench;
  bench.say(MuteSet{true});
  CHECK(bench.runner.counters().illegal == 1);
  CHECK(bench.runner.counters().stale == 0);
  CHECK(bench.runner.counters().events == 1);
}

TEST_CASE("every line of a consultation bears its id") {
  Bench bench;
  const auto last = [] { return log::recorded().back(); };
  bench.call();
  bench.say(LegFailed{});  // stale, as is told in a line
  CHECK(last().find("session=c1 event=event-stale") != std::string::npos);
  bench.say(LongPressed{});
  bench.advance(bench.settings.farewell_for);
  REQUIRE(bench.runner.state().phase == Phase::idle);
  bench.say(MuteSet{true});
  CHECK(last().find("event=event-illegal") != std::string::npos);
  CHECK(last().find("session=") == std::string::npos);
}

TEST_CASE("events at the wrong time do not fill the log") {
  Bench bench;
  const auto lines = [] {
    const auto all = log::recorded();
    return std::count_if(all.begin(), all.end(),
                         [](const std::string& line) { return line.find("<5>event=event-illegal") == 0; });
  };
  const auto before = lines();
  for (int i = 0; i < 50; ++i) bench.say(HoldSet{true});
  CHECK(bench.runner.counters().illegal == 50);
  CHECK(lines() - before == 10);
  bench.advance(1min);
  bench.say(HoldSet{true});
  CHECK(lines() - before == 11);
}

TEST_CASE("cancelled, it ends with everything that it started") {
  Bench bench;
  bench.ports.office_takes = 24h;
  bench.call();
  REQUIRE(bench.ports.posts_running == 2);
  CHECK(bench.clock.pending() > 0);
  bench.cancel.emit(asio::cancellation_type::terminal);
  bench.settle();
  CHECK(bench.ended);
  CHECK(bench.ports.posts_running == 0);
  CHECK(bench.clock.pending() == 0);
}
