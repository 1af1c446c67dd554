// SPDX-License-Identifier: Apache-2.0
// One exchange with libcurl: the easy handle and what it collects. Private to base/net; on the loop's thread.
#pragma once

#include <curl/curl.h>

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "base/net/cleansing.hpp"
#include "base/net/http_client.hpp"

namespace madoguchi {

class Transfer {
 public:
  Transfer(boost::asio::any_io_executor executor, const HttpRequest& request, const HttpSettings& settings,
           bool streams);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  /// False: some option was not taken, and it must not be sent.
  [[nodiscard]] bool is_sound() const { return easy_ && unset_ == CURLE_OK; }
  void finish(CURLcode code);
  void cancel();
  /// What went wrong, in our words.
  [[nodiscard]] Error error(const Url& url) const;

  /// The next bytes for HttpRequest::body_to; "" where there are none yet. Good until drop_piece().
  [[nodiscard]] std::string_view piece();
  /// They are cleansed, and more may come.
  void drop_piece();

  bool finished = false;
  CURLcode code = CURLE_OK;
  bool cancelled = false;
  bool head_complete = false;
  HttpResponse response;
  boost::asio::steady_timer wake;  ///< cancelled when something happened

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void header_line(std::string_view line);

  struct FreeEasy {
    void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
  };
  void add_header(const std::string& line);

  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::string body_;
  std::size_t body_cap_;
  std::size_t body_bytes_ = 0;  ///< so far
  bool streams_;
  bool hands_on_;
  PrivateBytes filling_, handing_;
  bool held_up_ = false;  ///< libcurl waits until there is room again
  bool too_large_ = false;
  CURLcode unset_ = CURLE_OK;  ///< why an option was not taken
  char words_[CURL_ERROR_SIZE] = {};
};

}  // namespace madoguchi
