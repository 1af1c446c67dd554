// SPDX-License-Identifier: Apache-2.0
// The session's parent coroutine and its children. On the loop's thread.
#include "firmware/session/runner.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"

namespace madoguchi::session {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {
constexpr milliseconds kDeleteWithin{10000};
constexpr milliseconds kEventWithin{10000};
constexpr milliseconds kDiskWithin{10000};
/// Of events at the wrong time, a minute; the office may send as many as it likes.
constexpr int kMostLines = 10;
}  // namespace

struct Runner::Child {
  explicit Child(Clock& clock) : deadline(clock) {}
  asio::cancellation_signal cancel;
  Alarm deadline;
  bool late = false;
  bool kept = false;
};

Runner::Runner(asio::any_io_executor executor, Clock& clock, Settings settings, Ports& ports)
    : executor_(executor), clock_(clock), settings_(settings), ports_(ports),
      wake_(executor, asio::steady_timer::time_point::max()) {}

Runner::~Runner() {
  lifetime_.end();
  wind_up();
  for (const auto& child : children_) child->deadline.clear();
}

void Runner::wind_up() {
  timers_.clear();
  office_.waiting.clear();
  const auto children = children_;  // each leaves the list as it ends
  for (const auto& child : children) {
    if (!child->kept) child->cancel.emit(asio::cancellation_type::terminal);
  }
}

void Runner::take_queue() {
  while (!queue_.empty()) {
    const Event event = std::move(queue_.front());
    queue_.pop_front();
    handle(event);
  }
}

void Runner::shut_down() {
  queue_.emplace_back(ShutDown{});
  take_queue();
}

void Runner::dispatch(Event event) {
  queue_.push_back(std::move(event));
  wake_.cancel();
}

asio::awaitable<void> Runner::run() {
  shown_ = view(state_);
  ports_.show(shown_);
  for (;;) {
    take_queue();
    boost::system::error_code woken;
    wake_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const asio::cancellation_state cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) break;
  }
  wind_up();
}

void Runner::handle(const Event& event) {
  ++counters_.events;
  const Actions actions = step(state_, event, settings_);
  log::set_session(state_.plan ? state_.plan->consultation : std::string());
  for (const Action& action : actions) perform(action);
  ports_.observed(event, state_);
  View now = view(state_);
  if (now == shown_) return;
  shown_ = std::move(now);
  ports_.show(shown_);
}

/// The visitor over actions; quick ones at once, slow ones as children.
struct Perform {
  Runner& self;

  void operator()(const OpenDevices&) const { self.ports_.open_devices(); }
  void operator()(const CloseDevices&) const { self.ports_.close_devices(); }
  void operator()(const MakeOffer& action) const { self.ports_.make_offer(action); }
  void operator()(const ApplyAnswer& action) const { self.ports_.apply_answer(action); }
  void operator()(const DropLeg& action) const { self.ports_.drop_leg(action); }
  void operator()(const SetTimer& action) const { self.set_timer(action.timer, action.delay); }
  void operator()(const ClearTimer& action) const { self.clear_timer(action.timer); }
  void operator()(const OpenEvents& action) const { self.ports_.open_events(action.url); }
  void operator()(const SetMute& action) const { self.ports_.set_mute(action.muted); }
  void operator()(const RaiseFault& action) const { self.ports_.raise(action); }
  void operator()(const ClearFault& action) const { self.ports_.clear(action); }
  void operator()(const ReplaceMedia&) const { self.ports_.replace_media(); }

  void operator()(const PostOffer& action) const {
    self.spawn(
        "post-offer", self.settings_.post_within, [runner = &self, action] { return runner->post(action); },
        [runner = &self, key = action.key](bool late) {
          if (late) runner->dispatch(PostFailed{key, PostFailure::late, {}});
        });
  }
  void operator()(const DeleteResource& action) const {
    self.spawn("delete-resource", kDeleteWithin,
               [ports = &self.ports_, action] { return ports->delete_resource(action.resource); });
  }
  void operator()(const PostEvent& action) const {
    self.tell_in_turn("post-event",
                      [ports = &self.ports_, action] { return ports->post_event(action.url, action.type); });
  }
  void operator()(const TellState&) const {
    self.tell_in_turn("tell-state", [ports = &self.ports_] { return ports->tell_state(); });
  }
  void operator()(const RememberPress& action) const {
    self.enqueue(self.disk_, "remember-press", kDiskWithin,
                 [ports = &self.ports_, action] { return ports->remember_press(action.plan); });
  }
  void operator()(const ForgetPress&) const {
    self.enqueue(self.disk_, "forget-press", kDiskWithin, [ports = &self.ports_] { return ports->forget_press(); });
  }
  void operator()(const Ignored& action) const {
    const bool illegal = action.why == Ignored::Why::illegal;
    ++(illegal ? self.counters_.illegal : self.counters_.stale);
    log::write(illegal && self.worth_a_line() ? log::Level::notice : log::Level::debug,
               illegal ? "event-illegal" : "event-stale",
               {{"event", action.event}, {"phase", name(self.state_.phase)}});
  }
};

bool Runner::worth_a_line() {
  if (clock_.boot() - lines_since_ >= std::chrono::minutes(1)) {
    lines_since_ = clock_.boot();
    lines_ = 0;
  }
  return ++lines_ <= kMostLines;
}

void Runner::perform(const Action& action) { std::visit(Perform{*this}, action); }

asio::awaitable<void> Runner::post(PostOffer action) {
  Event outcome = co_await ports_.post_offer(std::move(action));
  dispatch(std::move(outcome));
}

asio::awaitable<void> Runner::tell(asio::awaitable<bool> telling) {
  const bool heard = co_await std::move(telling);
  dispatch(Told{heard});
}

void Runner::tell_in_turn(std::string what, std::function<asio::awaitable<bool>()> telling) {
  enqueue(office_, std::move(what), kEventWithin, [this, telling = std::move(telling)] { return tell(telling()); });
}

void Runner::set_timer(const TimerKey& key, milliseconds delay) {
  clear_timer(key);
  timers_.emplace_back(key, std::make_unique<Alarm>(clock_));
  timers_.back().second->after(delay, [this, key] {
    dispatch(TimerRang{key});
    clear_timer(key);
  });
}

void Runner::clear_timer(const TimerKey& key) {
  timers_.remove_if([&key](const auto& timer) { return timer.first == key; });
}

void Runner::spawn(std::string what, milliseconds deadline, const Job& job, std::function<void(bool)> done, bool kept) {
  auto child = std::make_shared<Child>(clock_);
  child->kept = kept;
  children_.push_back(child);
  child->deadline.after(deadline, [weak = std::weak_ptr<Child>(child)] {
    if (const auto held = weak.lock()) {
      held->late = true;
      held->cancel.emit(asio::cancellation_type::terminal);
    }
  });
  auto finish = lifetime_.guarded(
      [child, what = std::move(what), done = std::move(done)](Runner& self, const std::exception_ptr& failure) {
        child->deadline.clear();
        self.children_.remove(child);
        if (child->late) {
          ++self.counters_.late;
          log::warning("action-late", {{"action", what}});
        } else {
          log::task_failed(what, failure);
        }
        if (done) done(child->late);
      });
  asio::co_spawn(executor_, job(), asio::bind_cancellation_slot(child->cancel.slot(), std::move(finish)));
}

void Runner::enqueue(Queue& queue, std::string what, milliseconds deadline, Job job) {
  queue.waiting.push_back({std::move(what), deadline, std::move(job)});
  next_of(queue);
}

void Runner::next_of(Queue& queue) {
  if (queue.busy || queue.waiting.empty()) return;
  queue.busy = true;
  Queued queued = std::move(queue.waiting.front());
  queue.waiting.pop_front();
  auto next = [this, &queue](bool late) {
    if (late && &queue == &office_) dispatch(Told{});
    queue.busy = false;
    next_of(queue);
  };
  spawn(std::move(queued.what), queued.deadline, queued.job, std::move(next), queue.kept);
}

}  // namespace madoguchi::session
