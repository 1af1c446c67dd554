// SPDX-License-Identifier: Apache-2.0
// libcurl's multi interface on Asio: its sockets are watched by descriptors that never close them, its timer is a
// steady_timer, and a coroutine waits for each transfer. On the loop's thread.
#include "base/net/http_client.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <map>
#include <set>
#include <stdexcept>

#include "base/clock.hpp"
#include "base/net/cleansing.hpp"
#include "base/net/transfer.hpp"

namespace madoguchi {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

std::optional<std::string> HttpResponse::header(std::string_view name) const {
  for (auto each = headers.rbegin(); each != headers.rend(); ++each) {
    if (each->first == name) return each->second;
  }
  return std::nullopt;
}

class HttpClient::Multi : public std::enable_shared_from_this<HttpClient::Multi> {
 public:
  Multi(asio::any_io_executor executor, HttpSettings settings)
      : executor_(executor), settings_(std::move(settings)), timer_(executor) {
    static const bool kOnce = start_curl();
    (void)kOnce;
    multi_ = ::curl_multi_init();
    const auto set = [this](CURLMoption option, auto value) {
      if (::curl_multi_setopt(multi_, option, value) != CURLM_OK)
        throw std::runtime_error("libcurl takes no callbacks");
    };
    set(CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
    set(CURLMOPT_SOCKETDATA, this);
    set(CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
    set(CURLMOPT_TIMERDATA, this);
  }
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;
  ~Multi() { shut_down(); }

  /// Another one, which ends with this at the latest.
  std::shared_ptr<Multi> apart() {
    auto made = std::make_shared<Multi>(executor_, settings_);
    std::erase_if(apart_, [](const auto& each) { return each.expired(); });
    apart_.push_back(made);
    return made;
  }

  void shut_down() {
    for (const auto& each : std::exchange(apart_, {})) {
      if (const auto held = each.lock()) held->shut_down();
    }
    if (multi_ == nullptr) return;
    const std::set<Transfer*> left = transfers_;
    for (Transfer* transfer : left) {
      remove(*transfer);
      transfer->cancel();
    }
    ::curl_multi_cleanup(multi_);  // closes idle connections: on_socket is called for them
    multi_ = nullptr;
    sockets_.clear();
    timer_.cancel();
  }

  bool add(Transfer& transfer) {
    if (multi_ == nullptr) return false;
    if (!transfer.is_sound() || ::curl_multi_add_handle(multi_, transfer.easy()) != CURLM_OK) {
      transfer.finish(CURLE_FAILED_INIT);
      return true;
    }
    transfers_.insert(&transfer);
    return true;
  }
  void remove(Transfer& transfer) {
    if (transfers_.erase(&transfer) > 0) ::curl_multi_remove_handle(multi_, transfer.easy());
  }

  [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }
  [[nodiscard]] const HttpSettings& settings() const { return settings_; }

 private:
  struct Socket {
    explicit Socket(const asio::any_io_executor& executor) : descriptor(executor) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { let_go(); }
    void let_go() {
      if (descriptor.is_open()) (void)descriptor.release();  // libcurl closes it
    }
    stream_descriptor descriptor;
    int wanted = 0;
    bool reading = false, writing = false;
  };

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    auto& multi = *static_cast<Multi*>(self);
    const auto known = multi.sockets_.find(fd);
    if (what == CURL_POLL_REMOVE) {
      if (known == multi.sockets_.end()) return 0;
      // Now, even if the handler of a wait holds it: libcurl is about to close it and may open another of that number
      // before that handler returns. Letting go later would take the newcomer out of the reactor.
      known->second->let_go();
      multi.sockets_.erase(known);
      return 0;
    }
    std::shared_ptr<Socket> socket;
    if (known != multi.sockets_.end()) {
      socket = known->second;
    } else {
      socket = std::make_shared<Socket>(multi.executor_);
      boost::system::error_code error;
      socket->descriptor.assign(fd, error);  // may not throw: the caller is C
      if (error) return -1;                  // libcurl ends its transfers
      multi.sockets_.emplace(fd, socket);
    }
    socket->wanted = what;
    multi.watch(fd, socket);
    return 0;
  }

  void watch(curl_socket_t fd, const std::shared_ptr<Socket>& socket) {
    const auto arm = [&](bool wanted, bool Socket::*busy, stream_descriptor::wait_type type, int event) {
      if (!wanted || socket.get()->*busy) return;
      socket.get()->*busy = true;
      socket->descriptor.async_wait(type, [self = weak_from_this(), weak = std::weak_ptr<Socket>(socket), fd, busy,
                                           event](const boost::system::error_code& error) {
        const auto multi = self.lock();
        const auto held = weak.lock();
        if (!multi || !held) return;
        held.get()->*busy = false;
        if (error) return;
        const auto known = multi->sockets_.find(fd);
        if (known == multi->sockets_.end() || known->second != held) return;
        if ((held->wanted & (event == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT)) != 0) multi->act(fd, event);
        const auto still = multi->sockets_.find(fd);
        if (still != multi->sockets_.end() && still->second == held) multi->watch(fd, held);
      });
    };
    arm((socket->wanted & CURL_POLL_IN) != 0, &Socket::reading, stream_descriptor::wait_read, CURL_CSELECT_IN);
    arm((socket->wanted & CURL_POLL_OUT) != 0, &Socket::writing, stream_descriptor::wait_write, CURL_CSELECT_OUT);
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& multi = *static_cast<Multi*>(self);
    multi.timer_.cancel();
    if (milliseconds < 0) return 0;
    multi.timer_.expires_after(std::chrono::milliseconds(milliseconds));
    multi.timer_.async_wait([weak = multi.weak_from_this()](const boost::system::error_code& error) {
      const auto held = weak.lock();
      if (!error && held) held->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }

  void act(curl_socket_t fd, int events) {
    if (multi_ == nullptr) return;
    int running = 0;
    ::curl_multi_socket_action(multi_, fd, events, &running);
    int left = 0;
    while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* transfer = nullptr;
      const CURLcode result = message->data.result;
      ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      static_cast<Transfer*>(transfer)->finish(result);
    }
  }

  asio::any_io_executor executor_;
  HttpSettings settings_;
  asio::steady_timer timer_;
  CURLM* multi_ = nullptr;
  std::map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  std::set<Transfer*> transfers_;
  std::vector<std::weak_ptr<Multi>> apart_;
};

namespace {

/// Takes the transfer out of the multi handle, however its coroutine ends.
struct Running {
  Running(std::shared_ptr<HttpClient::Multi> m, Transfer& t) : multi(std::move(m)), transfer(t) {
    if (!multi->add(transfer)) transfer.cancel();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { multi->remove(transfer); }
  std::shared_ptr<HttpClient::Multi> multi;
  Transfer& transfer;
};

/// Until something happened or `until`; false when the time was up. Cancellation throws.
asio::awaitable<bool> something(Transfer& transfer, asio::steady_timer::time_point until) {
  boost::system::error_code error;
  transfer.wake.expires_at(until);
  co_await transfer.wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return static_cast<bool>(error);
}

Result<void> permitted(const Url& url) {
  if (url.is_secure_or_loopback()) return {};
  return fail(Errc::permission, url.redacted() + ": http:// is for this machine itself only; use https://");
}

bool is_redirect(const HttpRequest& request, int status) {
  if (status == 307 || status == 308) return true;
  return (status == 301 || status == 302 || status == 303) && request.method == "GET";
}

asio::awaitable<Result<HttpResponse>> single(std::shared_ptr<HttpClient::Multi> multi, const HttpRequest& request) {
  Transfer transfer(multi->executor(), request, multi->settings(), false);
  Running running(multi, transfer);
  for (;;) {
    const std::string_view piece = transfer.piece();
    if (!piece.empty()) {
      const bool wants_more = co_await request.body_to(piece);
      transfer.drop_piece();
      if (!wants_more) co_return fail(Errc::cancelled, request.url.redacted() + ": given up");
      continue;
    }
    if (transfer.finished) break;
    co_await something(transfer, asio::steady_timer::time_point::max());
  }
  if (transfer.code != CURLE_OK) co_return fail(transfer.error(request.url));
  transfer.response.url = request.url;
  co_return std::move(transfer.response);
}

asio::awaitable<Result<HttpResponse>> exchange(std::shared_ptr<HttpClient::Multi> multi, HttpRequest request) {
  const auto until = steady_now() + request.deadline;
  for (int redirects = 0;; ++redirects) {
    if (auto may = permitted(request.url); !may) co_return fail(may.error());
    Result<HttpResponse> response = co_await single(multi, request);
    if (!response || !is_redirect(request, response->status)) co_return response;
    const std::optional<std::string> location = response->header("location");
    if (!location) co_return response;
    Result<Url> next = request.url.resolve(*location);
    if (!next) co_return fail(Errc::protocol, request.url.redacted() + ": redirects to what is not a URL");
    if (next->origin() != request.url.origin()) {
      co_return fail(Errc::permission, request.url.redacted() +
                                           ": redirects to another server; write that server's "
                                           "address into the configuration if it is right");
    }
    if (redirects >= 5) co_return fail(Errc::protocol, request.url.redacted() + ": redirects in a circle");
    request.url = std::move(*next);
    request.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_now());
  }
}

asio::awaitable<Result<HttpResponse>> listen(std::shared_ptr<HttpClient::Multi> multi, HttpRequest request,
                                             std::function<void(const HttpResponse&)> on_head,
                                             std::function<bool(std::string_view)> on_data,
                                             std::chrono::milliseconds idle) {
  if (auto may = permitted(request.url); !may) co_return fail(may.error());
  Transfer transfer(multi->executor(), request, multi->settings(), true);
  Running running(multi, transfer);
  bool told = false;
  auto until = steady_now() + request.deadline;
  for (;;) {
    if (transfer.head_complete && !told) {
      told = true;
      transfer.response.url = request.url;
      if (transfer.response.status == 200) on_head(transfer.response);
      until = steady_now() + idle;
    }
    if (told && transfer.response.status == 200 && !transfer.response.body.empty()) {
      const std::string data = std::exchange(transfer.response.body, {});
      until = steady_now() + idle;
      if (!on_data(data)) break;
      continue;
    }
    if (transfer.finished) break;
    const bool happened = co_await something(transfer, until);
    if (!happened && !transfer.finished && steady_now() >= until) {
      co_return fail(Errc::timeout, request.url.redacted() + (told ? ": silent for too long" : ": no reply in time"));
    }
  }
  if (transfer.finished && transfer.code != CURLE_OK) co_return fail(transfer.error(request.url));
  co_return std::move(transfer.response);
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, HttpSettings settings)
    : multi_(std::make_shared<Multi>(std::move(executor), std::move(settings))) {}

HttpClient::~HttpClient() { multi_->shut_down(); }

// No coroutines: what they run keeps the multi handle from now on, and so the client may go before they begin.
asio::awaitable<Result<HttpResponse>> HttpClient::send(HttpRequest request) {
  // A multi handle keeps its buffers (libcurl 8.7 and later: also the one that bodies are read into) as long as it lives.
  if (request.body_to) return exchange(multi_->apart(), std::move(request));
  return exchange(multi_, std::move(request));
}

asio::awaitable<Result<HttpResponse>> HttpClient::stream(HttpRequest request,
                                                         std::function<void(const HttpResponse&)> on_head,
                                                         std::function<bool(std::string_view)> on_data,
                                                         std::chrono::milliseconds idle) {
  return listen(multi_, std::move(request), std::move(on_head), std::move(on_data), idle);
}

}  // namespace madoguchi
