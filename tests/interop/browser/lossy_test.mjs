// SPDX-License-Identifier: Apache-2.0
// A real talk over a network that loses packets: own_network.sh gives the test a loopback of its own for it.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {CounsellorPage, launch} from './lib/browser.js';
import {Desk} from './lib/desk.js';
import {Hall, leg} from './lib/hall.js';

const slow = process.env.MADOGUCHI_SLOW ? 4 : 1;

/// One of so many packets of media, in both directions, and what else is named. On their way in: a sender whose packet is
/// refused on its way out knows of it.
function lose(oneOf, ...more) {
  const drops = [`numgen random mod ${oneOf} == 0`, ...more].map(what => `meta l4proto udp ${what} drop\n`);
  nft(`table ip lossy { chain in {\ntype filter hook input priority 0\n${drops.join('')}}\n}\n`);
}
const loseNothing = () => nft('delete table ip lossy\n');
const nft = rules => execFileSync('nft', ['-f', '-'], {input: rules});
const requests = '@th,72,8 200-206';  // RTCP's payload types: no report, and with it no request, arrives

test('a weak connection is said on the screen, for as long as it is one', {timeout: 180000 * slow}, async t => {
  const desk = await Desk.start();
  t.after(() => desk.stop());
  await desk.addCounsellor('tanaka', 'kumquat-47-anchor');
  const hall = await desk.addHall('hall', '中央公民館');
  const booking = await desk.bookNow(hall.id);
  const chromium = await launch({tone: 1000});
  t.after(() => chromium.close());
  const page = await CounsellorPage.open(chromium.browser, desk.origin);
  await page.visit();
  await page.login('tanaka', 'kumquat-47-anchor');
  await page.waitView('today');
  const box = await Hall.start(desk, hall);
  t.after(() => box.stop());
  await box.until('the stream to the desk', status => status.events_up);
  await box.press();
  await page.until('the hall to ring', stats => stats.rings.includes(booking.room));
  await page.answer(booking.room);
  await box.untilTalking(30 * slow);
  await box.untilCard('talking', 30 * slow);  // after the words of its beginning
  const {epoch} = leg(await box.status(), 'play');

  lose(20);
  const weak = await box.untilCard('weak', 30 * slow);
  assert.equal(weak.phase, 'talking');
  if (process.env.MADOGUCHI_PICTURES) await box.screenshot(join(process.env.MADOGUCHI_PICTURES, 'tv-weak.png'));
  loseNothing();
  await box.untilCard('talking', 30 * slow);

  // A picture that nobody could ask for again is asked for once that is heard.
  lose(5, requests);
  await box.untilCard('picture-stands', 60 * slow);
  loseNothing();
  await box.untilCard('talking', 30 * slow);
  assert.equal(leg(await box.status(), 'play').epoch, epoch, 'the same connection all the while');
});
