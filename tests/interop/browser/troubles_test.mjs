// SPDX-License-Identifier: Apache-2.0
// What a counsellor at the page meets on a bad day, and the words and buttons that help: each was met once.

import assert from 'node:assert/strict';
import {dayAhead} from './lib/desk.js';
import {office} from './lib/office.js';
import {until} from './lib/until.js';

const {pageTest} = office();
const focused = page => page.page.evaluate(() => document.activeElement.id || document.activeElement.tagName);

pageTest('a refused booking is told in Japanese with what to do, whatever the desk writes', async page => {
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
    assert.doesNotMatch(said, /[a-z]{3}/, code);
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
