// SPDX-License-Identifier: Apache-2.0
// Who may in: logins, their cookies, and who has tried too often. On the desk's loop.
#include <fmt/format.h>

#include <charconv>

#include "base/log.hpp"
#include "base/off_loop.hpp"
#include "provisioning/desk/api.hpp"
#include "provisioning/desk/callers.hpp"
#include "provisioning/desk/names.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
using json::bj::object;

namespace {

constexpr const char* kDeviceCookie = "madoguchi-device";
/// The browser keeps the cookie longer than the login lasts: it speaks for the seat in which its counsellor sits.
constexpr std::chrono::hours kTalkOutlives{24};

/// NUMBER.UNTIL.MAC. The key is the counsellor's password hash, which nobody outside knows: a new password voids them all,
/// and nothing of them is kept here.
std::string device_mac(const std::string& number, const std::string& until, const Account& account) {
  return hmac_sha256_hex(account.password_hash, fmt::format("device {} {} {}", number, until, account.name));
}

std::string new_device(const Account& account, WallTime until) {
  const std::string number = random_hex(8);
  const std::string seconds =
      std::to_string(std::chrono::floor<std::chrono::seconds>(until.time_since_epoch()).count());
  return fmt::format("{}.{}.{}", number, seconds, device_mac(number, seconds, account));
}

/// Its number, "" where the cookie is not one of this counsellor's, or too old.
std::string device_of(const std::string& cookie, const Account& account, WallTime now) {
  const auto first = cookie.find('.');
  const auto second = cookie.find('.', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos) return {};
  const std::string number = cookie.substr(0, first), until = cookie.substr(first + 1, second - first - 1);
  if (!same_secret(cookie.substr(second + 1), device_mac(number, until, account))) return {};
  long long seconds = 0;
  const auto [end, error] = std::from_chars(until.data(), until.data() + until.size(), seconds);
  if (error != std::errc() || now.time_since_epoch() > std::chrono::seconds(seconds)) return {};
  return number;
}

std::string block_of(const std::string& remote) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(remote, error);
  return error ? remote : address_block(address);
}

}  // namespace

const std::string& Api::nobodys_hash() {
  static const std::string kHash = hash_password(random_hex(16)).value_or("");
  return kHash;
}

asio::awaitable<Reply> Api::log_in(Request request) {
  const auto body = json::parse_object(request.body);
  const auto name = body ? json::string(*body, "name") : Result<std::string>(fail(body.error()));
  const auto password = body ? json::string(*body, "password") : Result<std::string>(fail(body.error()));
  if (!name || !password || name->size() > kMostName || password->size() > kMostPassword) {
    co_return error_reply(422, "a name and a password are needed");
  }
  using Sought = std::optional<Account>;
  std::function<Result<Sought>(Store&)> read = [name = *name](Store& store) { return store.account(name); };
  const Result<Sought> stored = co_await records_.ask(std::move(read));
  if (!stored) co_return store_failed(stored.error());
  const Account account = stored->value_or(Account{{}, nobodys_hash()});
  const Attempt attempt{
      folded(*name), block_of(request.remote),
      account.name.empty() ? std::string() : device_of(request.cookie(kDeviceCookie), account, clock_.wall())};
  if (const auto left = attempts_.refused(attempt)) {
    Reply wait = error_reply(429, "too many wrong passwords for this name or from this address: wait a minute");
    wait.headers.emplace_back("Retry-After", std::to_string(left->count()));
    co_return wait;
  }
  if (attempts_.is_full(attempt)) {
    Reply full = error_reply(503, "too many log in just now: try again");
    full.headers.emplace_back("Retry-After", "1");
    co_return full;
  }
  attempts_.begins(attempt);
  std::function<bool()> work = [hash = account.password_hash, password = *password] {
    return verify_password(hash, password);
  };
  const bool matches = co_await off_loop<bool>(pool_, std::move(work));
  const bool right = matches && !account.name.empty();
  attempts_.ends(attempt, right);
  if (!right) {
    log::notice("login-refused");
    co_return error_reply(401, "the name or the password is wrong");
  }
  const std::string cookie = random_hex(32);
  const Login login{account.name, random_hex(16)};
  // Compared again: a new password may have come meanwhile.
  std::function<Result<bool>(Store&)> keep = [cookie, login, hash = account.password_hash, now = clock_.wall(),
                                              until =
                                                  clock_.wall() + settings_.login_for](Store& store) -> Result<bool> {
    const auto still = store.account(login.name);
    if (!still) return fail(still.error());
    if (!*still || (*still)->password_hash != hash) return false;
    if (auto kept = store.put_login(cookie, login, until, now); !kept) return fail(kept.error());
    return true;
  };
  const Result<bool> kept = co_await records_.ask(std::move(keep));
  if (!kept) co_return store_failed(kept.error());
  if (!*kept) {
    log::notice("login-refused");
    co_return error_reply(401, "the name or the password is wrong");
  }
  object me{{"name", login.name}, {"csrf", login.csrf}};
  Reply reply = json_reply(200, me);
  reply.signed_in = true;
  const std::string device = new_device(account, clock_.wall() + settings_.device_for);
  reply.headers.emplace_back(
      "Set-Cookie", fmt::format("{}={}; Path=/api/login; HttpOnly; SameSite=Strict; Max-Age={}", kDeviceCookie, device,
                                std::chrono::seconds(settings_.device_for).count()));
  reply.headers.emplace_back("Set-Cookie",
                             fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", kLoginCookie, cookie,
                                         std::chrono::seconds(settings_.login_for + kTalkOutlives).count()));
  co_return reply;
}

asio::awaitable<Reply> Api::log_out(std::string cookie) {
  // Somebody who walks away believes it: only what is gone from the disk is said to be gone.
  std::function<Result<bool>(Store&)> forget = [cookie](Store& store) -> Result<bool> {
    if (auto done = store.forget_login(cookie); !done) return fail(done.error());
    return true;
  };
  const Result<bool> done = co_await records_.ask(std::move(forget));
  if (!done) co_return store_failed(done.error());
  Reply reply = empty_reply();
  reply.headers.emplace_back("Set-Cookie",
                             fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", kLoginCookie));
  co_return reply;
}

}  // namespace madoguchi::desk
