// SPDX-License-Identifier: Apache-2.0
// The form that makes a booking, or moves one under the same receipt number; and the panel with its number.

import * as api from './api.js';
import {$, both, busy, make, show} from './dom.js';
import {aboutBooking, dayOf, dayWords, momentOf, timeOf} from './words.js';

const naturally = new Intl.Collator('ja', {numeric: true});
const plain = text => text.normalize('NFKC').toLowerCase().replace(/\s/g, '');

export class BookingForm {
  /// `done(booking)` when one was made or moved; `signedOut()` when the desk knows us no more.
  constructor({done, signedOut, trying}) {
    this.done = done;
    this.signedOut = signedOut;
    this.trying = trying;
    this.moving = null;  // the booking that is being moved
    this.booked = null;  // the one whose number is shown
    $('book-now').addEventListener('click', () => this.fillNow());
    $('book-stop').addEventListener('click', () => this.stopMoving());
    $('book-hall').addEventListener('input', () => this.find());
    $('book-hall').addEventListener('keydown', event => {
      if (event.key !== 'Enter') return;
      event.preventDefault();  // picks the first that is found rather than books
      const first = this.choices().find(input => !input.closest('label').hidden);
      if (first) first.checked = true;
      first?.focus();
    });
    $('book').addEventListener('submit', event => {
      event.preventDefault();
      busy(event.submitter ?? $('book').querySelector('[type=submit]'), () => this.submit());
    });
    $('receipt-close').addEventListener('click', () => {
      this.hideReceipt();
      $('book').querySelector('[type=submit]').focus();
    });
  }

  choices() {
    return [...$('book-halls').querySelectorAll('input')];
  }

  async fetchHalls() {
    const halls = await this.trying(() => api.halls());
    if (!halls) return;
    halls.sort((one, other) => naturally.compare(one.name, other.name));
    // One hall is the hall; of several none is taken for granted.
    $('book-halls').replaceChildren(...halls.map(hall => make('label', {'data-plain': plain(hall.name)},
      make('input', {type: 'radio', name: 'hall', value: hall.id, required: true, checked: halls.length === 1}),
      make('span', {title: hall.name}, hall.name))));
    show($('book-hall'), halls.length > 6);
    if (!halls.length) $('book-error').textContent = '会館がまだ登録されていません。機器の担当者にお知らせください。 / No hall is registered yet: tell your IT staff.';
    this.find();
  }

  /// Only those whose name has what is typed; the chosen one stays in sight.
  find() {
    const wanted = plain($('book-hall').value);
    let found = 0;
    for (const input of this.choices()) {
      const label = input.closest('label'), fits = label.dataset.plain.includes(wanted);
      show(label, fits || input.checked);
      if (fits) found += 1;
    }
    show($('book-hall-none'), found === 0 && Boolean(wanted));
  }

  /// The form follows the day that a person looks at.
  day(day) {
    if (!this.moving && day >= dayOf(Date.now())) $('book-day').value = day;
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

  move(booking) {
    this.moving = booking;
    $('book-title').replaceChildren(`受付番号 ${booking.receipt} を変更 `, make('small', {lang: 'en'}, 'Move'));
    $('book-submit').replaceChildren(...both('変更する', 'Move'));
    show($('book-stop'), true);
    show($('book-reference-row'), false);
    $('book-error').textContent = '';
    for (const input of this.choices()) input.checked = input.value === booking.hall;
    this.find();
    $('book-day').value = dayOf(booking.start);
    $('book-time').value = timeOf(booking.start);
    const minutes = String((Date.parse(booking.end) - Date.parse(booking.start)) / 60000);
    for (const input of $('book').elements.minutes) input.checked = input.value === minutes;
    $('book-day').focus();
  }

  stopMoving() {
    if (!this.moving) return;
    this.moving = null;
    $('book-title').replaceChildren(...both('予約を作る', 'New booking'));
    $('book-submit').replaceChildren(...both('予約する', 'Book'));
    show($('book-stop'), false);
    show($('book-reference-row'), true);
    $('book-error').textContent = '';
  }

  async submit() {
    const form = $('book').elements, hall = this.choices().find(input => input.checked);
    $('book-error').textContent = '';
    const minutes = Number([...form.minutes].find(input => input.checked)?.value);
    const problem = !hall ? '会館を選んでください。 / Choose a hall.' :
      !minutes ? '長さを選んでください。 / Choose a length.' : '';
    if (problem) {
      $('book-error').textContent = problem;
      return;
    }
    try {
      const start = momentOf($('book-day').value, $('book-time').value);
      this.booked = this.moving ? await api.move(this.moving.receipt, hall.value, start, minutes) :
        await api.book(hall.value, start, minutes, form.reference.value.trim());
    } catch (error) {
      if (error.status === 401) this.signedOut();
      $('book-error').textContent = aboutBooking(error);
      return;
    }
    form.reference.value = '';
    const moved = Boolean(this.moving);
    this.stopMoving();
    this.showReceipt(moved);
    await this.done(this.booked);
  }

  showReceipt(moved) {
    const {receipt, start, end, hall_name: hall} = this.booked;
    $('receipt-number').textContent = receipt;
    const words = [`${dayWords(dayOf(start))} ${timeOf(start)} から ${timeOf(end)} まで`, hall];
    $('receipt-what').textContent = [...(moved ? ['変更しました'] : []), ...words].join('\n');
    show($('receipt'), true);
  }

  hideReceipt(receipt) {
    if (receipt === undefined || this.booked?.receipt === receipt) show($('receipt'), false);
  }
}
