// SPDX-License-Identifier: Apache-2.0
// The counsellor's page in Chromium against the real desk; the box is a second browser page that speaks WHIP, WHEP and
// events. One desk and one browser for all tests, a booking and a page for each.

import assert from 'node:assert/strict';
import {CounsellorPage} from './lib/browser.js';
import {dayAhead, Desk} from './lib/desk.js';
import {boxTone, near, office, pageTone} from './lib/office.js';
import {until} from './lib/until.js';

const {bookedNow, desk, pageTest, talk, visitor} = office();

pageTest('a wrong password says so, the right one opens the day', async page => {
  await page.login('sato', 'wrong');
  await page.page.waitForFunction(() => document.getElementById('login-error').textContent.includes('違います'));
  assert.equal(await page.view(), 'login');
  assert.equal((await page.stats()).signedIn, false);
  await page.login('sato', 'kasa-no-moto-2');
  await page.waitView('today');
  assert.equal(await page.page.textContent('#who-name'), 'sato');
  await page.page.click('#logout');
  await page.waitView('login');
  await page.visit();
  assert.equal(await page.view(), 'login', 'the session is over');
  page.problems = page.problems.filter(text => !/ 401 .*\/api\//.test(text));  // what was under way when it ended
}, {login: false});

pageTest('guesses of others lock a strange browser out, and not the one in which she has logged in before', async (page, t) => {
  // A desk of its own: all on this machine are one caller.
  const own = await Desk.start();
  t.after(() => own.stop());
  await own.addCounsellor('sato', 'kasa-no-moto-2');
  const browser = page.page.context().browser();
  const open = async () => {
    const other = await CounsellorPage.open(browser, own.origin);
    t.after(() => other.close());
    await other.visit();
    return other;
  };
  const hers = await open();
  await hers.login(' SATO ', 'kasa-no-moto-2');
  await hers.waitView('today');
  assert.equal(await hers.page.textContent('#who-name'), 'sato');
  await hers.page.click('#logout');
  await hers.waitView('login');
  let guess;
  for (let guesses = 0; guesses < 10 && guess?.status !== 429; ++guesses) {
    guess = await fetch(`${own.origin}/api/login`, {
      method: 'POST', headers: {Origin: own.origin}, body: JSON.stringify({name: 'sato', password: `guess ${guesses}`}),
    });
  }
  assert.equal(guess.status, 429);
  const strange = await open();
  await strange.login('sato', 'kasa-no-moto-2');
  await strange.page.waitForFunction(() => document.getElementById('login-error').textContent.includes('秒ほど待ってください'));
  if (process.env.MADOGUCHI_PICTURES) await strange.page.screenshot({path: `${process.env.MADOGUCHI_PICTURES}/locked.png`});
  await hers.login('sato', 'kasa-no-moto-2');
  await hers.waitView('today');
}, {login: false});

pageTest('what does not come from the desk is blocked', async page => {
  const response = await page.page.request.get(page.origin + '/');
  const policy = response.headers()['content-security-policy'];
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]) {
    assert.ok(policy.includes(part), `${part} in ${policy}`);
  }
  await page.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.intruder = true';
    document.body.append(script);
  });
  assert.equal(await page.page.evaluate(() => window.intruder), undefined);
  await until('the violation to be noticed', () => page.problems.some(text => text.includes('CSP script-src')), 5);
  page.problems.length = 0;
});

pageTest('the form makes a booking and shows its receipt number, without a field for a name', async page => {
  await page.page.waitForSelector('#book-halls input', {state: 'attached'});
  const names = await page.page.$$eval('#book input', inputs => inputs.map(input => input.name || input.type));
  assert.deepEqual([...new Set(names)].sort(), ['date', 'hall', 'minutes', 'reference', 'text', 'time']);
  await page.page.click('#book-halls label:has-text("北部センター")');
  await page.page.fill('#book-day', dayAhead(3));
  await page.page.fill('#book-time', '10:30');
  await page.page.click('#book label:has-text("45分")');
  await page.page.click('#book [type=submit]');
  await page.page.waitForSelector('#receipt:not([hidden])');
  assert.match(await page.page.textContent('#receipt-what'), /10:30 から 11:15 まで/);
  const receipt = await page.page.textContent('#receipt-number');
  assert.match(receipt, /^\d+$/);
  const size = await page.page.$eval('#receipt-number', element => parseFloat(getComputedStyle(element).fontSize));
  assert.ok(size > 60, 'large enough to be read out');
  const row = await page.page.textContent(`.bookings [data-receipt="${receipt}"]`);
  for (const part of ['10:30', '11:15', '北部センター', receipt, '予約']) assert.ok(row.includes(part), `${part} in ${row}`);
  const list = await page.page.evaluate(async day => (await fetch(`/api/bookings?day=${day}`)).json(), dayAhead(3));
  const kept = list.find(each => String(each.receipt) === receipt);
  assert.equal(Date.parse(kept.start), Date.parse(`${dayAhead(3)}T10:30:00+09:00`));
  assert.equal(Date.parse(kept.end) - Date.parse(kept.start), 45 * 60000);

  await page.page.click('#book [type=submit]');
  await page.page.waitForFunction(() => /10:30〜11:15に受付番号 \d+ の別の予約/.test(document.getElementById('book-error').textContent));
  page.problems = page.problems.filter(text => !/ 409 .*\/api\/bookings\)/.test(text));

  await page.page.click(`[data-key="cancel-${receipt}"]`);
  await page.page.click('#ask-no');
  await page.page.click(`[data-key="cancel-${receipt}"]`);
  await page.page.click('#ask-yes');
  await page.page.waitForSelector(`.is-cancelled[data-receipt="${receipt}"]`);
});

pageTest('a hall that presses rings: banner, hall, waiting time, bell; silent when it gives up', async (page, t) => {
  const {box, booking, room} = await bookedNow(t);
  assert.equal((await page.stats()).ringing, false);
  await box.say(room, 'calling');
  const banner = await page.page.waitForSelector(`.ring[data-room="${room}"]`);
  const text = await banner.textContent();
  assert.ok(text.includes('南公民館') && text.includes(String(booking.receipt)), text);
  const stats = await page.until('the bell to be heard', ({ringing, ringLevel}) => ringing && ringLevel > -45);
  assert.deepEqual(stats.rings, [room]);
  const first = await page.page.textContent('.ring-clock');
  await page.page.waitForFunction(before => document.querySelector('.ring-clock').textContent !== before, first);
  assert.match(await page.page.title(), /呼び出し/);
  await box.say(room, 'cancelled');
  await page.until('silence', ({rings, ringing, ringLevel}) => rings.length === 0 && !ringing && ringLevel < -60);
});

pageTest('answered: pictures and tones flow both ways, mute is heard and seen, the page ends it', async (page, t) => {
  const {box, room, booking} = await bookedNow(t);
  const other = await visitor(t);
  await other.login('suzuki', 'yane-no-ue-7');
  await other.waitView('today');
  const seen = await talk(page, box, room);
  assert.equal(seen.received.width, 1280);
  await other.until('the other page to be quiet', ({rings, ringing}) => rings.length === 0 && !ringing);
  await page.until('more pictures', ({received}) => received.frames > seen.received.frames + 20);
  await box.until('the counsellor to be seen and heard', ({received}) =>
    received.frames > 10 && received.width > 0 && near(received.toneHz, pageTone) && received.brightness > 20);

  await page.page.click('#mute-sound');
  await box.until('silence', ({received}) => received.toneHz === 0);
  await page.page.click('#mute-picture');
  await box.until('a black picture', ({received}) => received.brightness < 12);
  await page.page.click('#mute-sound');
  await page.page.click('#mute-picture');
  await box.until('both again', ({received}) => near(received.toneHz, pageTone) && received.brightness > 20);

  await page.page.click('#end');
  await page.page.click('#ask-no');
  assert.equal((await page.stats()).state, 'talking', 'asked once, and taken back');
  await page.end();
  await box.hears(event => event.type === 'ended' && event.by === 'counsellor', 'the end');
  assert.notEqual(await box.offer('whip', room), 201, 'nobody is there');
  await page.page.click('#curtain-back');
  await page.page.waitForSelector(`.is-ended[data-receipt="${booking.receipt}"]`);
});

pageTest('a reloaded tab comes back into the consultation, and nobody hears it leave', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await page.page.click('#mute-sound');
  const before = box.heard.length;
  await page.page.reload();
  await page.waitView('room');
  const joined = await box.hears(event => event.type === 'seat-joined', 'the reloaded page', {from: before});
  const first = box.heard.find(event => event.type === 'seat-joined');
  assert.notEqual(joined.session, first.session);
  await box.connect(room);
  await page.until('the picture again', ({state, received}) =>
    state === 'talking' && received.frames > 10 && near(received.toneHz, boxTone));
  await box.until('the counsellor again, still muted', ({received}) => received.frames > 10 && received.toneHz === 0);
  await page.page.click('#mute-sound[aria-pressed=true]');
  await box.until('the sound', ({received}) => near(received.toneHz, pageTone));
  assert.ok(!box.heard.some(event => event.type === 'seat-left'));
});

pageTest('the hall ends it: the page says so', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await box.say(room, 'ended');
  const stats = await page.until('the end', ({state}) => state === 'ended');
  assert.equal(stats.endedBy, 'hall');
  assert.deepEqual(stats.peers, []);
  assert.ok((await page.page.textContent('#curtain')).includes('会館のボタンで終わりました'));
  const used = await page.page.$eval('#own', video => video.srcObject === null);
  assert.ok(used, 'the camera is given back');
});

pageTest('a login that ends during a talk: new offers are answered, and it is over only after the talk', async (page, t) => {
  const {box, room} = await bookedNow(t);
  const [login] = (await page.page.context().cookies()).filter(({name}) => name === 'madoguchi');
  assert.ok(login.expires > Date.now() / 1000 + 13 * 3600, 'the browser keeps it longer than the login lasts');
  await talk(page, box, room);
  await desk().endLogins();
  assert.equal(await page.page.evaluate(async () => (await fetch('/api/me')).status), 401);
  await box.connect(room);
  await page.until('the new connection', ({state, peers, received}) =>
    state === 'talking' && peers.length === 2 && received.frames > 10);
  assert.equal(await page.view(), 'room');
  const from = box.heard.length;
  await page.end();
  await box.hears(event => event.type === 'ended' && event.by === 'counsellor', 'the end', {from});
  await page.page.click('#curtain-back');
  await page.waitView('login');
  page.problems = page.problems.filter(text => !/ 401 /.test(text));
});

pageTest('leaving the seat is told at once, a closed tab after a while', async (page, t) => {
  const {box, room, booking} = await bookedNow(t);
  await page.enter(booking.receipt);
  await page.until('the seat', ({state}) => state === 'waiting');
  await box.hears(event => event.type === 'seat-joined', 'the counsellor');
  let from = box.heard.length;
  await page.page.click('#leave');
  await page.waitView('today');
  await box.hears(event => event.type === 'seat-left', 'the counsellor to leave', {from, seconds: 3});
  assert.equal(await box.offer('whip', room), 503, 'nobody sits there');

  from = box.heard.length;
  await page.enter(booking.receipt);
  await box.hears(event => event.type === 'seat-joined', 'the counsellor again', {from});
  from = box.heard.length;
  await page.page.close();
  await box.hears(event => event.type === 'seat-left', 'the closed tab', {from, seconds: 20});
});

pageTest('without camera and microphone: what to do in words, the hall is seen, a card is sent', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await page.context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('refused', 'NotAllowedError'));
  });
  await page.page.reload();
  await page.waitView('today');
  await talk(page, box, room);
  const words = await page.page.textContent('#room-devices');
  assert.ok(words.includes('許可') && words.includes('もう一度'), words);
  await box.until('the card', ({received}) => received.frames > 2 && received.width > 0 && received.brightness > 20);
});

pageTest('a taken seat names who sits there; a nonsense offer is refused; the tab in front wins', async (page, t) => {
  const {box, room, booking} = await bookedNow(t);
  await page.enter(booking.receipt);
  await page.until('the seat', ({state}) => state === 'waiting');
  const other = await visitor(t);
  await other.login('suzuki', 'yane-no-ue-7');
  await other.waitView('today');
  await other.page.click(`[data-receipt="${booking.receipt}"] .row-buttons button:first-child`);  // no error: back to the list, and why
  await other.page.waitForFunction(() => document.getElementById('said').textContent.includes('satoさんが席について'));
  other.problems = other.problems.filter(text => !/ 409 .*\/join\)/.test(text));
  assert.equal((await page.stats()).state, 'waiting');

  const nonsense = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio nonsense\r\n';
  const status = await box.post('whip', room, nonsense);
  assert.ok([406, 422].includes(status), String(status));

  const second = await page.context.newPage();
  await second.goto(page.origin);
  await second.click(`[data-receipt="${booking.receipt}"] .row-buttons button:first-child`);
  await page.until('the first tab to give way', ({state}) => state === 'elsewhere');
  await second.waitForFunction(async () => (await window.madoguchi.stats()).state === 'waiting');
});

pageTest('the desk dies in a consultation: it goes on, and the page takes its seat again', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await desk().restart();
  const from = box.heard.length;
  await box.listen(room);
  const seated = event => event.seats?.[0].present || event.type === 'seat-joined';
  await box.hears(seated, 'the seat to be taken again', {from});
  // Until the box offers anew, what flowed flows on: it needs no desk.
  const there = (await page.stats()).received.frames;
  const during = await page.until('the picture to go on', ({received}) => there > 0 && received.frames > there + 10);
  assert.equal(during.state, 'talking');
  await box.connect(room);
  await page.until('the new connection', ({state, peers, received}) =>
    state === 'talking' && peers.length === 2 && received.frames > 10);
  assert.equal(await page.page.isVisible('#room-offline'), false);
  page.problems = page.problems.filter(text => !/ERR_|410/.test(text));  // Chromium writes down that the desk was away
});
