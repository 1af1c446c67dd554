// SPDX-License-Identifier: Apache-2.0
// The page in a browser as people have it, which keeps a page silent until somebody has clicked in it.

import assert from 'node:assert/strict';
import {office} from './lib/office.js';

const {bookedNow, pageTest} = office({aloud: false});

pageTest('a tab where nobody has clicked says that it cannot ring, and rings after its button', async (page, t) => {
  assert.equal(await page.page.isVisible('#ring-silent'), false, 'the login was a click');
  const {box, room} = await bookedNow(t);
  const tab = await page.tab();
  await tab.visit();
  await tab.waitView('today');
  await tab.page.waitForSelector('#ring-silent:not([hidden])');
  assert.match(await tab.page.textContent('#ring-silent'), /呼び出し音が鳴りません/);
  await box.say(room, 'calling');
  const mute = await tab.until('the ring', ({rings}) => rings.includes(room));
  assert.ok(mute.ringLevel < -60, `${mute.ringLevel} dBFS without a click`);
  if (process.env.MADOGUCHI_PICTURES) await tab.screenshot(`${process.env.MADOGUCHI_PICTURES}/ring-silent.png`);
  await tab.page.click('#ring-silent button');
  await tab.until('the bell', ({ringing, ringLevel}) => ringing && ringLevel > -45);
  await tab.page.waitForSelector('#ring-silent', {state: 'hidden'});
  assert.deepEqual(tab.problems, []);
});
