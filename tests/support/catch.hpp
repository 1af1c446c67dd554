// SPDX-License-Identifier: Apache-2.0
// Catch2, v2 on Debian 12 and v3 on Debian 13.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
