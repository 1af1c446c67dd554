// SPDX-License-Identifier: Apache-2.0
// A hall that pressed its button: a banner over every view, a bell, a notification where the browser lets us, and the
// button that answers. It rings until someone answers or the desk says that it stopped.

import {$, both, make, show} from './dom.js';
import {Bell, soundAwake, wakeSound, watchSound} from './sound.js';
import {lasting} from './words.js';

/// What comes to every page. `told`: with one strike where it does not ring.
const kinds = {
  ring: {rings: true, told: true, button: ['出る', 'Answer'], words: (ring, hall) => [hall, ' から呼び出しです']},
  handover: {
    told: true, button: ['引き継ぐ', 'Take over'],
    words: ({by}, hall) => [`${by}さんが引き継ぎをお願いしています：`, hall],
  },
  help: {button: ['行きます', 'I am coming'], words: ({by}, hall) => [`${by}さんが応援を呼んでいます：`, hall]},
};

const wakesWithin = 700;  // a sound that nobody keeps silent runs by then

export class Rings {
  /// `answer(ring)` when the counsellor picks one up.
  constructor(answer) {
    this.answer = answer;
    this.rings = new Map();
    this.room = null;      // the room we sit in: its own ring is no news
    this.aloud = true;     // she takes calls
    this.talking = false;  // somebody talks there: others are told quietly, and wait
    this.bell = null;
    this.listening = false;  // someone is signed in, whom a ring should reach
    watchSound(() => this.soundChanged());
    $('ring-aloud').addEventListener('click', wakeSound);
    setInterval(() => this.tick(), 1000);
  }

  /// From the login on, or no more. After a reload nobody has clicked yet, and the browser may keep the bell silent: then
  /// the page says so before a hall rings in vain.
  listen(on) {
    this.listening = on;
    if (on && !soundAwake()) setTimeout(() => this.tellSilence(), wakesWithin);
    else this.tellSilence();
  }

  tellSilence() {
    show($('ring-silent'), this.listening && !soundAwake());
  }

  soundChanged() {
    this.tellSilence();
    if (soundAwake() && this.sounding) this.bell.strike();
  }

  add(ring) {
    const key = ring.key ?? ring.room;
    if (this.rings.has(key)) return;
    const since = Date.parse(ring.since) || Date.now();
    const clock = make('span', {class: 'ring-clock', role: 'timer', 'aria-live': 'off'}, lasting(since));
    const kind = kinds[ring.type] ?? kinds.ring;
    const button = make('button', {class: 'answer', type: 'button', onclick: () => this.answer(ring)},
                        ...both(...kind.button));
    const what = kind.words(ring, make('strong', {title: ring.hall_name}, ring.hall_name));
    const banner = make('div', {class: 'ring', 'data-room': ring.room},
      make('span', {class: 'ring-mark', 'aria-hidden': 'true'}),
      make('p', {class: 'ring-hall'}, ...what,
        make('small', {}, ring.receipt ? `受付番号 ${ring.receipt}` : '予約なし / Walk-in')),
      make('p', {class: 'ring-wait'}, make('small', {}, ...both('待ち時間', 'waiting')), clock),
      make('p', {class: 'ring-later'}, 'いまの相談が終わったら出てください'), button);
    this.rings.set(key, {room: ring.room, since, kind, clock, banner, notification: ring.room === this.room ? null : notify(ring, what)});
    $('rings').append(banner);
    this.refresh();
  }

  remove(key) {
    const ring = this.rings.get(key);
    if (!ring) return;
    ring.banner.remove();
    ring.notification?.close();
    this.rings.delete(key);
    this.refresh();
  }

  /// The stream starts anew: what still rings will be said again.
  clear() {
    for (const key of [...this.rings.keys()]) this.remove(key);
  }

  /// In no room (null), or in one where nobody knows yet whether somebody talks: quiet until we are told.
  sitIn(room) {
    this.room = room;
    this.talking = room !== null;
    this.refresh();
  }

  talk(on) {
    if (this.room === null || this.talking === on) return;
    this.talking = on;
    this.refresh();
  }

  /// Whether she takes calls: else she sees what rings, and hears each once.
  takes(on) {
    if (this.aloud === on) return;
    this.aloud = on;
    this.refresh();
  }

  get sounding() {
    return this.bell?.ringing ?? false;
  }

  /// Of the bell itself, dBFS.
  get level() {
    return this.bell?.meter.level() ?? -100;
  }

  refresh() {
    let others = 0, aloud = 0;  // a hall that waits rings, a colleague who hands over is told once, one who needs help never
    for (const ring of this.rings.values()) {
      show(ring.banner, ring.room !== this.room);
      if (ring.room === this.room) {
        ring.notification?.close();
        continue;
      }
      if (ring.kind.rings && !this.talking && this.aloud) aloud += 1;
      if (ring.kind.told) others += 1;
    }
    $('rings').classList.toggle('quiet-rings', this.talking);
    if (aloud) (this.bell ??= new Bell()).start();
    else this.bell?.stop();
    if (!aloud && others > (this.told ?? 0)) (this.bell ??= new Bell()).strike();
    this.told = others;
    document.title = others ? '● 呼び出し | 窓口' : '窓口 | Madoguchi';
  }

  tick() {
    for (const ring of this.rings.values()) ring.clock.textContent = lasting(ring.since);
  }
}

function notify(ring, what) {
  if (!('Notification' in window) || Notification.permission !== 'granted') return null;
  try {
    const looks = {tag: ring.room, requireInteraction: true, icon: 'icon.svg'};
    const notification = new Notification(what.map(each => each.textContent ?? each).join(''), looks);
    notification.addEventListener('click', () => {
      window.focus();
      notification.close();
    });
    return notification;
  } catch {
    return null;  // some browsers want a service worker for it
  }
}
