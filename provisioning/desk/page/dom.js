// SPDX-License-Identifier: Apache-2.0
// Small things every view does with the document.

export const $ = id => document.getElementById(id);

/// An element with attributes and children (texts or elements). Never markup from strings.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/// Japanese with small English behind it.
export function both(ja, en) {
  return [ja, ' ', make('small', {lang: 'en'}, en)];
}

export function show(element, on) {
  element.hidden = !on;
}

/// Asks once; true when the person says yes. `no`: the other button's words.
export function ask({title, text, yes, no = ['もどる', 'Back']}) {
  const dialog = $('ask');
  if (dialog.open) return Promise.resolve(false);
  $('ask-title').textContent = title;
  $('ask-text').textContent = text;
  $('ask-yes').replaceChildren(...both(...yes));
  $('ask-no').replaceChildren(...both(...no));
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise(resolve => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), {once: true});
  });
}

/// Runs a slow thing for a button, which cannot be pressed again meanwhile. A disabled button loses the focus; it is
/// given back unless it went elsewhere.
export async function busy(button, work) {
  if (button.disabled) return;
  const focused = document.activeElement === button;
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  try {
    return await work();
  } finally {
    button.disabled = false;
    button.removeAttribute('aria-busy');
    const now = document.activeElement;
    if (focused && (now === document.body || !now.getClientRects().length)) button.focus();  // not shown: a closed dialog's
  }
}
