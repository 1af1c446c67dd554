// SPDX-License-Identifier: Apache-2.0
// Bait: what people write into a booking and what must not come out of the reading child. Header only.
#pragma once

#include <string>
#include <vector>

namespace madoguchi::test {

/// Each is long enough not to stand anywhere by accident; none has a character that a calendar escapes.
inline const std::vector<std::string>& private_words() {
  static const std::vector<std::string> words = {"山田花子",       "ヤマダハナコ",         "hanako.yamada",  "Hanako",
                                                 "090-1234-5678",  "0312345678",           "生活保護の相談", "離婚",
                                                 "tok_9f8e7d6c5b", "passcode-77-x",        "第三公民館裏口", "借金返済",
                                                 "uid-of-hanako",  "internal-note-secret", "pwd-in-a-link"};
  return words;
}

inline std::string private_uid() { return "uid-of-hanako-090-1234-5678@city.example"; }

/// An event's lines: these, then every property that holds private text.
inline std::string private_lines(const std::string& first) {
  return first +
         "SUMMARY:山田花子 様 生活保護の相談\n"
         "DESCRIPTION:ヤマダハナコ 090-1234-5678 hanako.yamada@city.example\\n離婚\\, tok_9f8e7d6c5b\n"
         "ATTENDEE;CN=\"山田花子\";ROLE=REQ-PARTICIPANT:mailto:hanako.yamada@city.example\n"
         "ORGANIZER;CN=Hanako:mailto:hanako.yamada@city.example\n"
         "LOCATION:第三公民館裏口 passcode-77-x\n"
         "CONTACT:Hanako 0312345678\n"
         "COMMENT:借金返済\n"
         "CATEGORIES:離婚\n"
         "X-PHONE;X-OWNER=Hanako:0312345678\n"
         "X-ALT-DESC;FMTTYPE=text/html:<p>internal-note-secret</p>\n"
         "ATTACH:https://files.example/pwd-in-a-link/hanako.yamada.pdf\n"
         "CONFERENCE;VALUE=URI;LABEL=\"Hanako\":https://elsewhere.example/j/1?pwd=pwd-in-a-link\n"
         "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:山田花子\nTRIGGER:-PT15M\nEND:VALARM\n";
}

inline std::vector<std::string> private_words_in(const std::string& text) {
  std::vector<std::string> found;
  for (const std::string& word : private_words()) {
    if (text.find(word) != std::string::npos) found.push_back(word);
  }
  return found;
}

}  // namespace madoguchi::test
