// SPDX-License-Identifier: Apache-2.0
// Asio's TLS, which only the tests' servers use: compiled here, as base/asio.cpp compiles the rest.
#include <boost/asio/ssl/impl/src.hpp>
