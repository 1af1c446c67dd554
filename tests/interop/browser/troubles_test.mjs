// SPDX-License-Identifier: Apache-2.0
// What a counsellor at the page meets on a bad day, and the words and buttons that help: each was met once.

import assert from 'node:assert/strict';
import {dayAhead} from './lib/desk.js';
import {office} from './lib/office.js';
import {picture} from './lib/picture.js';
import {until} from './lib/until.js';

const {bookedNow, pageTest, talk} = office();
const focused = page => page.page.evaluate(() => document.activeElement.id || document.activeElement.tagName);

pageTest('a refused booking is told in Japanese and English with what to do, whatever the desk writes', async page => {
  const answers = {
    'unknown-hall': [422, '会館'], 'not-a-time': [422, '時刻'], 'in-the-past': [422, '過ぎて'], 'too-far-ahead': [422, '400日'],
    'minutes': [422, '長さ'], 'incomplete': [422, 'すべて'], 'taken': [409, '別の予約'], 'try-again': [503, 'もう一度'],
    'a-new-reason': [422, '見直して'], 'constructor': [418, 'もう一度'],
  };
  await page.page.waitForSelector('#book-halls input', {state: 'attached'});
  for (const [code, [status, words]] of Object.entries(answers)) {
    await page.page.route('**/api/bookings', route => route.request().method() === 'POST' ?
      route.fulfill({status, json: {error: 'some english words', code}}) : route.fallback());
    await page.page.click('#book [type=submit]');
    const said = await until(`words for ${code}`, async () => {
      const text = await page.page.textContent('#book-error');
      return text.includes(words) && text;
    }, 5);
    assert.doesNotMatch(said, /some english words/, code);
    assert.match(said, /^[^a-z]{8,} \/ [A-Z][ -~]{10,}$/, code);  // Japanese, and English after it
    await page.page.unroute('**/api/bookings');
  }
  // As the desk itself says it.
  await page.page.fill('#book-day', dayAhead(-2));
  await page.page.click('#book [type=submit]');
  await page.page.waitForFunction(() => document.getElementById('book-error').textContent.includes('過ぎて'));
  page.problems = page.problems.filter(text => !/ (409|418|422|503) .*\/api\/bookings\)/.test(text));
});

pageTest('the keyboard stays where it was: after a booking, the day of today, a cancellation', async page => {
  await page.page.waitForSelector('#book-halls input', {state: 'attached'});
  await page.page.fill('#book-day', dayAhead(5));
  await page.page.fill('#book-time', '09:00');
  await page.page.focus('#book [type=submit]');
  await page.page.keyboard.press('Enter');
  await page.page.waitForSelector('#receipt:not([hidden])');
  const submits = () => page.page.evaluate(() => document.activeElement.matches('#book [type=submit]'));
  await until('the focus on the button that booked', submits, 5);
  const receipt = await page.page.textContent('#receipt-number');
  await page.page.focus(`[data-key="cancel-${receipt}"]`);
  await page.page.keyboard.press('Enter');
  await page.page.click('#ask-yes');
  await page.page.waitForSelector(`.is-cancelled[data-receipt="${receipt}"]`);
  assert.equal(await focused(page), 'bookings');
  await page.page.focus('#day-today');
  await page.page.keyboard.press('Enter');
  await page.page.waitForSelector('#day-today[disabled]');
  assert.equal(await focused(page), 'day-title');
});

pageTest('many changes while the list is fetched make one more fetch, not one each', async page => {
  const today = dayAhead(0), twelve = `event: bookings\ndata: {"day": "${today}"}\n\n`.repeat(12);
  const other = 'event: bookings\ndata: {"day": "2001-01-01"}\n\n';
  let asked = 0, held = [];
  await page.page.goto('about:blank');  // what the login still fetches is not counted
  await page.page.route('**/api/bookings?day=*', route => {
    asked += 1;
    if (held) held.push(route);
    else route.continue();
  });
  let streams = 0;  // one with all the changes; after its end the desk is not reached
  await page.page.route('**/api/stream', route => streams++ ? route.abort() :
    route.fulfill({contentType: 'text/event-stream', body: twelve + other}));
  await page.visit();
  // For the day, and for the first of what changed.
  await until('the first fetches', () => assert.equal(asked, 2) ?? true, 10);
  await until('the end of the stream', () => streams > 1, 10);
  assert.equal(asked, 2);
  const waiting = held;
  held = null;
  for (const route of waiting) route.continue();
  await until('the one that follows', () => asked > 2, 10);
  await page.page.waitForLoadState('networkidle');
  assert.equal(asked, 3);
  page.problems = page.problems.filter(text => !/ERR_FAILED/.test(text));
});

pageTest('a talk is ended or handed over, an empty room is left', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  assert.equal(await page.page.isVisible('#leave'), false);
  await page.page.click('#hand-over');
  await page.page.click('#handover-no');
  assert.equal((await page.stats()).state, 'talking');
  await until('the focus on the button', async () => await focused(page) === 'hand-over', 5);
  assert.ok(!box.heard.some(event => event.type === 'seat-left'));
  await page.end();
  await page.page.click('#curtain-back');

  const quiet = await bookedNow(t);
  await page.page.reload();
  await page.waitView('today');
  await page.enter(quiet.booking.receipt);
  await page.until('the seat', ({state}) => state === 'waiting');
  await page.page.click('#leave');
  await page.waitView('today');
});

pageTest('an end that failed leaves no "try again" over the end that came', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await page.page.route('**/end', route => route.abort());
  await page.page.click('#end');
  await page.page.click('#ask-yes');
  await page.page.waitForSelector('#room-said:not([hidden])');
  assert.match(await page.page.textContent('#room-said'), /もう一度/);
  await box.say(room, 'ended');
  await page.until('the end', ({state}) => state === 'ended');
  assert.equal(await page.page.isVisible('#room-said'), false);
  assert.ok(!(await page.page.textContent('#curtain')).includes('お試し'));
  page.problems = page.problems.filter(text => !/ERR_FAILED/.test(text));
});

/// The browser refuses these kinds from the next load on.
function refuse(page, kinds) {
  return page.context.addInitScript(refused => {
    const obtain = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = wanted => refused.some(kind => wanted[kind]) ?
      Promise.reject(new DOMException('refused', 'NotAllowedError')) : obtain(wanted);
  }, kinds);
}

for (const [kinds, lost, what] of [
  [['audio', 'video'], 'こちらの声は届いていません', 'カメラとマイクの使用'],
  [['video'], 'こちらの映像は届いていません', 'カメラの使用'],
  [['audio'], 'こちらの声は届いていません', 'マイクの使用'],
]) {
  pageTest(`without ${kinds.join(' and ')}: the page says all through the talk what the hall does not get`, async (page, t) => {
    const {box, room} = await bookedNow(t);
    await refuse(page, kinds);
    await page.page.reload();
    await page.waitView('today');
    await talk(page, box, room);
    await page.page.waitForSelector('#room-devices');
    const words = await page.page.textContent('#room-devices');
    assert.ok(words.includes(lost) && words.includes(what) && words.includes('もう一度'), words);
    assert.equal(words.includes('声は届きます'), !kinds.includes('audio'));
    assert.equal(await page.page.isVisible('#own-words'), kinds.includes('video'));
    const told = () => box.heard.filter(({type}) => type === 'paused').at(-1);  // a missing camera sends words of its own
    await until('the hall to be told', () => told()?.sound === kinds.includes('audio') && told().picture === false, 10);
    const seen = (await page.stats()).received.frames;
    await page.until('more of the talk', ({received}) => received.frames > seen + 50);
    assert.ok(await page.page.isVisible('#room-devices'));
    await picture(page, `without-${kinds.join('-')}`);
  });
}

pageTest('our own picture and sound switched off are words on it', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  assert.equal(await page.page.isVisible('#own-words'), false);
  await page.page.click('#mute-picture');
  assert.equal(await page.page.textContent('#own-words'), '映像を切っています');
  await page.page.click('#mute-sound');
  assert.match(await page.page.textContent('#own-words'), /音を切っています\s映像を切っています/);
  await picture(page, 'own-off');
  await page.page.click('#mute-picture');
  assert.equal(await page.page.textContent('#own-words'), '音を切っています');
});

pageTest('who only waits in a room hears another hall ring and goes there; who talks is told quietly', async (page, t) => {
  const here = await bookedNow(t), there = await bookedNow(t, '西公民館'), third = await bookedNow(t, '東公民館');
  await page.page.reload();
  await page.waitView('today');
  await page.enter(here.booking.receipt);
  await page.until('the seat', ({state}) => state === 'waiting');
  await there.box.say(there.room, 'calling');
  await page.until('the bell, again and again', ({ringing, ringLevel}) => ringing && ringLevel > -45);
  assert.equal(await page.page.isVisible('.ring-later'), false);
  await picture(page, 'ring-while-waiting');
  await talk(page, there.box, there.room);
  await here.box.hears(event => event.type === 'seat-left', 'the first seat to be left', {seconds: 3});
  assert.equal((await page.stats()).room, there.room);

  await third.box.say(third.room, 'calling');
  await page.page.waitForSelector(`.ring[data-room="${third.room}"] .ring-later`);
  const quiet = await page.stats();
  assert.equal(quiet.ringing, false);
  assert.equal(await page.page.isVisible(`.ring[data-room="${third.room}"] .answer`), false);
  assert.equal(quiet.state, 'talking');
  await picture(page, 'ring-while-talking');
  await there.box.say(there.room, 'ended');
  await page.until('the bell after the talk', ({ringing, ringLevel}) => ringing && ringLevel > -45);
  await page.answer(third.room);
  await third.box.hears(event => event.type === 'seat-joined', 'the next seat');
});

pageTest('what does not come of the hall is words, not black or silence', async (page, t) => {
  const {box, room} = await bookedNow(t);
  const says = async (what, words) => {
    await page.until(`"${what}" to be told`, ({lacking}) => lacking === what);
    const seen = () => page.page.$$eval('#far-words, #far-silent', found =>
      found.filter(each => each.checkVisibility()).map(each => each.textContent).join());
    await until(`the words "${words}"`, async () => words ? (await seen()).includes(words) : await seen() === '', 5);
    if (what) await picture(page, `lacking-${what}`);
  };
  await talk(page, box, room);
  await says('', '');
  await box.send('video', 'muted');
  await says('dark', '会館の映像が真っ暗です');
  await box.send('audio', 'muted');
  await says('muted', '会館の声と映像が止められています');
  await box.send('video', 'live');
  await says('silent', '会館の音が届いていません');
  await box.send('audio', 'live');
  await says('', '');
  await box.send('video', 'nothing');
  await says('stopped', '会館の映像が止まりました');
  assert.equal((await page.stats()).state, 'talking');
  await box.say(room, 'ended');
  await page.until('the end', ({state}) => state === 'ended');
  assert.equal(await page.page.isVisible('#far-words'), false);
});

pageTest('a talk begins with the sound alone when the picture does not come', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await box.say(room, 'calling');
  await page.answer(room);
  await box.hears(event => event.type === 'seat-joined', 'the counsellor to sit down');
  await box.withhold('video');
  await box.connect(room);
  await page.until('the talk', ({state, lacking, received}) =>
    state === 'talking' && lacking === 'no-picture' && received.toneHz > 0);
  assert.ok((await page.page.textContent('#far-words')).includes('会館の映像がまだ届いていません'));
  await picture(page, 'lacking-no-picture');
  await box.send('video', 'live');
  await page.until('the picture', ({lacking, received}) => lacking === '' && received.frames > 10);
  assert.equal(await page.page.isVisible('#far-words'), false);
});

pageTest('a hall that is silent for long is asked about: an answer goes on with it, no answer ends it', async (page, t) => {
  // The page as it is, but for its minutes, which are seconds here.
  await page.page.route('**/stillness.js', async route => {
    const response = await route.fetch();
    const text = await response.text();
    const body = text.replace('5 * 60000', '5000').replace('2 * 60000', '4000');
    assert.equal(body.length, text.length - 5 - 5, 'both times were found');
    await route.fulfill({response, body});
  });
  await page.visit();
  await page.waitView('today');
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  assert.equal(await page.page.isVisible('#ask'), false);
  await box.send('audio', 'muted');
  await page.page.waitForSelector('#ask[open]', {timeout: 20000});
  assert.match(await page.page.textContent('#ask-title'), /まだお話し中ですか/);
  await picture(page, 'still-talking');
  await page.page.click('#ask-no');
  assert.equal((await page.stats()).state, 'talking');
  await page.page.waitForSelector('#ask[open]', {timeout: 20000});
  await page.until('the end', ({state, endedBy}) => state === 'ended' && endedBy === 'counsellor', 20);
  assert.equal(await page.page.isVisible('#ask'), false);
  await box.hears(event => event.type === 'ended' && event.by === 'counsellor', 'the end');
});
