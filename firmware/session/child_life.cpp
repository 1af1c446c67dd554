// SPDX-License-Identifier: Apache-2.0
// A child's channel is read by one coroutine and its process awaited by another; whichever ends first gives the other a
// moment, so that last words are heard and the reason is the true one. On the daemon's loop.
#include "firmware/session/child_life.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "media/protocol.hpp"

namespace madoguchi::session {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kLastWords{200};

}  // namespace

std::string_view name(Loss::Reason reason) {
  switch (reason) {
    case Loss::died: return "died";
    case Loss::hung: return "hung";
    case Loss::broken: return "broken";
    case Loss::not_started: return "not-started";
  }
  return "unknown";
}

Spawner program_spawner(asio::any_io_executor executor, std::filesystem::path path,
                        std::vector<std::pair<std::string, std::string>> environment) {
  return [executor = std::move(executor), path = std::move(path),
          environment = std::move(environment)]() -> Result<SpawnedChild> {
    auto ends = seqpacket_pair();
    if (!ends) return fail(ends.error());
    ChildSpec spec;
    spec.program = path;
    spec.fds.emplace_back(protocol::kChannelFd, std::move(ends->second));
    spec.environment = environment;
    auto child = Child::spawn(executor, std::move(spec));
    if (!child) return fail(child.error().in("starting " + path.string()));
    SpawnedChild spawned;
    spawned.process = std::move(*child);
    spawned.channel = std::move(ends->first);
    return spawned;
  };
}

std::shared_ptr<ChildLife> ChildLife::begin(asio::any_io_executor executor, Clock& clock, Bounds bounds,
                                            SpawnedChild child, Ears ears) {
  auto life = std::make_shared<ChildLife>(executor, clock, bounds, std::move(child), std::move(ears));
  life->expect_word(bounds.ready_within);
  const auto ended = [](const std::exception_ptr& failure) { log::task_failed("child-life", failure); };
  asio::co_spawn(executor, listen(life), ended);
  if (life->process_) asio::co_spawn(executor, watch(life), ended);
  return life;
}

ChildLife::ChildLife(asio::any_io_executor executor, Clock& clock, Bounds bounds, SpawnedChild child, Ears ears)
    : executor_(executor), bounds_(bounds), process_(std::move(child.process)),
      channel_(executor, std::move(child.channel)), ears_(std::move(ears)), deadline_(clock),
      gone_signal_(executor, asio::steady_timer::time_point::max()), unkillable_(child.unkillable) {}

asio::awaitable<void> ChildLife::listen(std::shared_ptr<ChildLife> life) {
  while (!life->ended_) {
    Result<std::optional<Message>> got = co_await life->channel_.receive();
    if (life->ended_) co_return;
    if (!got.has_value() || !got->has_value()) break;
    life->heard((*got)->text);
  }
  life->closed();
}

asio::awaitable<void> ChildLife::watch(std::shared_ptr<ChildLife> life) {
  const int status = co_await life->process_->wait();
  life->exited(status);
}

asio::awaitable<void> ChildLife::until_gone(std::shared_ptr<ChildLife> life) {
  while (!life->gone_) {
    boost::system::error_code error;
    co_await life->gone_signal_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!life->gone_) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

Result<void> ChildLife::send(std::string_view text, std::span<const int> fds) {
  if (ended_) return fail(Errc::cut, "the process has ended");
  auto sent = channel_.send(text, fds);
  if (!sent && sent.error().code == Errc::busy) {
    asio::post(executor_, [life = shared_from_this()] {
      life->lose({Loss::hung, "its channel is full: it does not read any more"});
    });
  }
  return sent;
}

void ChildLife::is_ready() {
  ready_ = true;
  expect_word(bounds_.hung_after);
}

void ChildLife::break_off(std::string words) {
  asio::post(executor_, [life = shared_from_this(), words = std::move(words)] { life->lose({Loss::broken, words}); });
}

void ChildLife::end() {
  if (ended_) return;
  ended_ = true;
  deadline_.clear();
  channel_.close();
  if (process_) {
    process_->signal(SIGKILL);
  } else if (!unkillable_) {
    asio::post(executor_, [life = shared_from_this()] { life->is_gone(); });
  }
}

void ChildLife::forget() {
  ears_ = {};
  end();
}

bool ChildLife::alive() const { return process_ ? process_->alive() : !gone_; }

std::optional<pid_t> ChildLife::pid() const {
  if (!process_) return std::nullopt;
  return process_->pid();
}

void ChildLife::heard(const std::string& text) {
  if (ready_ && !closed_ && !status_) expect_word(bounds_.hung_after);
  if (ears_.message) ears_.message(text);
}

void ChildLife::expect_word(std::chrono::milliseconds within) {
  if (ended_) return;
  // After a pause of the whole machine the deadline is seen before the words that are waiting: let them be read first.
  deadline_.after(within, [weak = weak_from_this()] {
    auto life = weak.lock();
    if (!life) return;
    asio::post(life->executor_, [weak] {
      auto still = weak.lock();
      if (still && !still->deadline_.is_set()) still->silent();  // a word sets it anew
    });
  });
}

void ChildLife::silent() {
  if (closed_ || status_) {  // the moment for last words is over
    lose({Loss::died, status_ ? describe_wait_status(*status_) : "it closed its channel"});
  } else if (ready_) {
    lose({Loss::hung, fmt::format("no word for {} ms", bounds_.hung_after.count())});
  } else {
    lose({Loss::hung, fmt::format("not ready within {} ms", bounds_.ready_within.count())});
  }
}

void ChildLife::closed() {
  closed_ = true;
  if (ended_) return;
  if (!process_) return lose({Loss::died, "it closed its channel"});
  if (status_) return lose({Loss::died, describe_wait_status(*status_)});
  expect_word(kLastWords);
}

void ChildLife::exited(int status) {
  status_ = status;
  is_gone();
  if (ended_) return;
  if (closed_) return lose({Loss::died, describe_wait_status(status)});
  expect_word(kLastWords);
}

void ChildLife::lose(const Loss& loss) {
  if (ended_) return;
  end();
  if (const auto lost = std::exchange(ears_.lost, {})) lost(loss);
}

void ChildLife::is_gone() {
  if (gone_) return;
  gone_ = true;
  gone_signal_.cancel();
  if (const auto gone = std::exchange(ears_.gone, {})) gone();
}

}  // namespace madoguchi::session
