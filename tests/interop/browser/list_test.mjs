// SPDX-License-Identifier: Apache-2.0
// The list of the day and what is done there: unanswered calls, moving, finding a hall, printing; on small screens too.

import assert from 'node:assert/strict';
import {dayAhead} from './lib/desk.js';
import {office} from './lib/office.js';
import {picture} from './lib/picture.js';

const {bookedNow, desk, pageTest, talk, visitor} = office();

const longName = '中央市民センター分館・東部コミュニティプラザ';

pageTest('a call that nobody answered stands there until somebody has telephoned', async (page, t) => {
  const {box, room, booking} = await bookedNow(t);
  await desk().describeHall(booking.hall, {telephone: '0123-45-6789'});
  await page.page.click('#day-tomorrow');  // whatever day is looked at
  for (let i = 0; i < 2; ++i) {
    await box.say(room, 'calling');
    await page.page.waitForSelector(`.ring[data-room="${room}"]`);
    await box.say(room, 'cancelled');
    await page.page.waitForSelector(`.ring[data-room="${room}"]`, {state: 'detached'});
  }
  const row = `#missed [data-receipt="${booking.receipt}"]`;
  await page.page.waitForFunction(each => document.querySelector(each)?.textContent.includes('2回'), row);
  const words = await page.page.textContent(row);
  for (const part of ['南公民館', String(booking.receipt), '0123-45-6789']) assert.ok(words.includes(part), words);
  await picture(page, 'missed');

  const other = await visitor(t);
  await other.login('suzuki', 'yane-no-ue-7');
  await other.page.click(`[data-key="settled-${booking.receipt}"]`);
  await page.page.waitForFunction(each => /済 suzuki/.test(document.querySelector(each)?.textContent), row);
});

pageTest('one that was a mistake is gone', async (page, t) => {
  const {box, room, booking} = await bookedNow(t);
  await box.say(room, 'calling');
  await box.say(room, 'cancelled');
  await page.page.click(`[data-key="trial-${booking.receipt}"]`);
  await page.page.waitForSelector(`#missed [data-receipt="${booking.receipt}"]`, {state: 'detached'});
});

pageTest('a booking moves under its number, and a taken time says by what and when', async page => {
  const {hall, later} = await page.page.evaluate(async day => {
    const {csrf} = await (await fetch('/api/me')).json();
    const book = async time => {
      const response = await fetch('/api/bookings', {
        method: 'POST', headers: {'Content-Type': 'application/json', 'X-CSRF-Token': csrf},
        body: JSON.stringify({hall: 'hokubu', start: `${day}T${time}:00+09:00`, minutes: 30, reference: 'R8-114'}),
      });
      return response.json();
    };
    return {hall: await book('10:00'), later: await book('11:00')};
  }, dayAhead(4));
  await page.page.fill('#day', dayAhead(4));
  await page.page.click(`[data-key="move-${hall.receipt}"]`);
  assert.match(await page.page.textContent('#book-title'), new RegExp(`受付番号 ${hall.receipt}`));
  assert.equal(await page.page.inputValue('#book-time'), '10:00');
  await page.page.fill('#book-time', '11:15');
  await page.page.click('#book-submit');
  await page.page.waitForFunction(number => document.getElementById('book-error').textContent.includes(number), later.receipt);
  assert.match(await page.page.textContent('#book-error'), /11:00〜11:30.*11:30 からあと/);
  page.problems = page.problems.filter(text => !/ 409 .*\/move\)/.test(text));
  await page.page.fill('#book-time', '13:00');
  await page.page.click('#book label:has-text("45分")');
  await page.page.click('#book-submit');
  await page.page.waitForSelector('#receipt:not([hidden])');
  assert.equal(await page.page.textContent('#receipt-number'), hall.receipt);
  assert.match(await page.page.textContent('#receipt-what'), /13:00 から 13:45 まで/);
  const row = await page.page.textContent(`.bookings [data-receipt="${hall.receipt}"]`);
  for (const part of ['13:00', '13:45', 'R8-114']) assert.ok(row.includes(part), `${part} in ${row}`);
  assert.match(await page.page.textContent('#book-title'), /予約を作る/);
});

pageTest('the number gives way when a hall rings', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await page.page.click('#book-halls label:has-text("北部センター")');
  await page.page.fill('#book-day', dayAhead(5));
  await page.page.fill('#book-time', '09:00');
  await page.page.click('#book-submit');
  await page.page.waitForSelector('#receipt:not([hidden])');
  await box.say(room, 'calling');
  await page.page.waitForSelector('#receipt', {state: 'hidden'});
});

pageTest('a row says who talks and since when, and one that is over cannot be entered', async (page, t) => {
  const {box, room, booking} = await bookedNow(t);
  await talk(page, box, room);
  const other = await visitor(t);
  await other.login('suzuki', 'yane-no-ue-7');
  const row = `.bookings [data-receipt="${booking.receipt}"]`;
  await other.page.waitForFunction(each => /sato.*\d\d:\d\dから/.test(document.querySelector(each)?.textContent), row);
  await page.end();
  await other.page.waitForSelector(`.is-ended[data-receipt="${booking.receipt}"]`);
  assert.equal(await other.page.$$eval(`${row} button`, buttons => buttons.length), 0);
});

pageTest('halls are found by typing, in natural order, none chosen beforehand', async page => {
  for (const [id, name] of [['dai10', '第10集会所'], ['dai2', '第2集会所'], ['dai1', '第１集会所'], ['long', longName],
                            ['higashi', '東公民館'], ['nishi', '西公民館']]) {
    await desk().addHall(id, name);
  }
  await page.page.reload();
  await page.page.waitForSelector('#book-hall:not([hidden])');
  const names = await page.page.$$eval('#book-halls span', spans => spans.map(span => span.textContent));
  assert.deepEqual(names.filter(name => name.startsWith('第')), ['第１集会所', '第2集会所', '第10集会所']);
  assert.equal(await page.page.$$eval('#book-halls input:checked', inputs => inputs.length), 0);
  await page.page.click('#book-submit');
  assert.equal(await page.page.evaluate(() => document.querySelector('#book-halls input').validity.valueMissing), true);
  await page.page.fill('#book-hall', '第1');
  const visible = await page.page.$$eval('#book-halls label:not([hidden])', labels => labels.map(label => label.textContent));
  assert.deepEqual(visible, ['第１集会所', '第10集会所']);
  await page.page.press('#book-hall', 'Enter');
  assert.equal(await page.page.$eval('#book-halls input:checked', input => input.value), 'dai1');
  await page.page.fill('#book-hall', '無い');
  assert.ok(await page.page.isVisible('#book-hall-none'));
});

pageTest('the form is above the fold at 1024, names stay whole, a narrow window clips nothing', async (page, t) => {
  await desk().addHall('long', longName);
  const {booking} = await bookedNow(t, longName);
  await page.page.reload();
  await page.page.waitForSelector(`.bookings [data-receipt="${booking.receipt}"]`);
  for (const [width, height] of [[1280, 800], [1024, 768]]) {
    await page.page.setViewportSize({width, height});
    const submit = await page.page.locator('#book-submit').boundingBox();
    assert.ok(submit.y + submit.height <= height, `the button ends at ${submit.y + submit.height} of ${height}`);
    const lines = await page.page.$eval(`.bookings [data-receipt="${booking.receipt}"] .where strong`,
      element => element.getClientRects().length);
    assert.equal(lines, 1);
    await picture(page, `list-${width}`);
  }
  for (const width of [760, 480, 360]) {
    await page.page.setViewportSize({width, height: 800});
    const [inner, scroll] = await page.page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok(scroll <= inner, `${scroll} > ${inner}`);
    await picture(page, `list-${width}`);
  }
});

pageTest('the day is printed as a list alone', async (page, t) => {
  const {booking} = await bookedNow(t);
  await page.page.reload();
  await page.page.waitForSelector(`.bookings [data-receipt="${booking.receipt}"]`);
  await page.page.evaluate(() => {
    window.print = () => document.body.dataset.printed = 'yes';
  });
  await page.page.click('#day-print');
  assert.equal(await page.page.evaluate(() => document.body.dataset.printed), 'yes');
  await page.page.emulateMedia({media: 'print'});
  for (const gone of ['.bar', 'aside', '.row-buttons']) assert.equal(await page.page.isVisible(gone), false, gone);
  assert.ok(await page.page.isVisible('#day-title'));
  assert.ok(await page.page.isVisible(`.bookings [data-receipt="${booking.receipt}"]`));
  await picture(page, 'print');
});

pageTest('tomorrow is one button away', async page => {
  await page.page.click('#day-tomorrow');
  assert.equal(await page.page.inputValue('#day'), dayAhead(1));
  assert.match(await page.page.textContent('#day-title'), /明日/);
  assert.equal(await page.page.inputValue('#book-day'), dayAhead(1));
});
