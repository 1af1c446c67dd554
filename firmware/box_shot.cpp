// SPDX-License-Identifier: Apache-2.0
// Screenshots: drawn by the media process into memory of ours, handed on as it is, and only where nobody's face is given
// away. On the daemon's loop.
#include "firmware/box_shot.hpp"

#include <sys/mman.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace madoguchi {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kShotWithin{5};

}  // namespace

asio::awaitable<Result<control::Reply>> Box::screenshot() {
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
  control::Reply reply(json::bj::object{{"shows_people", shot->reply->shows_people}});
  reply.fds.push_back(std::move(memory));
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
