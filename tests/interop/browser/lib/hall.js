// SPDX-License-Identifier: Apache-2.0
// A real box in a hall: madoguchid with its real children, simulated camera, microphone, speaker and button, a folder of
// its own. Asked and pressed through the madoguchi command, ended by its process id.

import {execFile, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {until} from './until.js';

const run = promisify(execFile);

function program(name) {
  const path = join(process.env.MADOGUCHI_BIN ?? '', name);
  if (!existsSync(path)) throw new Error(`no ${path}: build it and set MADOGUCHI_BIN to the folder with the programs`);
  return path;
}

// Under a sanitizer children pause for longer than what counts as hung elsewhere.
const patient = process.env.MADOGUCHI_SLOW ? 'hung_after = "5s"\n' : '';

const configuration = (folder, bin, desk, hall, codecs) => `[box]
hall = "${hall.name}"
telephone = "0123-45-6789"
state = "${folder}/state"
socket = "${folder}/control.sock"
programs = "${bin}"
synchronised_clock = false
[[office]]
origin = "${desk.origin}"
token = "${hall.token}"
[[feed]]
name = "desk"
url = "${desk.origin}${hall.calendarPath}"
every = "1s"
[[link]]
feeds = ["desk"]
link = "${desk.origin}/rooms/(?P<room>[0-9a-f]+)"
events = "${desk.origin}/events/{room}"
[[link.seat]]
id = "counsellor"
role = "相談員"
publish = "${desk.origin}/whip/{room}/counsellor"
play = "${desk.origin}/whep/{room}/counsellor"
[media]
loopback = true
codecs = ${JSON.stringify(codecs)}
${patient}[camera]
${patient}[session]
farewell_for = "3s"
ended_for = "8s"
`;

export class Hall {
  /// Runs, and its screen says that a press would start something, when this returns.
  static async start(desk, hall, {codecs = ['h264', 'vp8']} = {}) {
    const box = new Hall(mkdtempSync(join(tmpdir(), 'madoguchi-hall-')));
    writeFileSync(join(box.folder, 'box.toml'),
                  configuration(box.folder, process.env.MADOGUCHI_BIN, desk, hall, codecs), {mode: 0o600});
    await box.serve();
    return box;
  }

  constructor(folder) {
    this.folder = folder;
    this.log = '';
    this.kill = () => this.daemon?.kill('SIGKILL');
    process.once('exit', this.kill);
  }

  async serve() {
    this.daemon = spawn(program('madoguchid'), ['--config', join(this.folder, 'box.toml')],
                        {stdio: ['ignore', 'ignore', 'pipe']});
    this.daemon.stderr.on('data', text => this.log += text);
    await this.untilCard('ready', 40);
  }

  async ask(...words) {
    const {stdout} = await run(program('madoguchi'), ['--socket', join(this.folder, 'control.sock'), '--json', ...words],
                               {timeout: 20000}).catch(error => {
      // Exit status 4: a fault is raised, and the status is there all the same.
      if (error.code === 4) return error;
      throw new Error(`madoguchi ${words.join(' ')}: ${error.stderr || error.message}`);
    });
    return JSON.parse(stdout);
  }

  status() {
    return this.ask('status');
  }

  press() {
    return this.ask('press');
  }

  holdDown() {
    return this.ask('press', '--long');
  }

  screenshot(path) {
    return this.ask('screenshot', path);
  }

  /// A status that pleases, within a time; the error says what it was last.
  async until(what, pleases, seconds = 20) {
    let last;
    try {
      return await until(what, async () => {
        if (this.daemon.exitCode !== null) throw new Error('the daemon ended');
        return pleases(last = await this.status()) && last;
      }, seconds);
    } catch (error) {
      throw new Error(`${error.message}; last: ${JSON.stringify(last)}\n${this.log}`);
    }
  }

  untilCard(code, seconds) {
    return this.until(`the card ${code}`, status => status.card.code === code, seconds);
  }

  /// Both directions are up.
  untilTalking(seconds = 30) {
    return this.until('a consultation with both directions up', status => status.phase === 'talking' &&
      status.legs.length > 0 && status.legs.every(leg => leg.state === 'up'), seconds);
  }

  async stop() {
    try {
      if (this.daemon.exitCode === null && this.daemon.signalCode === null) {
        this.daemon.kill('SIGTERM');
        await until('the daemon to end', () => this.daemon.exitCode !== null || this.daemon.signalCode !== null, 10);
      }
    } finally {
      this.kill();
      process.off('exit', this.kill);
      rmSync(this.folder, {recursive: true, force: true});
    }
  }
}

export const leg = (status, direction) => status.legs.find(each => each.direction === direction) ?? {};
