// SPDX-License-Identifier: Apache-2.0
// 受付中, 窓口対応中, 離席: what she is, and who else is at the desk.

import * as api from './api.js';
import {$, ask, make} from './dom.js';

export const stateWords = {taking: '受付中', busy: '窓口対応中', away: '離席'};

export class States {
  /// `takes(on)`: rings are for her. `wrong(error)`: it could not be set.
  constructor({takes, wrong}) {
    this.takes = takes;
    this.wrong = wrong;
    this.state = 'taking';
    this.list = [];
    for (const input of this.inputs()) input.addEventListener('change', () => this.choose(input.value));
  }

  inputs() {
    return [...$('my-state').querySelectorAll('input')];
  }

  /// The desk's list: [{name, state}].
  show(list, me) {
    this.list = list;
    const own = list.find(({name}) => name === me);
    if (own) this.mark(own.state);
    $('colleagues').replaceChildren(...list.map(({name, state}) =>
      make('span', {class: `colleague is-${state}`}, `${name} `, make('b', {}, stateWords[state] ?? state))));
  }

  /// Nobody else takes calls, and she does.
  isLast(me) {
    return this.state === 'taking' && this.list.some(({name}) => name !== me) &&
      !this.list.some(({name, state}) => name !== me && state === 'taking');
  }

  mark(state) {
    this.state = state;
    for (const input of this.inputs()) input.checked = input.value === state;
    this.takes(state === 'taking');
  }

  async choose(state, sure = false) {
    const before = this.state;
    try {
      await api.setState(state, sure);
      this.mark(state);
    } catch (error) {
      this.mark(before);
      if (error.body?.code !== 'last') return this.wrong(error);
      const yes = await ask({
        title: '受付中の人がいなくなります', yes: [`${stateWords[state]}にする`, 'Do it'],
        text: '会館が呼び出しても、だれの画面も鳴りません。ほかの相談員に声をかけてから変えてください。',
      });
      if (yes) await this.choose(state, true);
    }
  }
}
