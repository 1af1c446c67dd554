// SPDX-License-Identifier: Apache-2.0
// End to end: the real box, the real desk, Debian's Chromium. Only camera, microphone, speaker and button are simulated.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {CounsellorPage, launch} from './lib/browser.js';
import {Desk} from './lib/desk.js';
import {Hall, leg} from './lib/hall.js';

const boxTone = 440, pageTone = 1000, slow = process.env.MADOGUCHI_SLOW ? 4 : 1;
const near = (hertz, wanted) => Math.abs(hertz - wanted) <= wanted * 0.05;

let desk, chromium, halls = 0;

before(async () => {
  desk = await Desk.start();
  await desk.addCounsellor('tanaka', 'kumquat-47-anchor');
  await desk.addCounsellor('yamada', 'lantern-12-orchid');
  await desk.addDepartment('福祉課');
  chromium = await launch({tone: pageTone});
}, {timeout: 90000 * slow});

after(async () => {
  await chromium?.close();
  await desk?.stop();
});

/// A hall with its box and a booking that is open now, and a counsellor who has answered its press.
async function consultation(t, options = {}) {
  const hall = await desk.addHall(`hall-${++halls}`, '中央公民館');
  const booking = await desk.bookNow(hall.id);
  const page = await CounsellorPage.open(chromium.browser, desk.origin);
  t.after(() => page.close());
  await page.visit();
  await page.login('tanaka', 'kumquat-47-anchor');
  await page.waitView('today');
  const box = await Hall.start(desk, hall, options);
  t.after(() => box.stop());
  await box.until('the stream to the desk', status => status.events_up);
  await box.press();
  await box.until('the calling card', status => /^calling/.test(status.card.code));
  await page.until('the hall to ring', stats => stats.rings.includes(booking.room));
  await page.answer(booking.room);
  await box.untilTalking(30 * slow);
  await talking(page);
  return {box, page, booking};
}

const talking = page => page.until('720p and the hall\'s tone', ({state, received}) => state === 'talking' &&
  received.width === 1280 && received.height === 720 && received.frames > 0 && near(received.toneHz, boxTone), 40 * slow);

/// Of the TV, for who looks at it.
async function picture(box, name) {
  if (process.env.MADOGUCHI_PICTURES) await box.screenshot(join(process.env.MADOGUCHI_PICTURES, `${name}.png`));
}

/// Both decode on, now.
async function flows(box, page) {
  const there = (await page.stats()).received.frames;
  await page.until('more pictures of the hall', stats => stats.received.frames > there + 10, 20 * slow);
  const here = leg(await box.status(), 'play').frames ?? 0;
  await box.until('more pictures of the counsellor', status => leg(status, 'play').frames > here + 5, 20 * slow);
}

function e2e(name, body, minutes = 2) {
  test(name, {timeout: minutes * 60000 * slow}, body);
}

for (const codecs of [['h264', 'vp8'], ['vp8']]) {
  e2e(`${codecs[0]}: picture and sound both ways, and gone when muted`, async t => {
    const {box, page} = await consultation(t, {codecs});
    await flows(box, page);
    const status = await box.until('the counsellor\'s tone', now => near(now.speaker.hz, pageTone));
    assert.equal(leg(status, 'play').codec, codecs[0]);
    assert.equal(leg(status, 'publish').codec, codecs[0]);
    assert.equal(status.lamp.mode, 'steady');

    // The room mutes: black and silence at the far end, and back.
    await box.ask('mute', 'on');
    await page.until('silence from the hall', ({received}) => received.toneHz === 0);
    await box.until('the card', now => now.card.code === 'muted');
    await page.until('the page to say so', ({lacking}) => lacking === 'muted');
    await box.ask('mute', 'off');
    await page.until('the hall\'s tone again, and no words', ({received, lacking}) =>
      near(received.toneHz, boxTone) && lacking === '');

    // The counsellor mutes: the screen says that it is she, instead of silence and black.
    await page.page.click('#mute-sound');
    await box.until('silence from the counsellor', now => now.speaker.hz === 0 && now.card.code === 'far-silent');
    await page.page.click('#mute-picture');
    await box.untilCard('far-paused', 10);
    await picture(box, `tv-paused-${codecs[0]}`);
    await page.page.click('#mute-sound');
    await box.until('the counsellor\'s tone again', now => near(now.speaker.hz, pageTone));
    await box.untilCard('far-hidden', 10);
    await page.page.click('#mute-picture');
    await box.untilCard('talking', 20);
    assert.deepEqual(page.problems.filter(text => !/ 401 .*\/api\/me\)/.test(text)), []);
  });
}

e2e('the box\'s long press ends it, and the page understands', async t => {
  const {box, page} = await consultation(t);
  await box.holdDown();
  const ended = await page.until('the end', stats => stats.state === 'ended');
  assert.equal(ended.endedBy, 'hall');
  const card = await box.until('the last card', status => status.card.code.startsWith('ended'));
  assert.equal(card.card.code, 'ended');
  const idle = await box.untilCard('no-bookings', 20);
  assert.equal(idle.camera.pid, 0);
  assert.equal(idle.lamp.mode, 'dark');
});

e2e('the page\'s end is understood by the box', async t => {
  const {box, page} = await consultation(t);
  await page.end();
  await box.untilCard('ended-office', 10);
  const idle = await box.untilCard('no-bookings', 20);
  assert.equal(idle.camera.pid, 0);
  await page.page.click('#record-trial');
  await box.untilCard('ready', 20);  // it was a trial: the booking is there for who comes
});

e2e('hold, writing, who listens and the hall\'s staff are on the screen, and a colleague takes over', async t => {
  const {box, page, booking} = await consultation(t);
  await page.page.click('#hold');
  const held = await box.untilCard('on-hold', 10);
  assert.equal(held.lamp.mode, 'steady');  // camera and microphone are open, whatever is sent of them
  await box.until('silence from the counsellor', now => now.speaker.hz === 0);
  await page.until('silence from the hall', ({state, received}) => state === 'held' && received.toneHz === 0);
  await picture(box, 'tv-hold');
  await page.page.click('#hold');
  await box.untilCard('talking', 10);
  await talking(page);

  await page.page.click('#write');
  await page.page.fill('#write-text', '３番の窓口で青い紙をもらってください');
  await page.page.click('#write-form [type=submit]');
  await box.until('the words', status => status.card.title_ja.includes('青い紙'), 10);
  await page.page.click('#listeners');
  await page.page.click('#listeners-choices label:has-text("福祉課")');
  await page.page.click('#listeners-form [type=submit]');
  await box.until('who listens', status => status.card.lines_ja.includes('福祉課の職員も聞いています'), 10);
  await picture(box, 'tv-banner');
  await page.page.click('#banner-remove');
  await page.page.click('#staff');
  await box.untilCard('staff-wanted', 10);
  await box.press();
  await page.page.waitForFunction(() => document.getElementById('room-said').textContent.includes('職員が来ました'));
  assert.equal((await box.status()).phase, 'talking');

  const other = await CounsellorPage.open(chromium.browser, desk.origin);
  t.after(() => other.close());
  await other.visit();
  await other.login('yamada', 'lantern-12-orchid');
  await other.waitView('today');
  await page.page.click('#hand-over');
  await page.page.click('#handover-choices label:has-text("yamada")');
  await page.page.click('#handover-ask');
  await other.answer(booking.room);
  await page.until('the seat to pass', ({state}) => state === 'handed', 20 * slow);
  await talking(other);
  const status = await box.untilTalking(30 * slow);
  assert.equal(status.counters.illegal, 0);
  assert.ok(!status.card.lines_ja.some(line => line.includes('福祉課')));  // who listened beside the first is gone with her
});

e2e('a reloaded tab comes back into the consultation', async t => {
  const {box, page} = await consultation(t);
  const before = leg(await box.status(), 'play').epoch;
  await page.page.reload();
  await page.waitView('room');
  await talking(page);
  const status = await box.untilTalking(30 * slow);
  assert.notEqual(leg(status, 'play').epoch, before, 'new peers were made');
  await flows(box, page);
  assert.equal((await box.status()).phase, 'talking');
});

e2e('a closed tab ends it with its own card, not a search for the network', async t => {
  const {box, page} = await consultation(t);
  const seen = new Set();
  await page.page.close();
  await box.until('the card that the counsellor has left', status => {
    seen.add(status.card.code);
    return status.card.code === 'ended-left';
  }, 40);
  assert.ok(!seen.has('trouble'), `cards on the way: ${[...seen]}`);
  const {faults} = await box.status();
  assert.deepEqual(faults.filter(fault => ['network-unreachable', 'office-down'].includes(fault.code)), []);
});

e2e('the desk killed and started again in the middle: the talk goes on', async t => {
  const {box, page} = await consultation(t);
  await desk.restart();
  await box.until('the stream to the desk', status => status.events_up, 40);
  await box.untilTalking(40 * slow);
  await talking(page);
  await flows(box, page);
});

const pss = pid => Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);

// A consultation as long as a short one at a counter: nothing ages, grows or starts anew on the way.
if (process.env.MADOGUCHI_LONG) {
  e2e('ten minutes of talk', async t => {
    const {box, page} = await consultation(t);
    const began = Date.now(), minutes = () => (Date.now() - began) / 60000;
    const first = await box.status();
    const sizes = {media: [], camera: []};
    let oldest = 0, asked = 0;
    while (minutes() < 10) {
      // A tone without a pause is no voice: after five minutes the page asks whether anybody still talks.
      if (await page.page.isVisible('#ask')) {
        asked += 1;
        await page.page.click('#ask-no');
      }
      await flows(box, page);
      const now = await box.status();
      oldest = Math.max(oldest, leg(now, 'play').media_age_ms);
      for (const what of ['media', 'camera']) {
        assert.equal(now[what].pid, first[what].pid, `the same ${what} process`);
        if (minutes() > 2) sizes[what].push(pss(now[what].pid));
      }
      assert.deepEqual(now.legs.map(each => each.epoch), first.legs.map(each => each.epoch), 'the same peers');
      assert.equal(now.card.code, first.card.code);
    }
    for (const [what, kib] of Object.entries(sizes)) {
      const growth = kib.at(-1) - kib[0];
      t.diagnostic(`${what}: ${kib[0]} KiB after two minutes, ${kib.at(-1)} KiB after ten`);
      assert.ok(growth < 8192, `${what} grew by ${growth} KiB`);
    }
    assert.equal(asked, 1);
    t.diagnostic(`oldest picture on the screen: ${oldest} ms`);
    assert.ok(oldest < 2000 * slow, `a picture was ${oldest} ms old`);
    await talking(page);
  }, 14);
}
