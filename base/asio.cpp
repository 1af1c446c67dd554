// SPDX-License-Identifier: Apache-2.0
// Boost.Asio's own code, compiled once for every program.
#include <boost/asio/impl/src.hpp>
