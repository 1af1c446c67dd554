// SPDX-License-Identifier: Apache-2.0
// A hall that pressed its button: a banner over every view, a bell, a notification where the browser lets us, and the
// button that answers. It rings until someone answers or the desk says that it stopped.

import {$, both, make, show} from './dom.js';
import {Bell, soundAwake, wakeSound, watchSound} from './sound.js';
import {lasting} from './words.js';

const wakesWithin = 700;  // a sound that nobody keeps silent runs by then

export class Rings {
  /// `answer(room)` when the counsellor picks one up.
  constructor(answer) {
    this.answer = answer;
    this.rings = new Map();
    this.room = null;      // the room we sit in: its own ring is no news
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
    if (this.rings.has(ring.room)) return;
    const since = Date.parse(ring.since) || Date.now();
    const clock = make('span', {class: 'ring-clock', role: 'timer', 'aria-live': 'off'}, lasting(since));
    const colleague = ring.type === 'handover';  // who talks there offers the seat
    const button = make('button', {class: 'answer', type: 'button', onclick: () => this.answer(ring.room, colleague)},
                        ...(colleague ? both('引き継ぐ', 'Take over') : both('出る', 'Answer')));
    const what = colleague ? [`${ring.by}さんが引き継ぎをお願いしています：`, make('strong', {}, ring.hall_name)] :
      [make('strong', {}, ring.hall_name), ' から呼び出しです'];
    const banner = make('div', {class: 'ring', 'data-room': ring.room},
      make('span', {class: 'ring-mark', 'aria-hidden': 'true'}),
      make('p', {class: 'ring-hall'}, ...what,
        make('small', {}, ring.receipt ? `受付番号 ${ring.receipt}` : '予約なし / Walk-in')),
      make('p', {class: 'ring-wait'}, make('small', {}, ...both('待ち時間', 'waiting')), clock),
      make('p', {class: 'ring-later'}, 'いまの相談が終わったら出てください'), button);
    this.rings.set(ring.room, {since, colleague, clock, banner, notification: ring.room === this.room ? null : notify(ring, what)});
    $('rings').append(banner);
    this.refresh();
  }

  remove(room) {
    const ring = this.rings.get(room);
    if (!ring) return;
    ring.banner.remove();
    ring.notification?.close();
    this.rings.delete(room);
    this.refresh();
  }

  /// The stream starts anew: what still rings will be said again.
  clear() {
    for (const room of [...this.rings.keys()]) this.remove(room);
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

  get sounding() {
    return this.bell?.ringing ?? false;
  }

  /// Of the bell itself, dBFS.
  get level() {
    return this.bell?.meter.level() ?? -100;
  }

  refresh() {
    let others = 0, aloud = 0;  // a hall that waits rings; a colleague who asks is told once
    for (const [room, ring] of this.rings) {
      show(ring.banner, room !== this.room);
      if (room === this.room) {
        ring.notification?.close();
        continue;
      }
      others += 1;
      if (!ring.colleague && !this.talking) aloud += 1;
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
