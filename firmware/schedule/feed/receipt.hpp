// SPDX-License-Identifier: Apache-2.0
// The one thing of a booking's text that leaves the reading child: the digits of its receipt number. Pure.
#pragma once

#include <string>
#include <string_view>

namespace madoguchi::schedule {

/// "20417" of "受付番号 20417", "受付番号：２０４１７（来所）": 1 to 12 digits after the word 受付番号, which a space, a
/// colon or "No." may follow; full-width digits become ASCII. "" where there is no such number, or a longer one.
std::string receipt_in(std::string_view text);

}  // namespace madoguchi::schedule
