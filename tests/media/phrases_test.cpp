// SPDX-License-Identifier: Apache-2.0
// Where Japanese lines may end, and that lines of a text are about equally long.
#include "media/phrases.hpp"

#include <algorithm>

#include "media/text_layout.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi::media;

namespace {

std::string cut(const std::string& text) {
  std::string result;
  std::size_t begin = 0;
  for (const std::size_t start : phrase_starts(text)) {
    result += text.substr(begin, start - begin) + "|";
    begin = start;
  }
  return result + text.substr(begin);
}

std::vector<std::string> lines(const std::string& text, const std::string& lang, double width, int px = 40) {
  TextLayout layout;
  const TextBlock block = layout.lay(text, lang, px, false, width);
  std::vector<std::string> result;
  for (const TextLine& line : block.lines) {
    CHECK((line.width <= width || block.word_broken));
    result.push_back(line.text);
  }
  return result;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("phrases begin where a reader would pause") {
  // As BudouX's own parser cuts them, in version 0.9.2.
  CHECK(cut("ネットワークの線が抜けていないかご確認ください。") ==
        "ネットワークの|線が|抜けていないか|ご確認ください。");
  CHECK(cut("終わるときは、ボタンを長く押してください") == "終わる|ときは、|ボタンを|長く|押してください");
  CHECK(cut("相手の映像が止まりました。声はつながっています") == "相手の|映像が|止まりました。|声は|つながっています");
  CHECK(cut("白いUSBケーブルを挿し直してください。") == "白い|USBケーブルを|挿し直してください。");
  CHECK(cut("地域包括支援センターの職員も聞いています") == "地域包括支援センターの|職員も|聞いています");
}

TEST_CASE("what is no text has no phrases") {
  CHECK(phrase_starts("").empty());
  CHECK(phrase_starts("人").empty());
  CHECK(phrase_starts("\xe4\xba").empty());
  CHECK(phrase_starts("\xff\xfe 相談員を呼んでいます").empty());
}

TEST_CASE("lines end between phrases, and are about equally long") {
  const std::string text = "ネットワークの線が抜けていないかご確認ください。";
  CHECK(lines(text, "ja", 1200) == Lines{text});
  CHECK(lines(text, "ja", 900) == Lines{"ネットワークの線が", "抜けていないかご確認ください。"});
  CHECK(lines(text, "ja", 500) == Lines{"ネットワークの線が", "抜けていないか", "ご確認ください。"});
}

TEST_CASE("easy Japanese and English end their lines at spaces alone") {
  CHECK(lines("やめる ときは、 ボタンを 長く おして ください。", "easy", 600) ==
        Lines{"やめる ときは、 ボタンを", "長く おして ください。"});
  CHECK(lines("白いUSBケーブルを挿し直してください。", "easy", 500) ==
        lines("白いUSBケーブルを挿し直してください。", "ja", 500));
  CHECK(lines("To stop, hold the button down.", "en", 400) == Lines{"To stop, hold the", "button down."});
  CHECK(lines("市役所の電話　0123-45-6789", "ja", 320) == Lines{"市役所の電話", "0123-45-6789"});
}

TEST_CASE("a word that is wider than the screen is broken, and that is said") {
  TextLayout layout;
  const TextBlock block = layout.lay("地域包括支援センター地域包括支援センター", "ja", 40, false, 300);
  CHECK(block.word_broken);
  CHECK(block.lines.size() >= 3);
  for (const TextLine& line : block.lines) CHECK(line.width <= 300);
  CHECK_FALSE(layout.lay("相談員", "ja", 40, false, 300).word_broken);
  CHECK(layout.lay("", "ja", 40, false, 300).lines.empty());
}
