// SPDX-License-Identifier: Apache-2.0
// Screenshots: drawn by the media process into memory of ours, handed on only where nobody's face is given away. On the
// daemon's loop.
#include "firmware/box_shot.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <functional>

#include "base/off_loop.hpp"

namespace madoguchi {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kShotWithin{5};
constexpr std::size_t kShotCap = 32 * 1024 * 1024;

/// On the disk's pool. Both are regular files: what a pipe's reader or a terminal does could hold it up for ever.
Result<void> copy(int from, int to) {
  std::array<char, 65536> part;
  std::size_t copied = 0;
  for (;;) {
    const ssize_t got = ::pread(from, part.data(), part.size(), static_cast<off_t>(copied));
    if (got < 0) return fail(errno_error("reading the screenshot", errno));
    if (got == 0) return {};
    copied += static_cast<std::size_t>(got);
    if (copied > kShotCap) return fail(Errc::invalid, "the screenshot is absurdly large");
    for (ssize_t put = 0; put < got;) {
      const ssize_t wrote = ::write(to, part.data() + put, static_cast<std::size_t>(got - put));
      if (wrote < 0) return fail(errno_error("writing the screenshot", errno));
      put += wrote;
    }
  }
}

}  // namespace

asio::awaitable<Result<json::bj::object>> Box::screenshot(UniqueFd to) {
  struct stat target {};
  if (::fstat(to.get(), &target) != 0 || !S_ISREG(target.st_mode))
    co_return fail(Errc::invalid, "a screenshot goes into a plain file");
  UniqueFd memory(::memfd_create("screenshot", MFD_CLOEXEC));
  if (!memory.valid()) co_return fail(errno_error("making room for the screenshot", errno));
  const std::uint32_t id = ++last_shot_;
  auto shot = std::make_shared<Shot>(io_);
  shots_[id] = shot;
  const int fds[] = {memory.get()};
  if (!to_media(protocol::TakeScreenshot{id}, fds)) {
    shots_.erase(id);
    co_return fail(Errc::unreachable, "the media process is being started: try again in a few seconds");
  }
  shot->told.expires_after(kShotWithin);
  boost::system::error_code woken;
  co_await shot->told.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  shots_.erase(id);
  if (!shot->reply) co_return fail(Errc::timeout, "the media process did not draw the screen in time");
  if (!shot->reply->error.empty()) co_return fail(Errc::io, shot->reply->error);
  if (shot->reply->shows_people && simulated_ == nullptr) {
    co_return fail(Errc::permission, "the screen shows people now: their picture is never taken");
  }
  auto from = std::make_shared<UniqueFd>(std::move(memory)), into = std::make_shared<UniqueFd>(std::move(to));
  std::function<Result<void>()> work = [from, into] { return copy(from->get(), into->get()); };
  Result<void> copied = co_await off_loop<Result<void>>(disk_, std::move(work));
  if (!copied) co_return fail(copied.error());
  json::bj::object reply{{"ok", true}, {"shows_people", shot->reply->shows_people}};
  co_return reply;
}

void Box::shot_taken(const protocol::Screenshot& shot) {
  const auto found = shots_.find(shot.id);
  if (found == shots_.end()) return;
  found->second->reply = shot;
  found->second->told.cancel();
}

void Box::shots_failed(const std::string& why) {
  for (const auto& [id, shot] : shots_) shot_taken(protocol::Screenshot{id, why, false});
}

}  // namespace madoguchi
