// SPDX-License-Identifier: Apache-2.0
// What can be expected to go wrong, as a value. Used by every room, on every thread.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace madoguchi {

enum class Errc {
  invalid,       // the input does not have the promised form
  not_found,     // there is no such thing
  permission,    // we may not
  busy,          // another holds it; would block; full
  timeout,       // the deadline passed
  cancelled,     // the caller gave up
  host_unknown,  // no name server knows the name
  refused,       // the machine is there, and nobody listens on that port
  unreachable,   // the route or the connection failed
  tls,           // the peer could not be verified
  http,          // an HTTP status outside 2xx; Error::http_status has it
  cut,           // the connection ended in the middle of a reply
  empty,         // the connection ended before any reply
  too_large,     // more than the cap
  protocol,      // the peer broke the protocol
  unsupported,   // this build or kernel cannot
  io,            // the operating system said no; the message says why
};

/// "timeout", "http" and so on; for logs and for JSON.
std::string_view name(Errc code);

/// A message tells its reader what to do next; rooms add context in front of it at their border.
struct Error {
  Errc code{};
  std::string message;
  int http_status = 0;

  Error() = default;
  Error(Errc errc, std::string text, int status = 0) : code(errc), message(std::move(text)), http_status(status) {}

  /// The same error with "context: " in front.
  [[nodiscard]] Error in(std::string_view context) const;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}
};

/// `return fail(Errc::timeout, "...")` in any function that returns a Result.
inline tl::unexpected<Error> fail(Errc code, std::string message, int http_status = 0) {
  return tl::unexpected<Error>(Error(code, std::move(message), http_status));
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

/// An Error of errno, its words after `what`.
Error errno_error(std::string_view what, int error_number);

}  // namespace madoguchi
