// SPDX-License-Identifier: Apache-2.0
// The cards' words. Pure.
#include "firmware/session/cards.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace madoguchi::session {

namespace {

struct Card {
  std::string_view code;
  std::string_view tone;   ///< "calm", "busy", "good", "trouble"
  std::string_view chime;  ///< "" = silent
  bool telephone;          ///< a waiting or failing card: says which number to call
  std::string_view title_ja, title_en;
  std::string_view line1_ja, line1_en;
  std::string_view line2_ja, line2_en;
};

// {start} and {opens} become local times, {date} the day when it is not today.
constexpr std::array kCards = {
    Card{"starting", "calm", "", true, "準備しています", "Getting ready", "少しお待ちください。", "One moment, please.",
         "", ""},
    Card{"ready", "calm", "ready", false, "ボタンを押してください", "Press the button",
         "{start}からの相談につながります。", "It connects to the consultation of {start}.",
         "職員の方が押してください。", "A staff member presses it."},
    Card{"next", "calm", "", false, "次の相談は {date}{start} からです", "The next consultation is at {date}{start}",
         "{opens}から、ボタンで始められます。", "From {opens} the button starts it.", "", ""},
    Card{"no-bookings", "calm", "", true, "予約はありません", "No bookings", "予約が入ると、ここに表示されます。",
         "A booking will be shown here.", "", ""},
    Card{"bookings-unread", "calm", "", true, "予約を確かめています", "Looking for the bookings",
         "市役所とまだ連絡が取れていません。", "City hall has not been reached yet.",
         "続くときは、ネットワークの線が抜けていないかご確認ください。",
         "If this stays, please check that the network cable is plugged in."},
    Card{"nothing-known", "trouble", "press", true, "今はつながりません", "It does not connect now",
         "市役所と連絡が取れず、予約を確かめられません。", "City hall is not reached: the bookings are not known.",
         "ネットワークの線が抜けていないかご確認ください。", "Please check that the network cable is plugged in."},
    Card{"nothing-open", "calm", "press", true, "今つながる相談はありません", "Nothing to connect to now",
         "予約の時間をご確認ください。", "Please check the time of the booking.", "", ""},
    Card{"too-early", "calm", "press", true, "まだ始められません", "Too early",
         "{date}{start}の相談は、{opens}からボタンで始められます。",
         "For the consultation at {date}{start} press from {opens} on.", "", ""},
    Card{"calling", "busy", "press", true, "相談員を呼んでいます", "Calling the counsellor", "そのままお待ちください。",
         "Please wait here.", "", ""},
    Card{"calling-absent", "busy", "press", true, "相談員を呼んでいます", "Calling the counsellor",
         "相談員がまだ席にいません。呼び出しを続けています。", "Nobody is at the desk yet. We keep calling.", "", ""},
    Card{"calling-long", "busy", "", true, "もうしばらくお待ちください", "A little longer, please",
         "呼び出しを続けています。お急ぎのときは、お電話ください。",
         "We keep calling. If it is urgent, please telephone.", "やめるときは、ボタンを長く押してください。",
         "To stop, hold the button down."},
    Card{"connecting", "busy", "press", true, "つないでいます", "Connecting", "まもなく相談員が映ります。",
         "The counsellor appears in a moment.", "", ""},
    Card{"reconnecting", "busy", "", true, "つなぎ直しています", "Connecting again", "そのままお待ちください。",
         "Please wait here.", "やめるときは、ボタンを長く押してください。", "To stop, hold the button down."},
    Card{"trouble", "trouble", "trouble", true, "", "", "", "", "", ""},
    Card{"out-of-service", "trouble", "trouble", true, "ただいま使えません", "Out of service", "", "", "", ""},
    Card{"talking", "good", "connected", false, "", "", "", "", "", ""},
    Card{"hold-to-end", "good", "", false, "終わるときは、ボタンを長く押してください", "To end, hold the button down",
         "", "", "", ""},
    Card{"on-hold", "busy", "hold", false, "少しお待ちください", "One moment, please",
         "相談員が確かめています。そのままお待ちください。",
         "The counsellor is looking something up. Please wait here.", "いまは、おたがいの映像と声が止まっています。",
         "Picture and sound are stopped on both sides just now."},
    Card{"handing-over", "busy", "hold", false, "別の相談員に代わります", "A colleague takes over",
         "そのままお待ちください。", "Please wait here.", "いまは、おたがいの映像と声が止まっています。",
         "Picture and sound are stopped on both sides just now."},
    Card{"staff-wanted", "busy", "staff", false, "職員の方は、こちらへ来てください", "Staff: please come here",
         "来られたら、ボタンを短く押してください。", "When you are here, press the button briefly.", "", ""},
    Card{"muted", "busy", "", false, "こちらの映像と音声を止めています", "Our picture and sound are stopped", "", "",
         "", ""},
    Card{"picture-stands", "busy", "", false, "相手の映像が止まりました。声はつながっています",
         "The other side's picture stands still; its sound goes on", "", "", "", ""},
    Card{"camera-trouble", "trouble", "", false, "", "", "", "", "", ""},
    Card{"banner", "good", "", false, "{banner}", "{banner}", "", "", "", ""},
    Card{"ended", "calm", "ended", false, "相談は終わりました", "The consultation has ended", "お疲れさまでした。",
         "Thank you.", "", ""},
    Card{"ended-office", "calm", "ended", false, "相談は終わりました", "The consultation has ended",
         "相談員が相談を終えました。", "The counsellor ended it.", "お疲れさまでした。", "Thank you."},
    Card{"ended-left", "calm", "ended", false, "相談員が退席しました", "The counsellor has left",
         "相談は終わりました。", "The consultation has ended.", "続けるときは、もう一度ボタンを押してください。",
         "To go on, press the button again."},
    Card{"ended-cancelled", "calm", "ended", false, "呼び出しをやめました", "The call was stopped",
         "もう一度呼ぶときは、ボタンを押してください。", "To call again, press the button.", "", ""},
    Card{"ended-no-answer", "trouble", "ended", true, "相談員が出ませんでした", "Nobody answered",
         "もう一度ボタンを押すか、お電話ください。", "Press the button again, or telephone.", "", ""},
    Card{"ended-lost", "trouble", "ended", true, "接続が戻りませんでした", "The connection did not come back",
         "相談を終わりました。", "The consultation has ended.", "もう一度ボタンを押すか、お電話ください。",
         "Press the button again, or telephone."},
    Card{"ended-not-found", "trouble", "ended", true, "この相談は見つかりませんでした",
         "This consultation was not found", "予約が変わったかもしれません。", "The booking may have been changed.",
         "市役所へお電話ください。", "Please telephone city hall."},
    Card{"ended-unverified", "trouble", "ended", true, "安全につながりませんでした", "It could not be connected safely",
         "相手が市役所だと確かめられませんでした。", "The other side did not prove to be city hall.",
         "映像と音声は送られていません。お電話ください。", "No picture or sound was sent. Please telephone."},
};

/// What sounds again and again while a card stands.
struct Repeat {
  std::string_view code, chime;
  int ms;
};
// A person who cannot read hears that it works.
constexpr std::array kRepeats = {Repeat{"calling", "ring-back", 4000}, Repeat{"calling-absent", "ring-back", 4000},
                                 Repeat{"calling-long", "ring-back", 4000}, Repeat{"connecting", "ring-back", 4000},
                                 Repeat{"staff-wanted", "staff", 3000}};

const Card& find(std::string_view code) {
  const auto found = std::find_if(kCards.begin(), kCards.end(), [code](const Card& card) { return card.code == code; });
  return found == kCards.end() ? kCards.front() : *found;
}

struct LocalTime {
  std::string clock;    ///< "13:05"
  std::string date_ja;  ///< "11月24日 " when it is not today
  std::string date_en;  ///< "24 Nov "
};

LocalTime local(WallTime time, const CardFacts& facts) {
  using std::chrono::days;
  const auto there = time + facts.utc_offset;
  const auto day = std::chrono::floor<days>(there);
  const auto today = std::chrono::floor<days>(facts.now + facts.utc_offset);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(there - day).count();
  LocalTime result;
  result.clock = fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
  if (day != today) {
    const std::chrono::year_month_day date(day);
    result.date_ja = fmt::format("{}月{}日 ", unsigned(date.month()), unsigned(date.day()));
    result.date_en = fmt::format("{}/{} ", unsigned(date.day()), unsigned(date.month()));
  }
  return result;
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string filled(std::string_view pattern, const View& view, const CardFacts& facts, bool japanese) {
  std::string text(pattern);
  if (text.find("{start}") != std::string::npos) {
    if (!facts.start) return {};
    const LocalTime start = local(*facts.start, facts);
    replace(text, "{date}", japanese ? start.date_ja : start.date_en);
    replace(text, "{start}", start.clock);
  }
  if (text.find("{opens}") != std::string::npos) {
    if (!facts.opens) return {};
    replace(text, "{opens}", local(*facts.opens, facts).clock);
  }
  replace(text, "{banner}", view.banner);
  return text;
}

void add(std::vector<std::string>& lines, std::string line) {
  if (!line.empty()) lines.push_back(std::move(line));
}

}  // namespace

Words words(const View& view, const CardFacts& facts) {
  const Card& card = find(view.card);
  Words result;
  result.title_ja = filled(card.title_ja, view, facts, true);
  result.title_en = filled(card.title_en, view, facts, false);
  add(result.lines_ja, filled(card.line1_ja, view, facts, true));
  add(result.lines_ja, filled(card.line2_ja, view, facts, true));
  add(result.lines_en, filled(card.line1_en, view, facts, false));
  add(result.lines_en, filled(card.line2_en, view, facts, false));
  if (view.fault && (card.code == "trouble" || card.code == "out-of-service" || card.code == "camera-trouble")) {
    const FaultInfo& fault = info(*view.fault);
    if (result.title_ja.empty()) {
      result.title_ja = fault.ja;
      result.title_en = fault.en;
    } else {
      add(result.lines_ja, std::string(fault.ja));
      add(result.lines_en, std::string(fault.en));
    }
    for (const std::string_view step : fault.steps_ja) add(result.lines_ja, std::string(step));
    for (const std::string_view step : fault.steps_en) add(result.lines_en, std::string(step));
  }
  if (!view.listeners.empty()) {
    add(result.lines_ja, fmt::format("{}の職員も聞いています", fmt::join(view.listeners, "、")));
    add(result.lines_en, fmt::format("Also listening: {}", fmt::join(view.listeners, ", ")));
  }
  if (card.telephone && !facts.telephone.empty()) {
    add(result.lines_ja, fmt::format("市役所の電話　{}", facts.telephone));
    add(result.lines_en, fmt::format("City hall: {}", facts.telephone));
  }
  return result;
}

protocol::ShowCard card(const View& view, const CardFacts& facts) {
  const Card& found = find(view.card);
  Words text = words(view, facts);
  protocol::ShowCard result;
  result.code = found.code;
  result.title = std::move(text.title_ja);
  result.lines = std::move(text.lines_ja);
  if (result.lines.size() > 6) result.lines.resize(6);
  result.tone = found.tone;
  result.over_picture = view.over_picture;
  result.chime = found.chime;
  for (const Repeat& each : kRepeats) {
    if (each.code != found.code) continue;
    result.repeat = each.chime;
    result.repeat_ms = each.ms;
  }
  return result;
}

std::vector<std::string_view> all_cards() {
  std::vector<std::string_view> codes;
  for (const Card& card : kCards) codes.push_back(card.code);
  return codes;
}

}  // namespace madoguchi::session
