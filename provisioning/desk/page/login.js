// SPDX-License-Identifier: Apache-2.0
// The login view: name and password in, who it is out.

import * as api from './api.js';
import {$, busy} from './dom.js';
import {wakeSound} from './sound.js';
import {aboutError} from './words.js';

/// `entered(me)` after each login.
export function setUpLogin(entered) {
  const form = $('login-form'), button = form.querySelector('button');
  form.addEventListener('submit', event => {
    event.preventDefault();
    wakeSound();
    busy(button, async () => {
      $('login-error').textContent = '';
      try {
        const me = await api.login(form.elements.name.value, form.elements.password.value);
        form.reset();
        entered(me);
      } catch (error) {
        $('login-error').textContent = refusal(error);
        form.elements.password.select();
      }
    });
  });
}

function refusal(error) {
  if (error.status === 401) return '名前かパスワードが違います。 / The name or the password is wrong.';
  if (error.status === 429) return `この名前、またはこの場所からの間違いが続いたので、しばらく入れません。${error.retryAfter || 60} 秒ほど待ってください。 / Too many wrong passwords for this name, or from here: wait a minute.`;
  return aboutError(error);
}
