// SPDX-License-Identifier: Apache-2.0
// Counsellors together: who takes calls, who comes to help, who listens; the hall's staff; a login that went void.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {office} from './lib/office.js';
import {picture} from './lib/picture.js';

const {bookedNow, desk, pageTest, colleague, talk} = office();

const choose = (page, state) => page.page.click(`#my-state label:has([value=${state}])`);
const isState = (page, state) => page.page.waitForSelector(`#my-state [value=${state}]:checked`, {state: 'attached'});

pageTest('only who takes calls is rung aloud; the last one is warned before she goes', async (page, t) => {
  const other = await colleague(t);
  await choose(page, 'busy');
  await isState(page, 'busy');
  await other.page.waitForFunction(() => /sato 窓口対応中/.test(document.getElementById('colleagues').textContent));
  const {box, room} = await bookedNow(t);
  await box.say(room, 'calling');
  await other.until('the bell', ({ringing}) => ringing);
  await page.page.waitForSelector(`.ring[data-room="${room}"]`);
  assert.equal((await page.stats()).ringing, false);
  await picture(page, 'busy');
  await box.say(room, 'cancelled');

  await choose(other, 'away');
  await other.page.waitForSelector('#ask[open]');
  assert.match(await other.page.textContent('#ask'), /受付中の人がいなくなります/);
  await picture(other, 'last');
  await other.page.click('#ask-no');
  await isState(other, 'taking');
  await choose(other, 'away');
  await other.page.click('#ask-yes');
  await page.page.waitForFunction(() => /suzuki 離席/.test(document.getElementById('colleagues').textContent));
  await choose(page, 'taking');
  await isState(page, 'taking');
  other.problems = other.problems.filter(text => !/ 409 .*\/state\)/.test(text));
  await choose(other, 'taking');
  await isState(other, 'taking');
});

pageTest('a colleague is called without a sound, and says that she comes', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  const other = await colleague(t);
  await page.page.click('#help');
  const asked = await other.page.waitForSelector(`.ring[data-room="${room}"]`);
  assert.match(await asked.textContent(), /satoさんが応援を呼んでいます/);
  assert.equal((await other.stats()).ringing, false);
  assert.ok(!box.heard.some(event => event.type === 'help'));
  await other.page.click(`.ring[data-room="${room}"] .answer`);
  await page.page.waitForFunction(() => document.getElementById('room-said').textContent.includes('suzukiさんが応援に来ます'));
  await other.page.waitForSelector(`.ring[data-room="${room}"]`, {state: 'detached'});
});

pageTest('who listens is ticked first, told to the hall, and in the line of the record', async (page, t) => {
  await desk().addDepartment('福祉課');
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await page.page.click('#listeners');
  await page.page.click('#listeners-choices label:has-text("福祉課")');
  await picture(page, 'listeners-choose');
  await page.page.click('#listeners-form [type=submit]');
  await box.hears(event => event.type === 'listeners' && event.names[0] === '福祉課', 'who listens');
  await page.page.waitForFunction(() => document.getElementById('room-listeners').textContent.includes('福祉課'));
  await picture(page, 'listeners');
  await page.end();
  await page.page.waitForSelector('#record:not([hidden])');
  assert.match(await page.page.inputValue('#record-line'), /相談員 sato　同席 福祉課$/);
});

pageTest('the hall chimes for its staff until somebody there presses', async (page, t) => {
  const {box, room} = await bookedNow(t);
  await talk(page, box, room);
  await page.page.click('#staff');
  await box.hears(event => event.type === 'staff' && event.on, 'the call');
  await page.page.waitForSelector('#room-staff:not([hidden])');
  await box.say(room, 'staff-came');
  await page.page.waitForFunction(() => document.getElementById('room-said').textContent.includes('職員が来ました'));
  assert.equal(await page.page.isVisible('#room-staff'), false);
});

pageTest('a login that went void says so, the ring is still heard, and answered after logging in', async (page, t) => {
  const {box, room} = await bookedNow(t);
  const change = 'import sqlite3, sys, time; d = sqlite3.connect(sys.argv[1]); ' +
    'd.execute("UPDATE logins SET until = ?", (int(time.time() * 1000) - 1000,)); d.commit()';
  execFileSync('python3', ['-c', change, join(desk().data, 'desk.sqlite3')]);
  // Whatever is asked of the desk next; something may have been, and then the button is out of sight.
  await page.page.evaluate(() => document.getElementById('day-tomorrow').click());
  await page.waitView('login');
  assert.match(await page.page.textContent('#login-error'), /期限が切れました/);
  await box.say(room, 'calling');
  await page.until('the bell', ({ringing, signedIn}) => ringing && !signedIn);
  await picture(page, 'void');
  await page.page.click(`.ring[data-room="${room}"] .answer`);
  await page.login('sato', 'kasa-no-moto-2');
  await page.waitView('room');
  await box.hears(event => event.type === 'seat-joined', 'the counsellor');
  page.problems = page.problems.filter(text => !/ 401 /.test(text));
});
