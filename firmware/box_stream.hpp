// SPDX-License-Identifier: Apache-2.0
// The events stream that is open now, with the way to end it. Private to the composition root.
#pragma once

#include <boost/asio/cancellation_signal.hpp>

#include "firmware/box.hpp"

namespace madoguchi {

struct Box::Stream {
  Stream(HttpClient& http, Clock& clock, signalling::Settings settings, Url url, std::string bearer,
         signalling::EventStream::Handlers handlers)
      : events(http, clock, settings, std::move(url), std::move(bearer), std::move(handlers)) {}
  signalling::EventStream events;
  boost::asio::cancellation_signal cancel;
};

}  // namespace madoguchi
