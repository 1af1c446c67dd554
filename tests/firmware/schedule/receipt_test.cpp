// SPDX-License-Identifier: Apache-2.0
// Which digits of a booking's text are its receipt number.
#include "firmware/schedule/feed/receipt.hpp"

#include "tests/support/catch.hpp"

using namespace madoguchi::schedule;

TEST_CASE("a receipt number is the digits after its word, and nothing else") {
  struct Row {
    std::string text, digits;
  };
  for (const auto& [text, digits] : std::initializer_list<Row>{
           {"受付番号 20417", "20417"},
           {"受付番号20417", "20417"},
           {"受付番号：20417（来所）", "20417"},
           {"【窓口】受付番号　No.7 山田花子様 090-1234-5678", "7"},
           {"受付番号:２０４１７", "20417"},
           {"受付番号 №123456789012", "123456789012"},
           {"受付番号は後日。受付番号 8", "8"},
           {"受付番号 1234567890123", ""},  // longer than any
           {"受付番号 山田花子", ""},
           {"受付番号 A-20417", ""},
           {"受付番号", ""},
           {"受付 20417", ""},
           {"山田花子 090-1234-5678", ""},
           {"", ""},
           {"受付番号 \xef\xbc", ""},
           {"受付番号 ９\xef", "9"},
       }) {
    CAPTURE(text);
    CHECK(receipt_in(text) == digits);
  }
}
