// SPDX-License-Identifier: Apache-2.0
// Which cards sound. Pure.
#include "firmware/session/chime.hpp"

#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::session;

namespace {

protocol::ShowCard card(const std::string& code, const std::string& chime) {
  protocol::ShowCard made;
  made.code = code;
  made.chime = chime;
  return made;
}

/// What sounds when the screen takes this card.
std::string shown(Chime& chime, const std::string& code, const std::string& own) {
  const protocol::ShowCard it = chime.on(card(code, own));
  chime.shown(it);
  return it.chime;
}

}  // namespace

TEST_CASE("a new card has its own chime, and shown again none") {
  Chime chime;
  CHECK(shown(chime, "ended", "end") == "end");
  CHECK(shown(chime, "ended", "end").empty());
  CHECK(shown(chime, "ready", "").empty());
  CHECK(shown(chime, "ended", "end") == "end");
}

TEST_CASE("the card of a media process that starts does not make the next one new") {
  Chime chime;
  CHECK(shown(chime, "starting", "").empty());
  CHECK(shown(chime, "ready", "ready") == "ready");
  CHECK(shown(chime, "starting", "").empty());
  CHECK(shown(chime, "ready", "ready").empty());
}

TEST_CASE("a press always sounds, once, with the card's own chime where it has one") {
  Chime chime;
  shown(chime, "nothing-open", "");
  chime.pressed();
  CHECK(chime.owed());
  CHECK(shown(chime, "nothing-open", "") == "press");
  CHECK_FALSE(chime.owed());
  CHECK(shown(chime, "nothing-open", "").empty());
  shown(chime, "ended", "end");
  chime.pressed();
  CHECK(shown(chime, "ended", "end") == "end");
}

TEST_CASE("a card that the screen did not take leaves the press unanswered") {
  Chime chime;
  chime.pressed();
  CHECK(chime.on(card("calling", "")).chime == "press");
  CHECK(chime.owed());
  CHECK(shown(chime, "calling", "") == "press");
}
