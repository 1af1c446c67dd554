// SPDX-License-Identifier: Apache-2.0
// The day's bookings and the form that makes one. What is shown is fetched again whenever the desk says that it
// changed.

import * as api from './api.js';
import {$, ask, both, busy, make, show} from './dom.js';
import {aboutBooking, aboutError, bookingStates, dayOf, dayWords, momentOf, otherDay, timeOf} from './words.js';

const earlyMs = 30 * 60 * 1000;  // from here on a booking is the next thing to do
const roomMs = 60 * 60 * 1000;   // the desk lets us into a room so long before its time

export class Today {
  /// `enter(room)` when the counsellor goes in.
  constructor(enter) {
    this.enter = enter;
    this.day = dayOf(Date.now());
    this.booked = null;
    this.fetched = 0;
    this.catching = null;  // the fetch for what changed
    this.behind = false;   // something changed since it began
    $('day').addEventListener('change', () => $('day').value && this.showDay($('day').value));
    $('day-before').addEventListener('click', () => this.showDay(otherDay(this.day, -1)));
    $('day-after').addEventListener('click', () => this.showDay(otherDay(this.day, 1)));
    $('day-today').addEventListener('click', () => {
      this.showDay(dayOf(Date.now()));
      $('day-title').focus();  // the button is of no use on the day itself
    });
    $('book-now').addEventListener('click', () => this.fillNow());
    $('book').addEventListener('submit', event => {
      event.preventDefault();
      busy(event.submitter ?? $('book').querySelector('[type=submit]'), () => this.book());
    });
    $('receipt-close').addEventListener('click', () => {
      show($('receipt'), false);
      $('book').querySelector('[type=submit]').focus();
    });
    setInterval(() => this.tick(), 1000);
  }

  async start() {
    const shown = this.showDay(dayOf(Date.now()));
    this.fillNext();  // after the day was set: it may be tomorrow
    this.tick();
    await Promise.all([this.fetchHalls(), shown]);
  }

  /// Forgets what belongs to one counsellor's visit.
  stop() {
    this.booked = null;
    show($('receipt'), false);
    $('bookings').replaceChildren();
  }

  async fetchHalls() {
    const halls = await this.trying(() => api.halls());
    if (!halls) return;
    this.halls = new Map(halls.map(hall => [String(hall.id), hall.id]));
    let chosen = localStorage.getItem('madoguchi.hall');
    if (!halls.some(hall => String(hall.id) === chosen)) chosen = halls.length ? String(halls[0].id) : null;
    $('book-halls').replaceChildren(...halls.map(hall => make('label', {},
      make('input', {type: 'radio', name: 'hall', value: hall.id, required: true, checked: String(hall.id) === chosen}),
      make('span', {}, hall.name))));
    if (!halls.length) $('book-error').textContent = '会館がまだ登録されていません。機器の担当者にお知らせください。';
  }

  /// `chosen`: by a person, so that the form follows.
  async showDay(day, chosen = true) {
    this.day = day;
    $('day').value = day;
    const isToday = day === dayOf(Date.now());
    $('day-title').replaceChildren(dayWords(day), ...(isToday ? [' ', make('span', {class: 'tag'}, '今日')] : []));
    $('day-today').disabled = isToday;
    if (chosen && day >= dayOf(Date.now())) $('book-day').value = day;
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
    }
  }

  row(booking) {
    const now = Date.now();
    const past = booking.state === 'booked' && now >= Date.parse(booking.end);  // nobody came
    const state = past ? 'past' : booking.state;
    const [ja, en] = bookingStates[state] ?? [state, ''];
    const open = booking.state === 'calling' || booking.state === 'talking' ||
      (booking.state === 'booked' && now >= Date.parse(booking.start) - earlyMs && now < Date.parse(booking.end));
    const looks = `booking is-${state}${open ? ' is-open' : ''}`;
    const row = make('li', {class: looks, 'data-receipt': booking.receipt},
      make('p', {class: 'when'},
        make('strong', {}, timeOf(booking.start)), make('span', {}, `${timeOf(booking.end)} まで`)),
      make('p', {class: 'where'}, booking.hall_name),
      make('p', {class: 'number'}, make('small', {}, '受付番号'), make('strong', {}, String(booking.receipt))),
      make('p', {class: 'state'}, ...both(ja, en)));
    const buttons = make('p', {class: 'row-buttons'});
    const room = now >= Date.parse(booking.start) - roomMs && (now < Date.parse(booking.end) || open);
    if (room && booking.state !== 'cancelled') {
      buttons.append(make('button', {
        class: open ? 'primary' : 'quiet', type: 'button', 'data-key': `enter-${booking.receipt}`,
        'aria-label': `${timeOf(booking.start)} ${booking.hall_name} に入室する`, onclick: () => this.enter(booking.room),
      }, ...both('入室', 'Enter')));
    }
    if (state === 'booked') {
      buttons.append(make('button', {
        class: 'quiet', type: 'button', 'data-key': `cancel-${booking.receipt}`,
        'aria-label': `${timeOf(booking.start)} ${booking.hall_name} の予約を取り消す`, onclick: () => this.cancel(booking),
      }, ...both('取消', 'Cancel')));
    }
    row.append(buttons);
    return row;
  }

  async cancel(booking) {
    const yes = await ask({
      title: 'この予約を取り消しますか', yes: ['取り消す', 'Cancel the booking'],
      text: `${timeOf(booking.start)}　${booking.hall_name}　受付番号 ${booking.receipt}`,
    });
    if (!yes) return;
    await this.trying(() => api.cancel(booking.receipt));
    if (this.booked?.receipt === booking.receipt) show($('receipt'), false);
    await this.refresh();
  }

  async book() {
    const form = $('book').elements;
    const hall = [...$('book-halls').querySelectorAll('input')].find(input => input.checked);
    $('book-error').textContent = '';
    if (!hall) {
      $('book-error').textContent = '会館を選んでください。';
      return;
    }
    const day = $('book-day').value;
    try {
      const start = momentOf(day, $('book-time').value);
      this.booked = await api.book(this.halls.get(hall.value), start, Number(form.minutes.value));
    } catch (error) {
      if (error.status === 401) this.signedOut();
      $('book-error').textContent = aboutBooking(error);
      return;
    }
    localStorage.setItem('madoguchi.hall', hall.value);
    $('receipt-number').textContent = this.booked.receipt;
    $('receipt-what').textContent = `${dayWords(day)} ${timeOf(this.booked.start)}\n${this.booked.hall_name}`;
    show($('receipt'), true);
    await this.showDay(day);
    this.bringUp($('bookings').querySelector(`[data-receipt="${this.booked.receipt}"]`));
  }

  fillNow() {
    const now = Date.now();
    $('book-day').value = dayOf(now);
    $('book-time').value = timeOf(Math.floor(now / 300000) * 300000);
    $('book').querySelector('[type=submit]').focus();
  }

  /// The next half hour: what is booked most on the telephone.
  fillNext() {
    const next = Math.ceil(Date.now() / 1800000) * 1800000;
    // Shortly before midnight that is tomorrow.
    if ($('book-day').value === dayOf(Date.now())) $('book-day').value = dayOf(next);
    $('book-time').value = timeOf(next);
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
