// SPDX-License-Identifier: Apache-2.0
// One JSON file. On the loop, its writes on the pool.
#include "firmware/signalling/resource_book.hpp"

#include <algorithm>

#include "base/atomic_file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/off_loop.hpp"
#include "base/state_file.hpp"

namespace madoguchi::signalling {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kMostBytes = 1024 * 1024;

std::int64_t seconds(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.wall().time_since_epoch()).count();
}
}  // namespace

ResourceBook::ResourceBook(const std::filesystem::path& folder, const Clock& clock, asio::thread_pool& pool)
    : file_(folder / "resources.json"), clock_(clock), pool_(pool) {}

void ResourceBook::load(const std::function<bool(const std::string& url)>& leads_to) {
  const std::int64_t oldest = seconds(clock_) - std::chrono::seconds(kOldest).count();
  // Where it can't be read the office may refuse us until its own time-out.
  std::size_t elsewhere = 0;
  (void)read_state(file_, kMostBytes, [&](const json::bj::object& all) -> Result<void> {
    const auto* list = all.if_contains("resources");
    if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "\"resources\" is missing");
    for (const auto& each : list->get_array()) {
      if (!each.is_object()) continue;
      const auto url = json::string(each.get_object(), "url");
      const auto since = json::integer(each.get_object(), "since");
      if (!url || !since || *since < oldest || entries_.size() >= kMost) continue;
      if (leads_to(*url)) entries_.push_back({*url, *since});
      else ++elsewhere;
    }
    return {};
  });
  if (elsewhere > 0) log::warning("resources-lead-elsewhere", {{"no_rule", elsewhere}});
}

asio::awaitable<Result<void>> ResourceBook::save() {
  json::bj::array list;
  for (const Entry& entry : entries_) {
    json::bj::object object;
    object["url"] = entry.url;
    object["since"] = entry.since;
    list.push_back(std::move(object));
  }
  json::bj::object all;
  all["resources"] = std::move(list);
  std::function<Result<void>()> work = [file = file_, text = json::bj::serialize(all)] {
    return write_file_atomically(file, text, 0600);
  };
  co_return co_await off_loop<Result<void>>(pool_, std::move(work));
}

asio::awaitable<Result<void>> ResourceBook::remember(std::string resource) {
  std::erase_if(entries_, [&resource](const Entry& each) { return each.url == resource; });
  if (entries_.size() >= kMost) entries_.erase(entries_.begin());
  entries_.push_back({std::move(resource), seconds(clock_)});
  co_return co_await save();
}

asio::awaitable<Result<void>> ResourceBook::forget(std::string resource) {
  std::erase_if(entries_, [&resource](const Entry& each) { return each.url == resource; });
  co_return co_await save();
}

asio::awaitable<void> ResourceBook::sweep(std::function<asio::awaitable<Result<void>>(std::string)> end) {
  const std::vector<Entry> left = entries_;
  for (const Entry& entry : left) {
    Result<void> ended = co_await end(entry.url);
    if (!ended) {
      log::notice("resource-kept", {{"why", ended.error().message}});
      continue;
    }
    Result<void> saved = co_await forget(entry.url);
    if (!saved) log::warning("resources-not-saved", {{"error", saved.error().message}});
  }
}

}  // namespace madoguchi::signalling
