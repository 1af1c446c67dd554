// SPDX-License-Identifier: Apache-2.0
// The day's bookings. What is shown is fetched again whenever the desk says that it changed.

import * as api from './api.js';
import {BookingForm} from './booking_form.js';
import {$, ask, both, make, show} from './dom.js';
import {Missed} from './missed.js';
import {aboutError, bookingStates, dayOf, dayWords, otherDay, timeOf} from './words.js';

const earlyMs = 30 * 60 * 1000;  // from here on a booking is the next thing to do
const roomMs = 60 * 60 * 1000;   // the desk lets us into a room so long before its time
const overStates = new Set(['cancelled', 'ended', 'past']);

export class Today {
  /// `enter(room)` when the counsellor goes in.
  constructor(enter) {
    this.enter = enter;
    this.day = dayOf(Date.now());
    this.fetched = 0;
    this.catching = null;  // the fetch for what changed
    this.behind = false;   // something changed since it began
    const trying = work => this.trying(work);
    this.missed = new Missed(trying);
    this.form = new BookingForm({
      trying, signedOut: () => this.signedOut(),
      done: async booking => {
        await this.showDay(dayOf(booking.start));
        this.bringUp($('bookings').querySelector(`[data-receipt="${booking.receipt}"]`));
      },
    });
    $('day').addEventListener('change', () => $('day').value && this.showDay($('day').value));
    $('day-before').addEventListener('click', () => this.showDay(otherDay(this.day, -1)));
    $('day-after').addEventListener('click', () => this.showDay(otherDay(this.day, 1)));
    for (const [name, ahead] of [['day-today', 0], ['day-tomorrow', 1]]) {
      $(name).addEventListener('click', () => {
        this.showDay(otherDay(dayOf(Date.now()), ahead));
        $('day-title').focus();  // the button is of no use on the day itself
      });
    }
    $('day-print').addEventListener('click', () => print());
    setInterval(() => this.tick(), 1000);
  }

  async start() {
    const shown = this.showDay(dayOf(Date.now()));
    this.form.fillNext();  // after the day was set: it may be tomorrow
    this.tick();
    await Promise.all([this.form.fetchHalls(), shown, this.missed.refresh()]);
  }

  /// Forgets what belongs to one counsellor's visit.
  stop() {
    this.form.hideReceipt();
    this.form.stopMoving();
    show($('missed'), false);
    $('bookings').replaceChildren();
  }

  /// `chosen`: by a person, so that the form follows.
  async showDay(day, chosen = true) {
    this.day = day;
    $('day').value = day;
    const today = dayOf(Date.now()), tag = day === today ? '今日' : day === otherDay(today, 1) ? '明日' : '';
    $('day-title').replaceChildren(dayWords(day), ...(tag ? [' ', make('span', {class: 'tag'}, tag)] : []));
    $('day-today').disabled = tag === '今日';
    $('day-tomorrow').disabled = tag === '明日';
    if (chosen) this.form.day(day);
    await this.refresh();
    if (chosen) this.bringUp($('bookings').querySelector('li:not(.is-past, .is-ended, .is-cancelled)'));
  }

  /// Scrolls the list, and only the list, until the row is its first.
  bringUp(row) {
    $('bookings').scrollTop = row ? row.offsetTop - $('bookings').offsetTop - 4 : 0;
  }

  async refresh() {
    const turn = ++this.fetched;
    const list = await this.trying(() => api.bookings(this.day));
    if (!list || turn !== this.fetched) return;
    const focused = document.activeElement?.dataset?.key, scrolled = $('bookings').scrollTop;
    $('bookings').replaceChildren(...list.map(booking => this.row(booking)));
    $('bookings').scrollTop = scrolled;
    if (focused) (document.querySelector(`[data-key="${CSS.escape(focused)}"]`) ?? $('bookings')).focus();
    show($('no-bookings'), list.length === 0);
  }

  /// The desk says that this day's bookings changed: one fetch at a time, and one after it for all that came meanwhile.
  changed(day) {
    if (day !== undefined && day !== this.day) return;
    this.behind = true;
    this.catching ??= this.catchUp().finally(() => {
      this.catching = null;
    });
  }

  async catchUp() {
    while (this.behind) {
      this.behind = false;
      await this.refresh();
      await this.missed.refresh();
    }
  }

  row(booking) {
    const now = Date.now();
    const past = booking.state === 'booked' && now >= Date.parse(booking.end);  // nobody came
    const state = past ? 'past' : booking.state;
    const [ja, en] = bookingStates[state] ?? [state, ''];
    const open = booking.state === 'calling' || booking.state === 'talking' ||
      (booking.state === 'booked' && now >= Date.parse(booking.start) - earlyMs && now < Date.parse(booking.end));
    const row = make('li', {class: `booking is-${state}${open ? ' is-open' : ''}`, 'data-receipt': booking.receipt},
      make('p', {class: 'when'},
        make('strong', {}, timeOf(booking.start)), make('span', {}, `${timeOf(booking.end)} まで`)),
      make('p', {class: 'where'}, make('strong', {title: booking.hall_name}, booking.hall_name),
        make('span', {}, '受付番号 ', make('b', {}, String(booking.receipt)),
          ...(booking.reference ? [make('span', {class: 'reference'}, booking.reference)] : []))),
      make('p', {class: 'state'}, ...both(ja, en)),
      make('p', {class: 'who-talks'}, booking.who ? `${booking.who}　${timeOf(booking.since)}から` : ''));
    row.append(make('p', {class: 'row-buttons'}, ...this.buttons(booking, state, open)));
    return row;
  }

  buttons(booking, state, open) {
    const what = `${timeOf(booking.start)} ${booking.hall_name} 受付番号 ${booking.receipt}`;
    const button = (name, looks, words, onclick) => make('button', {
      class: looks, type: 'button', 'data-key': `${name}-${booking.receipt}`, onclick,
      'aria-label': `${words.join(' ')} ${what}`,
    }, ...both(...words));
    const buttons = [], now = Date.now();
    const inTime = now >= Date.parse(booking.start) - roomMs && (now < Date.parse(booking.end) || open);
    if (inTime && !overStates.has(state)) {
      buttons.push(button('enter', open ? 'primary' : 'quiet', ['入室', 'Enter'], () => this.enter(booking.room)));
    }
    if (state !== 'booked') return buttons;
    return [...buttons, button('move', 'quiet', ['変更', 'Move'], () => this.form.move(booking)),
            button('cancel', 'quiet', ['取消', 'Cancel'], () => this.cancel(booking))];
  }

  async cancel(booking) {
    const yes = await ask({
      title: 'この予約を取り消しますか', yes: ['取り消す', 'Cancel the booking'],
      text: `${timeOf(booking.start)}　${booking.hall_name}　受付番号 ${booking.receipt}`,
    });
    if (!yes) return;
    await this.trying(() => api.cancel(booking.receipt));
    this.form.hideReceipt(booking.receipt);
    await this.refresh();
  }

  /// A hall rings: what was shown for the telephone gives way.
  rang() {
    this.form.hideReceipt();
  }

  tick() {
    $('clock').textContent = timeOf(Date.now());
    // Rooms open and days change while nobody touches the page.
    const minute = Math.floor(Date.now() / 60000), today = dayOf(Date.now());
    if (this.minute !== undefined && this.minute !== minute && !$('today').hidden) {
      this.showDay(this.day === this.lastToday ? today : this.day, false);
    }
    this.minute = minute;
    this.lastToday = today;
  }

  async trying(work) {
    try {
      const result = await work();
      $('notice').textContent = '';
      return result ?? true;
    } catch (error) {
      if (error.status === 401) this.signedOut?.();
      $('notice').textContent = aboutError(error);
      return null;
    }
  }
}
