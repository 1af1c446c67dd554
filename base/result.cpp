// SPDX-License-Identifier: Apache-2.0
// Names of error codes, and errors made of errno. No state.
#include "base/result.hpp"

#include <cerrno>
#include <system_error>

namespace madoguchi {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::invalid: return "invalid";
    case Errc::not_found: return "not-found";
    case Errc::permission: return "permission";
    case Errc::busy: return "busy";
    case Errc::timeout: return "timeout";
    case Errc::cancelled: return "cancelled";
    case Errc::host_unknown: return "host-unknown";
    case Errc::refused: return "refused";
    case Errc::unreachable: return "unreachable";
    case Errc::tls: return "tls";
    case Errc::http: return "http";
    case Errc::cut: return "cut";
    case Errc::empty: return "empty";
    case Errc::too_large: return "too-large";
    case Errc::protocol: return "protocol";
    case Errc::unsupported: return "unsupported";
    case Errc::io: return "io";
  }
  return "unknown";
}

Error Error::in(std::string_view context) const {
  std::string text(context);
  text += ": ";
  text += message;
  return {code, std::move(text), http_status};
}

Error errno_error(std::string_view what, int error_number) {
  Errc code = Errc::io;
  if (error_number == ENOENT) code = Errc::not_found;
  if (error_number == EACCES || error_number == EPERM) code = Errc::permission;
  if (error_number == EAGAIN || error_number == EBUSY) code = Errc::busy;
  std::string text(what);
  text += ": ";
  text += std::generic_category().message(error_number);
  return {code, std::move(text)};
}

}  // namespace madoguchi
