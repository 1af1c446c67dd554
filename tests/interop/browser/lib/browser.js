// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium as a counsellor's browser: a fake camera, a microphone with a steady tone, and the page's own
// buttons pressed by their names. Everything the browser complains of is kept in `problems`.

import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium} from 'playwright-core';
import {writeTone} from './tone.js';
import {until} from './until.js';

export const viewport = {width: 1280, height: 800};

/// A running browser; close() ends it and removes its files. `tone`: hertz of the microphone. `aloud`: pages may sound
/// before anybody has clicked; false is how people's browsers are.
export async function launch({executablePath = '/usr/bin/chromium', tone = 1000, aloud = true, args = []} = {}) {
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: install the package chromium`);
  const folder = mkdtempSync(join(tmpdir(), 'madoguchi-browser-'));
  const remove = () => rmSync(folder, {recursive: true, force: true});
  process.once('exit', remove);  // also when a signal ends us: playwright ends the browser then
  const wav = writeTone(join(folder, 'tone.wav'), tone);
  let browser;
  try {
    browser = await chromium.launch({
      executablePath, headless: true, chromiumSandbox: process.getuid?.() !== 0, timeout: 60000,
      args: [
        '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-audio-capture=${wav}`, '--allow-loopback-in-peer-connection',
        ...(aloud ? ['--autoplay-policy=no-user-gesture-required'] : []), '--disable-dev-shm-usage',
        '--lang=ja', ...args,
      ],
    });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    browser,
    async close() {
      await browser.close();
      process.off('exit', remove);
      remove();
    },
  };
}

/// One counsellor: a browser context with its own cookies, and the page in it.
export class CounsellorPage {
  static async open(browser, origin, {permissions = ['camera', 'microphone', 'notifications']} = {}) {
    const context = await browser.newContext({viewport, locale: 'ja-JP', timezoneId: 'Asia/Tokyo'});
    await context.grantPermissions(permissions, {origin});
    await context.addInitScript(prepare);
    const page = await context.newPage();
    return new CounsellorPage(context, page, origin).watch();
  }

  constructor(context, page, origin) {
    this.context = context;
    this.page = page;
    this.origin = origin;
    this.problems = [];
  }

  watch() {
    this.page.setDefaultTimeout(10000);
    this.page.on('console', message => {
      if (message.type() === 'error') this.problems.push(`console: ${message.text()} (${message.location().url})`);
    });
    this.page.on('pageerror', error => this.problems.push(`exception: ${error.stack ?? error}`));
    this.page.on('crash', () => this.problems.push('the page crashed'));
    return this;
  }

  /// Another tab of the same counsellor, where nobody has clicked yet.
  async tab() {
    return new CounsellorPage(this.context, await this.context.newPage(), this.origin).watch();
  }

  async visit(path = '/') {
    await this.page.goto(this.origin + path, {waitUntil: 'load'});
    await this.page.waitForFunction(() => document.body.dataset.view);
  }

  async login(name, password) {
    await this.page.fill('#login-name', name);
    await this.page.fill('#login-password', password);
    await this.page.click('#login-form button');
  }

  view() {
    return this.page.evaluate(() => document.body.dataset.view);
  }

  waitView(name) {
    return this.page.waitForFunction(wanted => document.body.dataset.view === wanted, name);
  }

  stats() {
    return this.page.evaluate(() => window.madoguchi.stats());
  }

  /// Stats that please, within a time; the error says what they were last.
  async until(what, pleases, seconds = 20) {
    let last;
    try {
      return await until(what, async () => pleases(last = await this.stats()) && last, seconds);
    } catch (error) {
      const problems = this.problems.join(' | ') || 'none';
      throw new Error(`${error.message}; last: ${JSON.stringify(last)}; problems: ${problems}`);
    }
  }

  /// Presses the answer button of a hall that rings; of any when no room is named.
  async answer(room) {
    const ring = room ? `.ring[data-room="${room}"]` : '.ring:not([hidden])';
    await this.page.click(`${ring} .answer`, {timeout: 60000});
    await this.waitView('room');
  }

  async enter(receipt) {
    await this.page.click(`[data-receipt="${receipt}"] .row-buttons button:first-child`);
    await this.waitView('room');
  }

  /// Ends the consultation: asked once, yes.
  async end() {
    await this.page.click('#end');
    await this.page.click('#ask-yes');
    await this.until('the page to say that it ended', stats => stats.state === 'ended', 10);
  }

  screenshot(path) {
    return this.page.screenshot({path});
  }

  close() {
    return this.context.close();
  }
}

/// Runs in the page before its own scripts. A steady sine is noise to a noise suppressor: the fake microphone is taken
/// as it is. What the content security policy blocks is said as an error.
function prepare() {
  addEventListener('securitypolicyviolation', event => {
    console.error(`CSP ${event.violatedDirective}: ${event.blockedURI}`);
  });
  const media = navigator.mediaDevices;
  if (!media) return;
  const obtain = media.getUserMedia.bind(media);
  media.getUserMedia = wanted => obtain({
    ...wanted, audio: wanted.audio && {echoCancellation: false, noiseSuppression: false, autoGainControl: false},
  });
}
