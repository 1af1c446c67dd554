// SPDX-License-Identifier: Apache-2.0
// One small JSON file, 0600. Off the loop.
#include "firmware/session/press_book.hpp"

#include "base/atomic_file.hpp"
#include "base/json.hpp"
#include "base/off_loop.hpp"

namespace madoguchi::session {

namespace asio = boost::asio;

PressBook::PressBook(const std::filesystem::path& folder, std::string boot_id, asio::thread_pool& pool)
    : file_(folder / "press.json"), boot_id_(std::move(boot_id)), pool_(pool) {}

asio::awaitable<Result<void>> PressBook::remember(std::string consultation) {
  json::bj::object object;
  object["boot"] = boot_id_;
  object["consultation"] = consultation;
  std::function<Result<void>()> work = [file = file_, text = json::bj::serialize(object)] {
    return write_file_atomically(file, text);
  };
  co_return co_await off_loop<Result<void>>(pool_, std::move(work));
}

asio::awaitable<Result<void>> PressBook::forget() {
  std::function<Result<void>()> work = [file = file_] { return remove_file(file); };
  co_return co_await off_loop<Result<void>>(pool_, std::move(work));
}

std::optional<std::string> PressBook::of_this_boot() {
  const auto text = read_file(file_, 4096);
  if (!text) return std::nullopt;
  const auto object = json::parse_object(*text);
  const auto boot = object ? json::string(*object, "boot") : Result<std::string>(fail(object.error()));
  if (!boot || *boot != boot_id_ || boot_id_.empty()) {
    (void)remove_file(file_);
    return std::nullopt;
  }
  const auto consultation = json::string(*object, "consultation");
  if (!consultation) return std::nullopt;
  return *consultation;
}

std::string read_boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 256);
  if (!text) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return *text;
}

}  // namespace madoguchi::session
