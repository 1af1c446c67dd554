// SPDX-License-Identifier: Apache-2.0
// What of the hall comes through, from the figures of each second. A box that is muted, or whose camera is gone, sends
// black and silence, and nothing says so but that. Pure: no document, no clock but the one it is given.

const still = 3000;   // ms without anything new until something counts as not coming
const steady = 2500;  // ms that black or silence must last to be told

export class Flow {
  constructor() {
    this.pictured = false;  // a picture came since the talk began
    this.anew();
  }

  /// Another connection takes over.
  anew() {
    this.picture = {seen: 0, grewAt: -Infinity};
    this.sound = {seen: 0, grewAt: -Infinity};
    this.beganAt = null;
    this.darkSince = null;
    this.silentSince = null;
    this.now = 0;
  }

  /// `figures` {audio, video} of getStats; the brightest point of the picture, 0 to 255, and the level of the sound in
  /// dBFS, either null when it cannot be told.
  look({audio, video}, brightest, level, now = Date.now()) {
    this.now = now;
    grow(this.picture, video?.framesDecoded ?? 0, now);
    grow(this.sound, audio?.packetsReceived ?? 0, now);
    if (this.flowing) this.beganAt ??= now;
    if (this.moves) this.pictured = true;
    const dark = this.moves && brightest !== null && brightest < 24;
    this.darkSince = dark ? this.darkSince ?? now : null;
    const silent = this.flowing && (!this.sounds || level !== null && level < -90);
    this.silentSince = silent ? this.silentSince ?? now : null;
  }

  get moves() {
    return this.now - this.picture.grewAt < still;
  }

  get sounds() {
    return this.now - this.sound.grewAt < still;
  }

  get flowing() {
    return this.moves || this.sounds;
  }

  /// What the counsellor should be told: 'no-picture' (none yet), 'stopped' (none any more), 'dark', 'silent', 'muted'
  /// (dark and silent), or ''.
  get lacking() {
    if (!this.flowing) return '';
    if (!this.moves && this.now - this.beganAt >= still) return this.pictured ? 'stopped' : 'no-picture';
    if (!this.moves && !this.pictured) return 'no-picture';
    const dark = lasts(this.darkSince, this.now), silent = lasts(this.silentSince, this.now);
    // Just before they come together, neither is told alone.
    if (dark !== silent && this.darkSince !== null && this.silentSince !== null) return '';
    return dark && silent ? 'muted' : dark ? 'dark' : silent ? 'silent' : '';
  }
}

function grow(what, count, now) {
  if (count > 0 && count !== what.seen) what.grewAt = now;
  what.seen = count;
}

const lasts = (since, now) => since !== null && now - since >= steady;
