// SPDX-License-Identifier: Apache-2.0
// A counsellor for scripts: logs in at a desk with Debian's Chromium, answers the hall that rings, waits until 720p
// and a tone arrive, talks, ends, and says on one line of JSON what was seen and heard. Exit status 0 only when
// picture and sound came and our picture went out during the whole talk.

import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {CounsellorPage, launch} from './lib/browser.js';
import {until} from './lib/until.js';

const usage = `node counsellor.js --url http://127.0.0.1:PORT --name NAME --password-file FILE [options]

  --seconds N         talk this long once picture and sound flow (15)
  --out DIR           page.png is saved there, and while it rings ringing.png (.)
  --end page|stay     end with the page's button, or stay until the hall ends it (page)
  --sit               enter the open booking's room at once instead of waiting for a ring
  --patience N        seconds to wait for the ring, and for each next thing (120)
  --tone N            hertz of the microphone (1000)
  --chromium PATH     (/usr/bin/chromium)`;

const {values: options} = parseArgs({
  options: {
    'url': {type: 'string'}, 'name': {type: 'string'}, 'password-file': {type: 'string'},
    'seconds': {type: 'string', default: '15'}, 'out': {type: 'string', default: '.'},
    'end': {type: 'string', default: 'page'}, 'sit': {type: 'boolean'}, 'patience': {type: 'string', default: '120'},
    'tone': {type: 'string', default: '1000'}, 'chromium': {type: 'string', default: '/usr/bin/chromium'},
    'help': {type: 'boolean', short: 'h'},
  },
});
const understood = options.url && options.name && options['password-file'] && ['page', 'stay'].includes(options.end);
if (options.help || !understood) {
  (options.help ? console.log : console.error)(usage);
  process.exit(options.help ? 0 : 2);
}
const patience = Number(options.patience);
const say = text => console.error(`counsellor: ${text}`);

const flows = ({state, received}) => state === 'talking' && received.height === 720 && received.width === 1280 &&
  received.frames > 0 && received.toneHz > 0;

/// In the room, by the ring or by the list.
async function sitDown(page) {
  const deadline = patience * 1000;
  if (options.sit) {
    await page.page.click('.booking.is-open .row-buttons button:first-child', {timeout: deadline});
    return page.waitView('room');
  }
  say('waiting for a hall to ring');
  await page.until('a ring', stats => stats.ringing, patience);
  await page.screenshot(join(options.out, 'ringing.png'));
  await page.answer();
}

/// Looks each second; every look must find more of both pictures than the one before.
async function talk(page) {
  const began = Date.now(), first = await page.stats(), tones = [];
  let last = first, stalls = 0;
  while (Date.now() - began < Number(options.seconds) * 1000) {
    const looked = Date.now();
    await until('the next second', () => Date.now() - looked >= 1000, 5);
    const now = await page.stats();
    if (now.state === 'ended') break;
    if (now.received.frames <= last.received.frames || now.sent.frames <= last.sent.frames) stalls += 1;
    tones.push(now.received.toneHz);
    last = now;
  }
  const heard = tones.filter(hertz => hertz > 0).sort((a, b) => a - b);
  return {
    seconds: Math.round((Date.now() - began) / 100) / 10, looks: tones.length, stalledSeconds: stalls,
    received: {...last.received, frames: last.received.frames - first.received.frames},
    sent: {...last.sent, frames: last.sent.frames - first.sent.frames},
    toneHz: heard[Math.floor(heard.length / 2)] ?? 0, heardSeconds: heard.length,
  };
}

async function main() {
  mkdirSync(options.out, {recursive: true});
  const {browser, close} = await launch({executablePath: options.chromium, tone: Number(options.tone)});
  try {
    const page = await CounsellorPage.open(browser, new URL(options.url).origin);
    await page.visit();
    await page.login(options.name, readFileSync(options['password-file'], 'utf8').trim());
    await page.waitView('today');
    say('logged in');
    await sitDown(page);
    const ready = await page.until('720p and a tone from the hall, and our picture on its way',
      stats => flows(stats) && stats.sent.frames > 0, patience);
    say(`in consultation, talking for ${options.seconds} s`);
    const talked = await talk(page);
    await page.screenshot(join(options.out, 'page.png'));
    if (options.end === 'page') await page.end();
    else await page.until('the hall to end it', stats => stats.state === 'ended', patience);
    const ended = await page.stats();
    const {looks, stalledSeconds, heardSeconds, received, sent} = talked;
    const moved = received.frames > 0 && sent.frames > 0 && stalledSeconds <= looks / 4;
    const ok = looks > 0 && moved && heardSeconds >= looks / 2;
    const problems = page.problems.filter(text => !/ 401 /.test(text));  // said at a first visit, by Chromium itself
    return {ok, room: ready.room, ...talked, ended: ended.endedBy, problems};
  } finally {
    await close();
  }
}

main().catch(error => ({ok: false, error: error.message})).then(result => {
  console.log(JSON.stringify(result));
  process.exitCode = result.ok ? 0 : 1;
});
