// SPDX-License-Identifier: Apache-2.0
// When the page asks whether anybody still talks, and when it ends the talk: minutes of sound in no time.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Stillness} from '../../../provisioning/desk/page/stillness.js';

/// What it says through seconds of these levels: [[second, word], ...] of those that say something.
function said(levels, stillness = new Stillness()) {
  const words = [];
  levels.forEach((level, second) => {
    const word = stillness.look(level, second * 1000);
    if (word) words.push([second, word]);
  });
  return words;
}

const seconds = (count, level) => Array.from({length: count}, (_, i) => typeof level === 'function' ? level(i) : level);
/// A voice with pauses in a room with some noise.
const talk = i => i % 4 === 3 ? -52 : -30;
const noise = i => -52 + i % 3;

test('a talk is never asked about, however long', () => {
  assert.deepEqual(said(seconds(3600, talk)), []);
});

test('an empty room is asked about after five minutes, and ended two minutes later', () => {
  for (const empty of [noise, () => -100, () => -35]) {
    const words = said([...seconds(60, talk), ...seconds(600, empty)]);
    assert.equal(words[0][1], 'ask');
    assert.ok(words[0][0] >= 58 + 300 && words[0][0] <= 62 + 330, `asked at ${words[0][0]} s`);
    assert.equal(words[1][1], 'end');
    assert.equal(words[1][0] - words[0][0], 120);
  }
});

test('one word takes the question back', () => {
  const words = said([...seconds(400, noise), -20, ...seconds(400, noise)]);
  assert.deepEqual(words.map(([, word]) => word), ['ask', 'ask']);
  assert.ok(words[1][0] - 400 >= 300);
});

test('an answer, or a banner, counts as somebody there', () => {
  const stillness = new Stillness();
  assert.deepEqual(said(seconds(310, noise), stillness).map(([, word]) => word), ['ask']);
  stillness.heard(310000);
  for (let second = 310; second < 610; ++second) assert.equal(stillness.look(noise(second), second * 1000), '');
  assert.equal(stillness.look(-52, 611000), 'ask');
});

test('where the sound cannot be measured, nothing is ended', () => {
  assert.deepEqual(said(seconds(3600, null)), []);
});
