// SPDX-License-Identifier: Apache-2.0
// What a counsellor does in a talk besides talking: hold, writing, handing over. Two counsellors in one real Chromium.

import assert from 'node:assert/strict';
import {near, office, pageTone} from './lib/office.js';
import {picture} from './lib/picture.js';

const {bookedNow, desk, pageTest, colleague, talk} = office();

pageTest('on hold nothing passes, and nobody takes it for a loss', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await box.until('the counsellor', ({received}) => near(received.toneHz, pageTone) && received.brightness > 20);
  await page.page.click('#hold');
  await box.hears(event => event.type === 'hold' && event.on, 'the hold');
  await page.until('the hold on the page', ({state}) => state === 'held');
  await box.until('black and silence', ({received}) => received.toneHz === 0 && received.brightness < 12);
  // What a box sends then.
  await box.send('video', 'muted');
  await box.send('audio', 'muted');
  const before = await box.stats();
  await box.until('pictures that go on', ({received}) => received.frames > before.received.frames + 40);
  assert.equal((await page.stats()).state, 'held');
  assert.equal(await page.page.isVisible('#far-words'), false);
  await picture(page, 'hold');

  const reloaded = box.heard.length;
  await page.page.reload();
  await page.waitView('room');
  await box.hears(event => event.type === 'seat-joined', 'the page again', {from: reloaded});
  await page.until('the hold after a reload', ({state}) => state === 'held');
  await box.connect(room);
  await box.send('video', 'live');
  await box.send('audio', 'live');
  const from = box.heard.length;
  await page.page.click('#hold');
  await box.hears(event => event.type === 'hold' && !event.on, 'its end', {from});
  await box.until('the counsellor again', ({received}) => near(received.toneHz, pageTone) && received.brightness > 20);
  await page.until('the talk', ({state}) => state === 'talking');
});

pageTest('a desk that is started anew does not take her off hold', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await page.page.click('#hold');
  await page.until('the hold', ({state}) => state === 'held');
  const asked = [];
  page.page.on('request', request => {
    const {pathname} = new URL(request.url());
    if (pathname.startsWith('/api/rooms/')) asked.push(pathname.split('/').pop());  // the list's stream comes when it comes
  });
  await desk().restart();
  const from = box.heard.length;
  await box.listen(room);
  await box.hears(event => event.seats?.[0].present || event.type === 'seat-joined', 'the seat again', {from});
  await page.page.waitForSelector('#room-offline', {state: 'hidden'});
  assert.equal((await page.stats()).state, 'held');
  // The desk's stream says what it believes: it is told of the hold before.
  assert.deepEqual(asked.slice(asked.lastIndexOf('join') + 1).filter(each => ['hold', 'stream'].includes(each)).slice(0, 2),
                   ['hold', 'stream']);
  page.problems = page.problems.filter(text => !/ERR_|410/.test(text));
});

pageTest('what is written stands on the screen until it is removed', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await page.page.click('#write');
  await page.page.fill('#write-text', '３番の窓口で　青い紙をもらってください');
  await picture(page, 'write');
  await page.page.click('#write-form [type=submit]');
  await box.hears(event => event.type === 'banner' && event.text.includes('青い紙'), 'the words');
  await page.page.waitForFunction(() => document.getElementById('room-banner-text').textContent.includes('青い紙'));
  await picture(page, 'banner');
  const from = box.heard.length;
  await page.page.click('#banner-remove');
  await box.hears(event => event.type === 'banner' && event.text === '', 'nothing there any more', {from});
  await page.page.waitForSelector('#room-banner', {state: 'hidden'});
});

pageTest('a colleague takes over while she stays', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  const other = await colleague(t);
  await page.page.click('#hand-over');
  await page.page.click('#handover-ask');
  const ring = await other.page.waitForSelector(`.ring[data-room="${room}"]`);
  assert.match(await ring.textContent(), /sato.*南公民館/);
  assert.equal((await page.stats()).state, 'talking');
  await picture(page, 'handover-asks');
  await picture(other, 'handover-asked');
  assert.ok(!box.heard.some(event => event.type === 'seat-left'));
  await other.answer(room);
  const left = await box.hears(event => event.type === 'seat-left', 'the seat to pass');
  assert.equal(left.handover, true);
  const joined = box.heard.findIndex(event => event === left) + 1;
  await box.hears(event => event.type === 'seat-joined', 'the colleague', {from: joined});
  await box.connect(room);
  await other.until('the talk', ({state, received}) => state === 'talking' && received.frames > 10);
  await page.until('its end here', ({state, peers}) => state === 'handed' && peers.length === 0);
  assert.match(await page.page.textContent('#curtain'), /suzukiさんが引き継ぎました/);
  await picture(page, 'handed-over');
  await page.page.click('#curtain-back');
  await page.waitView('today');
  await other.end();
});

pageTest('the seat is offered to one by name, and only she is asked', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await page.page.click('#hand-over');
  assert.match(await page.page.textContent('#handover-nobody'), /画面が開いていません/);
  assert.ok(await page.page.isDisabled('#handover-ask'));  // nobody would hear it
  const other = await colleague(t);
  await desk().addCounsellor('mori', 'hashi-no-shita-5');
  const third = await colleague(t, 'mori', 'hashi-no-shita-5');
  await page.page.click('#handover-choices label:has-text("suzuki")');
  await third.page.click('#my-state label:has-text("離席")');
  await page.page.waitForSelector('#handover-choices label:has-text("mori"):has-text("離席")');  // known while she chooses
  await picture(page, 'handover-choice');
  await page.page.click('#handover-ask');
  await other.page.waitForSelector(`.ring[data-room="${room}"]`);
  assert.match(await page.page.textContent('#room-handover'), /suzukiさんに呼びかけています/);
  assert.equal(await third.page.locator(`.ring[data-room="${room}"]`).count(), 0);
  await page.page.reload();
  await page.page.waitForSelector('#room-handover:has-text("suzukiさん")');
  await other.answer(room);
  await page.until('its end here', ({state}) => state === 'handed');
});

pageTest('a narrow window clips nothing of the room', async (page, t) => {
  const {box, room} = await bookedNow(t, 'ふれあい交流センター北部みどりヶ丘コミュニティ会館');
  await talk(page, box, room);
  await page.page.click('#write');
  await page.page.fill('#write-text', '３番の窓口で青い紙をもらってください');
  await page.page.click('#write-form [type=submit]');
  await page.page.waitForSelector('#room-banner:not([hidden])');
  for (const [width, height] of [[1280, 720], [1024, 768], [760, 800], [480, 800], [360, 740]]) {
    await page.page.setViewportSize({width, height});
    const seen = await page.page.evaluate(() => ({
      over: document.documentElement.scrollWidth - innerWidth,
      outside: [...document.querySelectorAll('#room button, #room h1, #room-state, #room-banner-text')]
        .filter(each => each.checkVisibility()).map(each => [each.id || each.textContent, each.getBoundingClientRect(), each])
        .filter(([, box, each]) => box.left < 0 || box.right > innerWidth + 0.5 || box.top < 0 ||
          box.bottom > innerHeight + 0.5 || each.scrollWidth > each.clientWidth + 1)
        .map(([what]) => what),
      rows: new Set([...document.querySelectorAll('#controls button')].filter(each => each.checkVisibility())
        .map(each => each.getBoundingClientRect().top)).size,
      picture: document.getElementById('far').getBoundingClientRect().height,
    }));
    await picture(page, `room-${width}`);
    assert.ok(width < 901 || seen.rows === 1, `${seen.rows} rows of buttons at ${width}`);
    assert.ok(seen.over <= 0, `${seen.over} pixels to the right at ${width}`);
    assert.deepEqual(seen.outside, [], `clipped at ${width}x${height}`);
    assert.ok(seen.picture >= height / 4, `the hall has ${seen.picture} of ${height} lines`);
  }
});

pageTest('a handover is taken back, and the colleague is asked no more', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  const other = await colleague(t);
  await page.page.click('#hand-over');
  await page.page.click('#handover-ask');
  await other.page.waitForSelector(`.ring[data-room="${room}"]`);
  await page.page.click('#handover-stop');
  await other.page.waitForSelector(`.ring[data-room="${room}"]`, {state: 'detached'});
  await page.page.waitForSelector('#room-handover', {state: 'hidden'});
  assert.equal((await page.stats()).state, 'talking');
});

pageTest('in an emergency she reads where the hall is, and nothing ends', async (page, t) => {
  const {box, room, booking} = await bookedNow(t);
  await desk().describeHall(booking.hall, {
    address: '南町 1-2-3', room: '2階 第1会議室', telephone: '0123-45-6789', staffed: '平日 8:30〜17:15',
  });
  await talk(page, box, room);
  const before = await box.stats();
  await page.page.click('#emergency');
  const words = await page.page.textContent('#emergency-dialog');
  for (const part of ['119', '110', '南公民館', '南町 1-2-3', '2階 第1会議室', '0123-45-6789', '8:30〜17:15']) {
    assert.ok(words.includes(part), `${part} in ${words}`);
  }
  await picture(page, 'emergency');
  await box.until('the counsellor, still', ({received}) => received.frames > before.received.frames + 20);
  assert.equal((await page.stats()).state, 'talking');
  await page.page.click('#emergency-close');
  await page.end();
  await page.page.waitForSelector('#record:not([hidden])');
  const line = await page.page.inputValue('#record-line');
  assert.match(line, /^受付番号 \d+　南公民館　\d{4}年\d+月\d+日（.）　?\s?\d\d:\d\d〜\d\d:\d\d　相談員 sato$/);
  await picture(page, 'record');
  await page.page.click('#record-trial');
  await page.page.waitForSelector('#record-trial[aria-pressed=true]');
  await page.page.click('#curtain-back');
  await page.page.waitForSelector(`.is-booked[data-receipt="${booking.receipt}"]`);
});

pageTest('two answer at once: one talks, the other is told who', async (page, t) => {
  const {box, room} = await bookedNow(t);
  const other = await colleague(t);
  await box.say(room, 'calling');
  await page.page.waitForSelector(`.ring[data-room="${room}"]`);
  await other.page.waitForSelector(`.ring[data-room="${room}"]`);
  // Hers is under way when the other one's click comes: the page has not heard of it yet.
  let go;
  const gone = new Promise(resolve => go = resolve);
  await other.page.route('**/join', async route => {
    await gone;
    await route.continue();
  });
  await other.answer(room);
  await page.answer(room);
  await box.hears(event => event.type === 'seat-joined', 'the counsellor');
  go();
  await other.waitView('today');
  await other.page.waitForFunction(() => document.getElementById('said').textContent.includes('satoさんが出ました'));
  await picture(other, 'quicker');
});
