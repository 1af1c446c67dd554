// SPDX-License-Identifier: Apache-2.0
// Every view before axe-core: nothing serious, landmarks, contrast, labels that match what is read; and camera and
// microphone tried on the list.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {office} from './lib/office.js';
import {picture} from './lib/picture.js';

const {bookedNow, desk, pageTest, talk} = office();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const always = ['color-contrast', 'label-content-name-mismatch', 'landmark-one-main', 'region'];

/// Nothing that axe has to say, at whatever impact. It prints how many rules passed.
async function accessible(page, what) {
  await page.page.emulateMedia({reducedMotion: 'reduce'});  // a colour on its way is none
  await page.page.evaluate(axe);
  const {violations, passes} = await page.page.evaluate(rules => window.axe.run(document, {
    rules: Object.fromEntries(rules.map(rule => [rule, {enabled: true}])),
  }), always);
  const words = violations.map(({id, nodes}) => `${id}: ${nodes.map(({html, failureSummary}) =>
    `${html.slice(0, 120)} ${failureSummary.replace(/\s+/g, ' ').slice(0, 160)}`).join(' | ')}`);
  assert.deepEqual(words, [], what);
  console.log(`# axe-core: ${what}: ${passes.length} rules passed`);
  assert.ok(passes.length > 10, 'axe looked at something');
}

pageTest('the login, and a wrong password', async page => {
  await accessible(page, 'login');
  await page.login('sato', 'wrong');
  await page.page.waitForFunction(() => document.getElementById('login-error').textContent);
  await accessible(page, 'login refused');
}, {login: false});

pageTest('the list: bookings of every state, a missed call, a receipt, a ring', async (page, t) => {
  await accessible(page, 'empty list');
  const missed = await bookedNow(t), ringing = await bookedNow(t), over = await bookedNow(t);
  await missed.box.say(missed.room, 'calling');
  await missed.box.say(missed.room, 'cancelled');
  await over.box.say(over.room, 'talking');
  await over.box.say(over.room, 'ended');
  await page.page.click('#book-halls label:has-text("北部センター")');
  await page.page.click('#book-submit');
  await page.page.waitForSelector('#receipt:not([hidden])');
  await page.page.waitForSelector('#missed:not([hidden])');
  await accessible(page, 'list');
  await ringing.box.say(ringing.room, 'calling');
  await page.page.waitForSelector(`.ring[data-room="${ringing.room}"]`);
  await accessible(page, 'list that rings');
  await page.page.click('#book-submit');
  await page.page.waitForFunction(() => document.getElementById('book-error').textContent);
  await accessible(page, 'booking refused');
  page.problems = page.problems.filter(text => !/ 409 .*\/api\/bookings\)/.test(text));
});

pageTest('the room: waiting, talking, each dialog, on hold, ended', async (page, t) => {
  await desk().addDepartment('福祉課');
  const {box, room, booking} = await bookedNow(t);
  await page.enter(booking.receipt);
  await page.until('the seat', ({state}) => state === 'waiting');
  await accessible(page, 'room, waiting');
  await page.page.click('#leave');
  await talk(page, box, room);
  await accessible(page, 'room, talking');
  for (const [button, dialog, close] of [
    ['write', 'write-dialog', 'write-no'], ['emergency', 'emergency-dialog', 'emergency-close'],
    ['listeners', 'listeners-dialog', 'listeners-no'], ['hand-over', 'handover-dialog', 'handover-no'], ['end', 'ask', 'ask-no'],
  ]) {
    await page.page.click(`#${button}`);
    await page.page.waitForSelector(`#${dialog}[open]`);
    await accessible(page, `dialog ${button}`);
    await page.page.click(`#${close}`);
  }
  await page.page.click('#help');
  await page.page.waitForSelector('#room-help:not([hidden])');
  await accessible(page, 'room, asking for help');
  await page.page.click('#hold');
  await page.until('the hold', ({state}) => state === 'held');
  await accessible(page, 'room, on hold');
  await page.end();
  await page.page.waitForSelector('#record:not([hidden])');
  await accessible(page, 'room, ended');
});

pageTest('camera and microphone are tried on the list, and given back', async page => {
  await page.page.click('#try-devices');
  await page.page.waitForFunction(() => document.getElementById('device-check-own').videoWidth > 0);
  await page.page.waitForFunction(() => document.getElementById('device-check-level').value > 50);
  await page.page.waitForFunction(() => /声が入って/.test(document.getElementById('device-check-words').textContent));
  await picture(page, 'device-check');
  await accessible(page, 'list, trying');
  await page.page.click('#device-check-stop');
  assert.equal(await page.page.$eval('#device-check-own', video => video.srcObject), null);
  assert.equal(await page.page.isVisible('#device-check'), false);
});

pageTest('a camera that is refused is told with what to do, before a hall rings', async page => {
  await page.page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('refused', 'NotAllowedError'));
  });
  await page.page.click('#try-devices');
  await page.page.waitForFunction(() => /許可/.test(document.getElementById('device-check-error').textContent));
});
