// SPDX-License-Identifier: Apache-2.0
// A box, and a page that only pretends, at the real desk: calendar, WHIP and WHEP, events, rings.
#include "tests/provisioning/desk/office.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr const char* kPassword = "kumquat-47-anchor";

/// Two halls; a consultation of the southern one is on.
struct Consultation : Office {
  Consultation() {
    south = add_hall("south", "南公民館");
    north = add_hall("north", "北部センター");
    command({"add-counsellor", "sato"}, std::string(kPassword) + "\n");
    start();
    room = book("south", -5min, 60min);
    box.emplace(*this, south.token);
    page.emplace(*this);
    REQUIRE(page->log_in("sato", kPassword).status == 200);
    whip = "/whip/" + room + "/counsellor";
    whep = "/whep/" + room + "/counsellor";
  }
  /// The page's offer that waits, by direction.
  std::string offer_id(const ListenerPtr& seat, const std::string& direction) {
    REQUIRE(until([&] { return seat->find("offer", "direction", direction) != nullptr; }));
    return text_of(*seat->find("offer", "direction", direction), "id");
  }
  int answer(const std::string& offer, const std::string& sdp = "v=0\r\no=the page\r\n") {
    return page->send("POST", "/api/offers/" + offer + "/answer", {{"session", page->session}, {"sdp", sdp}}).status;
  }
  int ended(const PendingPtr& post) {
    REQUIRE(until([&] { return post->response || !post->error.empty(); }));
    return post->status();
  }
  HallKeys south, north;
  std::string room, whip, whep;
  std::optional<BoxCaller> box;
  std::optional<PageCaller> page;
};

}  // namespace

TEST_CASE("the calendar: one event a booking, its own hall's only, 304 until something changes") {
  Consultation it;
  it.book("north", 10min, 30min);
  const HttpResponse first = it.send(it.request("GET", it.south.calendar_path));
  REQUIRE(first.status == 200);
  CHECK(first.header("content-type").value_or("").rfind("text/calendar", 0) == 0);
  const std::string link = "CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:" + it.origin + "/rooms/" + it.room;
  std::string unfolded = first.body;
  for (std::size_t at = 0; (at = unfolded.find("\r\n ")) != std::string::npos;) unfolded.erase(at, 3);
  CHECK(unfolded.find(link + "\r\n") != std::string::npos);
  CHECK(unfolded.find("SUMMARY:受付番号 ") != std::string::npos);
  CHECK(unfolded.find("STATUS:CONFIRMED\r\n") != std::string::npos);
  CHECK(unfolded.find("BEGIN:VEVENT") == unfolded.rfind("BEGIN:VEVENT"));
  for (std::size_t at = 0, end = 0; (end = first.body.find("\r\n", at)) != std::string::npos; at = end + 2) {
    CHECK(end - at <= 75);
  }
  CHECK(first.header("last-modified").has_value());
  const std::string etag = first.header("etag").value_or("");
  REQUIRE(etag.size() > 2);
  CHECK(etag.front() == '"');

  const auto again = [&](const std::string& known) {
    HttpRequest request = it.request("GET", it.south.calendar_path);
    request.headers.emplace_back("If-None-Match", known);
    return it.send(std::move(request));
  };
  CHECK(again(etag).status == 304);
  CHECK(again("\"other\", " + etag).status == 304);
  CHECK(again("\"other\"").status == 200);
  const std::string receipt = unfolded.substr(unfolded.find("受付番号 ") + std::string("受付番号 ").size(), 4);
  CHECK(it.page->send("DELETE", "/api/bookings/" + receipt).status == 204);
  const HttpResponse cancelled = again(etag);
  CHECK(cancelled.status == 200);
  CHECK(cancelled.header("etag") != etag);
  CHECK(cancelled.body.find("STATUS:CANCELLED\r\n") != std::string::npos);
  CHECK(it.send(it.request("GET", "/calendars/0123456789abcdef/bookings.ics")).status == 404);
}

TEST_CASE("a box's token opens its own hall's rooms only") {
  Consultation it;
  for (const char* method : {"GET", "POST"}) {
    CHECK(
        it.send(BoxCaller(it, it.north.token).request(method, "/events/" + it.room, "{\"type\":\"calling\"}")).status ==
        404);
    CHECK(it.send(BoxCaller(it, "made-up").request(method, "/events/" + it.room, "{}")).status == 401);
    CHECK(it.send(it.request(method, "/events/" + it.room)).status == 401);
  }
  for (const std::string& path : {it.whip, it.whep}) {
    CHECK(it.ended(BoxCaller(it, it.north.token).offer(path)) == 404);
    CHECK(it.ended(BoxCaller(it, "made-up").offer(path)) == 401);
  }
  CHECK(it.ended(it.box->offer("/whip/" + it.room + "/mayor")) == 404);
  CHECK(it.ended(it.box->offer("/whip/0123456789/counsellor")) == 404);
  CHECK(it.box->say(it.room, "press") == 422);
  const object early = it.command({"add-hall", "east", "東"});
  const std::string later = it.book("east", 3h, 30min);
  CHECK(it.ended(BoxCaller(it, text_of(early, "token")).offer("/whip/" + later + "/counsellor")) == 404);
}

TEST_CASE("offers in both directions are answered by the page, and the box ends them") {
  Consultation it;
  CHECK(it.ended(it.box->offer(it.whip)) == 503);
  const ListenerPtr events = it.box->listen(it.room);
  REQUIRE(it.until([&] { return events->find("seats") != nullptr; }));
  const ListenerPtr seat = it.page->sit(it.room);
  REQUIRE(it.until([&] { return events->find("seat-joined", "session", it.page->session) != nullptr; }));
  for (const std::string& path : {it.whip, it.whep}) {
    const PendingPtr post = it.box->offer(path, "v=0\r\no=the offer of " + path + "\r\n");
    const std::string id = it.offer_id(seat, path.substr(1, 4));
    CHECK(text_of(*seat->find("offer"), "sdp") == "v=0\r\no=the offer of " + path + "\r\n");
    PageCaller thief = *it.page;
    thief.session = "0123456789abcdef0123456789abcdef";
    CHECK(thief.send("POST", "/api/offers/" + id + "/answer", {{"session", thief.session}, {"sdp", "v=0"}}).status ==
          410);
    CHECK(it.answer(id) == 204);
    REQUIRE(it.ended(post) == 201);
    CHECK(post->response->body == "v=0\r\no=the page\r\n");
    CHECK(post->response->header("content-type").value_or("") == "application/sdp");
    const std::string location = post->response->header("location").value_or("");
    CHECK(location.rfind(path + "/", 0) == 0);
    CHECK(it.answer(id) == 410);
    CHECK(it.send(BoxCaller(it, it.north.token).request("DELETE", location)).status == 404);
    CHECK(it.send(it.box->request("DELETE", location)).status == 200);
    CHECK(it.until([&] { return seat->find("offer-gone", "id", id) != nullptr; }));
    CHECK(it.send(it.box->request("DELETE", location)).status == 404);
  }
  for (const char* word : {"the offer of", "the page"}) CHECK(it.desk.errors().find(word) == std::string::npos);
}

TEST_CASE("an offer that the page refuses, one that the box takes back, one that is nonsense") {
  Consultation it;
  const ListenerPtr seat = it.page->sit(it.room);
  const PendingPtr refused = it.box->offer(it.whip);
  const std::string id = it.offer_id(seat, "whip");
  CHECK(it.page->send("POST", "/api/offers/" + id + "/reject", {{"session", it.page->session}, {"reason", "no codec"}})
            .status == 204);
  CHECK(it.ended(refused) == 406);

  const PendingPtr taken_back = it.box->offer(it.whep);
  const std::string second = it.offer_id(seat, "whep");
  taken_back->cancel.emit(asio::cancellation_type::terminal);
  CHECK(it.until([&] { return seat->find("offer-gone", "id", second) != nullptr; }));
  CHECK(it.answer(second) == 410);

  CHECK(it.ended(it.box->offer(it.whip, "hello")) == 400);
  CHECK(it.send(it.box->request("POST", it.whip, "v=0\r\n", "text/plain")).status == 415);
}

TEST_CASE("a reload is a new session and hears what waits - leaving is heard at once - nobody there is 503") {
  Consultation it;
  const ListenerPtr events = it.box->listen(it.room);
  const ListenerPtr before = it.page->sit(it.room);
  const std::string first = it.page->session;
  before->cut();
  const PendingPtr post = it.box->offer(it.whip);
  const ListenerPtr after = it.page->sit(it.room);
  CHECK(it.page->session != first);
  CHECK(it.until([&] { return events->find("seat-joined", "session", it.page->session) != nullptr; }));
  CHECK(it.answer(it.offer_id(after, "whip")) == 204);
  CHECK(it.ended(post) == 201);
  CHECK(events->count("seat-left") == 0);

  CHECK(it.page->send("GET", "/api/rooms/" + it.room + "/stream?session=" + first).status >= 400);
  CHECK(it.page->send("POST", "/api/rooms/" + it.room + "/leave", {{"session", first}}).status == 410);
  const PendingPtr waiting = it.box->offer(it.whep);
  it.offer_id(after, "whep");
  CHECK(it.page->send("POST", "/api/rooms/" + it.room + "/leave", {{"session", it.page->session}}).status == 204);
  CHECK(it.until([&] { return events->find("seat-left", "seat", "counsellor") != nullptr; }));
  CHECK(it.ended(waiting) == 503);
  CHECK(waiting->response->header("retry-after").value_or("") == "1");
}

TEST_CASE("a hall rings on every page until somebody sits - another counsellor hears whose seat it is") {
  Consultation it;
  it.command({"add-counsellor", "suzuki"}, "yane-no-ue-7\n");
  PageCaller other(it);
  REQUIRE(other.log_in("suzuki", "yane-no-ue-7").status == 200);
  const ListenerPtr desk = it.listen(other.request("GET", "/api/stream"));
  const ListenerPtr events = it.box->listen(it.room);
  CHECK(it.box->say(it.room, "calling") == 204);
  REQUIRE(it.until([&] { return desk->find("ring", "room", it.room) != nullptr; }));
  const object ring = *desk->find("ring");
  CHECK(text_of(ring, "hall") == "south");
  CHECK(text_of(ring, "hall_name") == "南公民館");
  CHECK_FALSE(text_of(ring, "receipt").empty());
  CHECK(text_of(ring, "since").back() == 'Z');
  CHECK(it.until([&] { return events->find("ringing") != nullptr; }));
  const ListenerPtr late = it.listen(it.page->request("GET", "/api/stream"));
  CHECK(it.until([&] { return late->find("ring", "room", it.room) != nullptr; }));

  const ListenerPtr seat = it.page->sit(it.room);
  CHECK(it.until([&] { return desk->find("ring-stopped", "room", it.room) != nullptr; }));
  CHECK(it.until([&] { return seat->find("box", "event", "calling") != nullptr; }));
  const HttpResponse taken = other.send("POST", "/api/rooms/" + it.room + "/join", {{"seat", "counsellor"}});
  CHECK(taken.status == 409);
  CHECK(text_of(json::parse_object(taken.body).value(), "name") == "sato");
  CHECK(it.box->say(it.room, "talking") == 204);
  CHECK(it.until([&] { return seat->find("box", "event", "talking") != nullptr; }));
}

TEST_CASE("the hall ended it and presses again while the counsellor sits there: the offer may overtake the event") {
  Consultation it;
  const ListenerPtr seat = it.page->sit(it.room);
  CHECK(it.box->say(it.room, "talking") == 204);
  CHECK(it.box->say(it.room, "ended") == 204);
  const PendingPtr post = it.box->offer(it.whip);
  CHECK(it.answer(it.offer_id(seat, "whip")) == 204);
  CHECK(it.ended(post) == 201);
}

TEST_CASE("the counsellor's end: everybody hears it, and then it is 410 until the hall calls anew") {
  Consultation it;
  const ListenerPtr events = it.box->listen(it.room);
  const ListenerPtr seat = it.page->sit(it.room);
  CHECK(it.box->say(it.room, "talking") == 204);
  const PendingPtr waiting = it.box->offer(it.whip);
  it.offer_id(seat, "whip");
  CHECK(it.page->send("POST", "/api/rooms/" + it.room + "/end", {{"session", "made up"}}).status == 410);
  CHECK(it.page->send("POST", "/api/rooms/" + it.room + "/end", {{"session", it.page->session}}).status == 204);
  CHECK(it.until([&] { return events->find("ended", "by", "counsellor") != nullptr; }));
  CHECK(it.until([&] { return seat->find("ended", "by", "counsellor") != nullptr && seat->over; }));
  CHECK(it.ended(waiting) == 410);
  CHECK(it.ended(it.box->offer(it.whip)) == 410);
  CHECK(it.ended(it.box->offer(it.whep)) == 410);
  const object seat_wanted{{"seat", "counsellor"}};
  CHECK(it.page->send("POST", "/api/rooms/" + it.room + "/join", seat_wanted).status == 410);

  CHECK(it.box->say(it.room, "calling") == 204);
  CHECK(it.ended(it.box->offer(it.whip)) == 503);
  CHECK(it.page->send("POST", "/api/rooms/" + it.room + "/join", seat_wanted).status == 200);
}

TEST_CASE("a cancelled booking ends its room for everybody") {
  Consultation it;
  const ListenerPtr events = it.box->listen(it.room);
  const ListenerPtr seat = it.page->sit(it.room);
  const HttpResponse joined = it.page->send("POST", "/api/rooms/" + it.room + "/join", {{"seat", "counsellor"}});
  const std::string receipt = text_of(json::parse_object(joined.body).value(), "receipt");
  CHECK(it.page->send("DELETE", "/api/bookings/" + receipt).status == 204);
  CHECK(it.until([&] { return events->find("ended", "by", "desk") != nullptr; }));
  CHECK(it.send(it.box->request("GET", "/events/" + it.room)).status == 410);
  // Another hall does not learn that there was one.
  const BoxCaller north(it, it.north.token);
  CHECK(it.send(north.request("GET", "/events/" + it.room)).status == 404);
  CHECK(it.send(north.request("POST", "/events/" + it.room, "{\"type\":\"calling\"}")).status == 404);
  CHECK(it.send(north.request("POST", it.whip, "v=0", "application/sdp")).status == 404);
  CHECK(it.send(north.request("DELETE", it.whip + "/1")).status == 404);
  CHECK(it.ended(it.box->offer(it.whip)) == 410);
  CHECK(it.page->send("POST", "/api/rooms/" + it.room + "/join", {{"seat", "counsellor"}}).status == 410);
}

TEST_CASE("a restart in the middle: the box hears who is there, the page sits down again") {
  Consultation it;
  const ListenerPtr events = it.box->listen(it.room);
  const ListenerPtr seat = it.page->sit(it.room);
  CHECK(it.box->say(it.room, "talking") == 204);
  REQUIRE(it.stop() == 0);
  CHECK(it.until([&] { return events->over && seat->over; }));
  it.start();
  const HttpResponse gone = it.page->send("GET", "/api/rooms/" + it.room + "/stream?session=" + it.page->session);
  CHECK(gone.status >= 400);
  const ListenerPtr again = it.box->listen(it.room);
  REQUIRE(it.until([&] { return again->find("seats") != nullptr; }));
  CHECK_FALSE(again->find("seats")->at("seats").as_array().at(0).as_object().at("present").as_bool());
  const ListenerPtr back = it.page->sit(it.room);
  CHECK(it.until([&] { return again->find("seat-joined", "session", it.page->session) != nullptr; }));
}
