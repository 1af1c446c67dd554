// SPDX-License-Identifier: Apache-2.0
// 応答なし: the calls that nobody answered, a row for each booking's hall, until somebody has telephoned it.

import * as api from './api.js';
import {$, both, busy, make, show} from './dom.js';
import {dayOf, dayWords, timeOf} from './words.js';

export class Missed {
  /// `trying(work)` says on the page what went wrong, and gives null then.
  constructor(trying) {
    this.trying = trying;
  }

  async refresh() {
    const calls = await this.trying(() => api.missedCalls());
    if (!calls) return;
    const groups = new Map();
    for (const call of calls) {
      const key = `${call.hall.id} ${call.receipt} ${call.settled ? 'settled' : ''}`;
      groups.set(key, [...groups.get(key) ?? [], call]);
    }
    const waiting = [...groups.values()].filter(([call]) => !call.settled).length;
    show($('missed'), groups.size > 0);
    $('missed').classList.toggle('all-settled', waiting === 0);
    $('missed-rows').replaceChildren(...[...groups.values()].map(group => this.row(group)));
  }

  row(calls) {
    const last = calls.at(-1), day = dayOf(last.pressed);
    const when = `${day === dayOf(Date.now()) ? '' : `${dayWords(day)} `}${timeOf(last.pressed)}`;
    const end = last.settled ?
      make('p', {class: 'missed-settled'}, `済 ${last.settled_by} ${timeOf(last.settled)}`) :
      make('p', {class: 'row-buttons'},
        this.button(calls, 'settled', ['済', 'Done'], call => api.settleCall(call)),
        this.button(calls, 'trial', ['間違い・点検', 'Trial'], call => api.markTrial(call, true)));
    return make('li', {class: last.settled ? 'is-settled' : '', 'data-receipt': last.receipt},
      make('p', {class: 'missed-hall'}, make('strong', {title: last.hall.name}, last.hall.name),
        make('span', {}, `受付番号 ${last.receipt}`)),
      make('p', {class: 'missed-when'}, make('strong', {}, when),
        make('span', {}, calls.length > 1 ? `${calls.length}回` : '1回')),
      make('p', {class: 'missed-telephone'}, last.hall.telephone ? `電話 ${last.hall.telephone}` : '電話番号の登録なし'),
      end);
  }

  button(calls, name, words, work) {
    const {receipt, hall} = calls[0];
    const button = make('button', {
      class: 'quiet', type: 'button', 'data-key': `${name}-${receipt}`,
      'aria-label': `${words.join(' ')} ${hall.name} 受付番号 ${receipt}`,
      onclick: () => busy(button, async () => {
        await this.trying(() => Promise.all(calls.map(({call}) => work(call))));
        await this.refresh();
      }),
    }, ...both(...words));
    return button;
  }
}
