// SPDX-License-Identifier: Apache-2.0
// Order between the lives of a child: end, gone, delay, begin. On the daemon's loop.
#include "firmware/session/child_lives.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.hpp"

namespace madoguchi::session {

namespace asio = boost::asio;

ChildLives::ChildLives(asio::any_io_executor executor, Clock& clock, ChildLife::Bounds bounds,
                       std::chrono::milliseconds gone_within, Spawner spawner, Ears ears)
    : executor_(std::move(executor)), clock_(clock), bounds_(bounds), gone_within_(gone_within),
      spawner_(std::move(spawner)), ears_(std::move(ears)), begin_alarm_(clock), gone_deadline_(clock) {}

ChildLives::~ChildLives() {
  if (present_) present_->forget();
  for (const Past& past : past_) past.life->forget();
}

void ChildLives::next(std::chrono::milliseconds delay) {
  end();
  pending_ = delay;
  if (!waiting_for_past()) go_on();
}

void ChildLives::leave_behind() {
  for (Past& past : past_) {
    if (past.left_behind) continue;
    past.left_behind = true;
    log::warning("child-stuck", {{"pid", past.life->pid().value_or(0)}});
    if (ears_.stuck) ears_.stuck(past.life->pid().value_or(0));
  }
  if (pending_) go_on();
}

void ChildLives::hurry() {
  if (pending_) pending_ = std::chrono::milliseconds(0);
  if (!begin_alarm_.is_set()) return;
  begin_alarm_.clear();
  pending_ = std::chrono::milliseconds(0);
  go_on();
}

void ChildLives::end() {
  ++plan_;
  pending_.reset();
  begin_alarm_.clear();
  bury();
  if (waiting_for_past()) gone_deadline_.after(gone_within_, [this] { leave_behind(); });
}

void ChildLives::bury() {
  if (!present_) return;
  present_->end();
  if (!present_->gone()) past_.push_back({present_, count_});
  present_.reset();
}

void ChildLives::go_on() {
  gone_deadline_.clear();
  const std::chrono::milliseconds delay = pending_.value();
  pending_.reset();
  if (delay.count() > 0) {
    begin_alarm_.after(delay, [this] { begin(); });
    return;
  }
  asio::post(executor_, lifetime_.guarded([plan = plan_](ChildLives& self) {
    if (self.plan_ == plan) self.begin();
  }));
}

void ChildLives::begin() {
  auto spawned = spawner_();
  if (!spawned) return ears_.lost({Loss::not_started, spawned.error().message});
  ++count_;
  ChildLife::Ears ears;
  ears.message = [this](const std::string& text) { ears_.message(text); };
  ears.lost = [this](const Loss& loss) { ears_.lost(loss); };
  ears.gone = [this, number = count_] { gone(number); };
  present_ = ChildLife::begin(executor_, clock_, bounds_, std::move(*spawned), std::move(ears));
  ears_.begun();
  ears_.changed();
}

void ChildLives::gone(std::uint32_t number) {
  std::erase_if(past_, [number](const Past& past) { return past.number == number; });
  if (!waiting_for_past()) gone_deadline_.clear();
  if (pending_ && !waiting_for_past()) go_on();
  ears_.changed();
}

bool ChildLives::waiting_for_past() const {
  return std::any_of(past_.begin(), past_.end(), [](const Past& past) { return !past.left_behind; });
}

bool ChildLives::alive() const {
  return (present_ && present_->alive()) ||
         std::any_of(past_.begin(), past_.end(), [](const Past& past) { return past.life->alive(); });
}

std::vector<pid_t> ChildLives::pids() const {
  std::vector<pid_t> found;
  const auto add = [&found](const ChildLife& life) {
    if (life.alive() && life.pid()) found.push_back(*life.pid());
  };
  if (present_) add(*present_);
  for (const Past& past : past_) add(*past.life);
  return found;
}

asio::awaitable<void> ChildLives::until_gone() {
  std::vector<std::shared_ptr<ChildLife>> lives;
  if (present_) lives.push_back(present_);
  for (const Past& past : past_) lives.push_back(past.life);
  return until_all_gone(std::move(lives));
}

asio::awaitable<void> ChildLives::until_all_gone(std::vector<std::shared_ptr<ChildLife>> lives) {
  for (const auto& life : lives) co_await ChildLife::until_gone(life);
}

}  // namespace madoguchi::session
