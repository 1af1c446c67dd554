// SPDX-License-Identifier: Apache-2.0
// One real desk and one browser for all tests of a file; for each test a booking, a page, and as the box a second browser
// page that speaks WHIP, WHEP and events.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {PageBox} from './box.js';
import {CounsellorPage, launch} from './browser.js';
import {Desk} from './desk.js';

export const boxTone = 440, pageTone = 1000;
export const near = (hertz, wanted) => Math.abs(hertz - wanted) < wanted * 0.05;

/// Started before the file's tests and stopped after them. `options` are the browser's.
export function office(options = {}) {
  let desk, chromium, halls = 0;

  before(async () => {
    desk = await Desk.start();
    await desk.addHall('hokubu', '北部センター');
    await desk.addCounsellor('sato', 'kasa-no-moto-2');
    await desk.addCounsellor('suzuki', 'yane-no-ue-7');
    chromium = await launch({tone: pageTone, ...options});
  }, {timeout: 90000});

  after(async () => {
    await chromium?.close();
    await desk?.stop();
  });

  /// A page before its login, closed at the end of the test.
  async function visitor(t) {
    const page = await CounsellorPage.open(chromium.browser, desk.origin);
    t.after(() => page.close());
    await page.visit();
    return page;
  }

  /// Another counsellor, on her list.
  async function colleague(t, name = 'suzuki', password = 'yane-no-ue-7') {
    const other = await visitor(t);
    await other.login(name, password);
    await other.waitView('today');
    return other;
  }

  /// A test with a page that may not have complained.
  function pageTest(name, body, {login = true, timeout = 90000} = {}) {
    test(name, {timeout}, async t => {
      const page = await visitor(t);
      if (login) {
        await page.login('sato', 'kasa-no-moto-2');
        await page.waitView('today');
      }
      await body(page, t);
      // A first visit and a wrong password are answered with 401, which Chromium writes down by itself.
      const bad = page.problems.filter(text => !/ 401 .*\/api\/(me|login)\)/.test(text));
      assert.deepEqual(bad, []);
    });
  }

  /// A hall of its own with a booking that is open now, and its box with an open events stream.
  async function bookedNow(t, name = '南公民館') {
    const hall = await desk.addHall(`minami-${++halls}`, name);
    const booking = {...await desk.bookNow(hall.id), hall: hall.id};
    const box = await PageBox.open(chromium.browser, desk.origin, hall.token, {tone: boxTone});
    t.after(() => box.close());
    await box.listen(booking.room);
    return {booking, box, room: booking.room};
  }

  /// The hall calls, the page answers, pictures and tones flow.
  async function talk(page, box, room) {
    await box.say(room, 'calling');
    await page.answer(room);
    await box.hears(event => event.type === 'seat-joined' && event.seat === 'counsellor', 'the counsellor to sit down');
    await box.connect(room);
    await box.say(room, 'talking');
    return page.until('picture and tone of the hall', ({state, received}) =>
      state === 'talking' && received.frames > 10 && received.height === 720 && near(received.toneHz, boxTone));
  }

  return {bookedNow, colleague, desk: () => desk, pageTest, talk, visitor};
}
