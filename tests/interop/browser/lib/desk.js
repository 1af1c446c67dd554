// SPDX-License-Identifier: Apache-2.0
// A real madoguchi-desk with a data folder of its own: started, prepared with its own commands, ended by its process
// id.

import {execFile, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {until} from './until.js';

const startWithin = 20, stopWithin = 10;  // seconds

/// The folder with the programs is in MADOGUCHI_BIN.
function program() {
  const path = join(process.env.MADOGUCHI_BIN ?? '', 'madoguchi-desk');
  if (!existsSync(path)) throw new Error(`no ${path}: build it and set MADOGUCHI_BIN to the folder with the programs`);
  return path;
}

export class Desk {
  /// Runs and listens when this returns.
  static async start() {
    const desk = new Desk(mkdtempSync(join(tmpdir(), 'madoguchi-desk-')));
    try {
      await desk.serve(0);
    } catch (error) {
      await desk.stop();
      throw error;
    }
    return desk;
  }

  constructor(data) {
    this.data = data;
    this.removeData = () => rmSync(data, {recursive: true, force: true});
    this.killServer = () => this.server?.kill('SIGKILL');
    process.once('exit', this.killServer);
    process.once('exit', this.removeData);
  }

  async serve(port) {
    const server = this.server = spawn(program(), ['--data', this.data, 'serve', '--listen', `127.0.0.1:${port}`],
                                       {stdio: ['ignore', 'pipe', 'pipe']});
    let said = '';
    this.log = '';
    server.stdout.on('data', text => said += text);
    server.stderr.on('data', text => this.log += text);
    await until('the desk to listen', () => {
      if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}: ${this.log}`);
      this.origin = said.match(/^madoguchi-desk: (http:\/\/[^\s/]+)\/$/m)?.[1];
      return this.origin;
    }, startWithin);
  }

  async end() {
    const server = this.server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGTERM');
    await until('the desk to end', () => server.exitCode !== null || server.signalCode !== null, stopWithin);
  }

  /// As a crash and a new start on the same address.
  async restart() {
    this.server.kill('SIGKILL');
    await until('the desk to die', () => this.server.signalCode !== null, stopWithin);
    await this.serve(new URL(this.origin).port);
  }

  async stop() {
    try {
      await this.end();
    } finally {
      this.killServer();
      this.removeData();
      process.off('exit', this.killServer);
      process.off('exit', this.removeData);
    }
  }

  /// One of the desk's commands; what it says as JSON.
  command(words, input = '') {
    return new Promise((resolve, reject) => {
      const done = (error, said, complaint) => {
        if (error) reject(new Error(complaint || String(error)));
        else resolve(JSON.parse(said));
      };
      const child = execFile(program(), ['--data', this.data, '--json', ...words], {timeout: 20000}, done);
      child.stdin.on('error', () => {});  // a command that does not read may be gone by now
      child.stdin.end(input);
    });
  }

  /// {id, name, token, calendarPath}
  async addHall(id, name) {
    const {token, calendar_path: calendarPath} = await this.command(['add-hall', id, name]);
    return {id, name, token, calendarPath};
  }

  /// `facts`: address, room, telephone, staffed.
  describeHall(id, facts) {
    return this.command(['edit-hall', id, ...Object.entries(facts).flatMap(([name, text]) => [`--${name}`, text])]);
  }

  addDepartment(name) {
    return this.command(['add-department', name]);
  }

  addCounsellor(name, password) {
    return this.command(['add-counsellor', name], `${password}\n`);
  }

  /// As twelve hours later: all logins are over.
  endLogins() {
    const sql = 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1], 20); d.execute("UPDATE logins SET until = 1"); d.commit()';
    return promisify(execFile)('python3', ['-c', sql, join(this.data, 'desk.sqlite3')], {timeout: 30000});
  }

  /// {receipt, room}: half an hour that began this minute.
  bookNow(hall) {
    const start = new Date(Math.floor(Date.now() / 60000) * 60000).toISOString().replace('.000Z', 'Z');
    return this.command(['book', hall, start, '30']);
  }
}

/// Japan's day so many days from now, "2026-11-26".
export function dayAhead(days) {
  return new Date(Date.now() + (9 + 24 * days) * 3600000).toISOString().slice(0, 10);
}
