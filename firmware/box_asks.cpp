// SPDX-License-Identifier: Apache-2.0
// What the control socket wants of the media process: the screen as a picture, and how loud the speaker is. On the daemon's
// loop.
#include <sys/mman.h>

#include "firmware/box.hpp"
#include "firmware/box_owed.hpp"

namespace madoguchi {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kShotWithin{5};
/// Each waits on its connection: with sixteen of them nobody else would be heard.
constexpr std::size_t kMostShots = 4;
/// Status is answered in any case.
constexpr std::chrono::milliseconds kMeasureWithin{300};

}  // namespace

asio::awaitable<Result<control::Reply>> Box::screenshot() {
  if (shots_.size() >= kMostShots) {
    co_return fail(Errc::busy, "others are taking pictures of the screen just now: try again in a few seconds");
  }
  UniqueFd memory(::memfd_create("screenshot", MFD_CLOEXEC));
  if (!memory.valid()) co_return fail(errno_error("making room for the screenshot", errno));
  const std::uint32_t id = ++last_question_;
  const auto owed = std::make_shared<Owed<protocol::Screenshot>>(io_, kShotWithin);
  shots_[id] = owed;
  const int fds[] = {memory.get()};
  if (!to_media(protocol::TakeScreenshot{id}, fds)) {
    shots_.erase(id);
    co_return fail(Errc::unreachable, "the media process is being started: try again in a few seconds");
  }
  const std::optional<protocol::Screenshot> shot = co_await owed->wait();
  shots_.erase(id);
  if (!shot) co_return fail(Errc::timeout, "the media process did not draw the screen in time");
  if (!shot->error.empty()) co_return fail(Errc::io, shot->error);
  if (shot->shows_people && simulated_ == nullptr) {
    co_return fail(Errc::permission, "the screen shows people now: their picture is never taken");
  }
  control::Reply reply(json::bj::object{{"shows_people", shot->shows_people}});
  reply.fds.push_back(std::move(memory));
  co_return reply;
}

asio::awaitable<protocol::SpeakerMeasured> Box::measure_speaker() {
  const std::uint32_t id = ++last_question_;
  const auto owed = std::make_shared<Owed<protocol::SpeakerMeasured>>(io_, kMeasureWithin);
  measures_[id] = owed;
  std::optional<protocol::SpeakerMeasured> measured;
  if (to_media(protocol::MeasureSpeaker{id})) measured = co_await owed->wait();
  measures_.erase(id);
  co_return measured.value_or(protocol::SpeakerMeasured{});
}

void Box::answered(const protocol::Screenshot& shot) {
  if (const auto found = shots_.find(shot.id); found != shots_.end()) found->second->give(shot);
}

void Box::answered(const protocol::SpeakerMeasured& measured) {
  if (const auto found = measures_.find(measured.id); found != measures_.end()) found->second->give(measured);
}

void Box::unanswered(const std::string& why) {
  for (const auto& [id, owed] : shots_) owed->give(protocol::Screenshot{id, why, false});
  for (const auto& [id, owed] : measures_) owed->give_up();
}

}  // namespace madoguchi
