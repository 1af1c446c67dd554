// SPDX-License-Identifier: Apache-2.0
// Whether anybody in the hall may still be talking: camera and microphone there do not stay open because somebody forgot
// to press. Pure: no document, no clock but the one it is given.

const askAfter = 5 * 60000;  // ms without a voice until it is asked
const endAfter = 2 * 60000;  // ms that a question stands
const above = 8;             // dB over the room's own noise: a voice
const quietest = -60;        // dBFS: below it nothing is a voice
const noiseOver = 30000;     // ms in which a voice pauses, and the room's noise is heard

export class Stillness {
  constructor() {
    this.anew();
  }

  anew() {
    this.levels = [];  // [when, dBFS]
    this.heardAt = null;
    this.askedAt = null;
  }

  /// Somebody is there: a voice, a banner, an answer to the question.
  heard(now = Date.now()) {
    this.heardAt = now;
    this.askedAt = null;
  }

  /// Each second of a talk, with the level of the hall's sound in dBFS or null when it cannot be told. '' while all is
  /// well, 'ask' once when it is to be asked, 'end' when nobody has answered.
  look(level, now = Date.now()) {
    this.heardAt ??= now;
    if (level === null || this.isVoice(level, now)) this.heard(now);
    if (this.askedAt !== null) return now - this.askedAt >= endAfter ? 'end' : '';
    if (now - this.heardAt < askAfter) return '';
    this.askedAt = now;
    return 'ask';
  }

  isVoice(level, now) {
    this.levels.push([now, level]);
    while (this.levels[0][0] < now - noiseOver) this.levels.shift();
    const noise = Math.min(...this.levels.map(([, each]) => each));
    return level > quietest && level > noise + above;
  }
}
