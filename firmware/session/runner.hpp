// SPDX-License-Identifier: Apache-2.0
// Carries out what step() wants: one parent coroutine that takes events in order, and its children, one for each thing
// that takes time, each with a deadline. Lives on the loop's thread; knows its surroundings through Ports only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/faults.hpp"
#include "base/lifetime.hpp"
#include "firmware/session/actions.hpp"
#include "firmware/session/events.hpp"
#include "firmware/session/state.hpp"

namespace madoguchi::session {

/// The session's surroundings, as the composition root wires them. None may call back into dispatch() from within,
/// except later, from the loop. The awaitables end with operation_aborted when cancelled; all else is reported.
class Ports {
 public:
  virtual ~Ports() = default;

  virtual void make_offer(const MakeOffer& action) = 0;
  virtual void apply_answer(const ApplyAnswer& action) = 0;
  virtual void drop_leg(const DropLeg& action) = 0;
  virtual void set_mute(bool muted) = 0;
  virtual void replace_media() = 0;
  virtual void open_devices() = 0;
  /// DevicesClosed is dispatched when the kernel says that the camera process is gone.
  virtual void close_devices() = 0;
  virtual void open_events(const std::string& url) = 0;

  /// Posted or PostFailed. The resource is on disk before this ends.
  virtual boost::asio::awaitable<Event> post_offer(PostOffer action) = 0;
  virtual boost::asio::awaitable<void> delete_resource(std::string resource) = 0;
  virtual boost::asio::awaitable<bool> post_event(std::string url, std::string type) = 0;
  /// Phase and features, to whoever the events stream that is open leads to. Both: whether the office has it, or will never
  /// want it.
  virtual boost::asio::awaitable<bool> tell_state() = 0;
  // These two go to the disk, one after the other, in front of everything else, and are not cut off by the end.
  virtual boost::asio::awaitable<void> remember_press(Plan plan) = 0;
  virtual boost::asio::awaitable<void> forget_press() = 0;

  virtual void raise(const RaiseFault& action) = 0;
  virtual void clear(const ClearFault& action) = 0;
  /// After each event that changed what people see, and once at the start.
  virtual void show(const View& view) = 0;
  /// Each event with what came of it, for the log and the timings.
  virtual void observed(const Event& event, const State& state) = 0;
};

struct Counters {
  std::uint64_t events = 0;
  std::uint64_t illegal = 0;
  std::uint64_t stale = 0;
  std::uint64_t late = 0;  ///< actions that were cut off by their deadline
};

class Runner {
 public:
  Runner(boost::asio::any_io_executor executor, Clock& clock, Settings settings, Ports& ports);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Puts an event into the queue; never runs it from inside the call.
  void dispatch(Event event);
  /// Takes events until it is cancelled; then cancels its children, but for what goes to the disk. Spawned once, by the
  /// owner.
  boost::asio::awaitable<void> run();
  /// Everything dispatched before is still taken, then nothing more happens. Before run() is cancelled.
  void shut_down();

  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  friend struct Perform;
  using Job = std::function<boost::asio::awaitable<void>()>;

  void wind_up();
  void take_queue();
  void handle(const Event& event);
  /// Whether one more line about an event that came at the wrong time is worth its room in the log.
  bool worth_a_line();
  void perform(const Action& action);
  void set_timer(const TimerKey& key, std::chrono::milliseconds delay);
  void clear_timer(const TimerKey& key);
  /// A child coroutine, cut off after `deadline`; `done` hears whether it was.
  void spawn(std::string what, std::chrono::milliseconds deadline, const Job& job,
             std::function<void(bool late)> done = {}, bool kept = false);
  struct Queued {
    std::string what;
    std::chrono::milliseconds deadline;
    Job job;
  };
  /// One after the other, in the order of the calls.
  struct Queue {
    std::deque<Queued> waiting;
    bool busy = false;
    bool kept = false;  ///< goes on when everything else is cancelled
  };
  void enqueue(Queue& queue, std::string what, std::chrono::milliseconds deadline, Job job);
  void next_of(Queue& queue);
  boost::asio::awaitable<void> post(PostOffer action);
  boost::asio::awaitable<void> tell(boost::asio::awaitable<bool> telling);
  void tell_in_turn(std::string what, std::function<boost::asio::awaitable<bool>()> telling);

  struct Child;

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  Settings settings_;
  Ports& ports_;
  State state_;
  Counters counters_;
  BootTime lines_since_{};
  int lines_ = 0;
  View shown_;
  std::deque<Event> queue_;
  boost::asio::steady_timer wake_;
  std::list<std::pair<TimerKey, std::unique_ptr<Alarm>>> timers_;
  std::list<std::shared_ptr<Child>> children_;
  Queue disk_{{}, false, true}, office_;
  Lifetime<Runner> lifetime_{this};
};

}  // namespace madoguchi::session
