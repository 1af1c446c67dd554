// SPDX-License-Identifier: Apache-2.0
// A sound file for Chromium's fake microphone: one continuous sine that the far end can measure.

import {writeFileSync} from 'node:fs';

/// 16 bit mono WAV of whole periods, so that it repeats without a click.
export function writeTone(path, hertz = 1000, seconds = 10, rate = 48000, loud = 0.25) {
  const samples = rate * seconds, bytes = samples * 2;
  const wav = Buffer.alloc(44 + bytes);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + bytes, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(bytes, 40);
  for (let i = 0; i < samples; i++) {
    wav.writeInt16LE(Math.round(32767 * loud * Math.sin(2 * Math.PI * hertz * i / rate)), 44 + 2 * i);
  }
  writeFileSync(path, wav);
  return path;
}
