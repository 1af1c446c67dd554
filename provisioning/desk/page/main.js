// SPDX-License-Identifier: Apache-2.0
// Starts the page and decides which view is seen. The address (#/room/ID) together with this tab's session storage
// brings a reloaded tab back into its room; an address alone, pasted or bookmarked, does not sit down anywhere.

import * as api from './api.js';
import {DeviceCheck} from './device_check.js';
import {$, ask, show} from './dom.js';
import {setUpLogin} from './login.js';
import {Rings} from './ring.js';
import {Room} from './room.js';
import {wakeSound} from './sound.js';
import {aboutError} from './words.js';
import {States} from './states.js';
import {Today} from './today.js';

const roomKey = 'madoguchi.room';

let me = null, deskStream = null;
let pending = null;  // the room whose ring she answers once she is logged in
let answering = false;  // a ring, rather than entering from the list
const rings = new Rings(answer);
const deviceCheck = new DeviceCheck();
const today = new Today(id => enterRoom(id));
const states = new States({takes: on => rings.takes(on), wrong: error => error.status === 401 ? signedOut() : say(aboutError(error))});
const room = new Room({
  over: forgetRoom, gone: leaveRoom, again: id => enterRoom(id), signedOut, talking: on => rings.talk(on),
  quicker: name => say(answering ? `${name}さんが出ました。 / ${name} answered.` :
    `${name}さんが席についています。 / ${name} sits there.`),
});
today.signedOut = signedOut;

function view(name) {
  for (const each of ['login', 'today', 'room']) show($(each), each === name);
  document.body.dataset.view = name;
}

function address(hash) {
  if (location.hash !== hash) history.replaceState(null, '', hash || location.pathname);
}

/// Something to know on the list, until the next thing is done there.
function say(text) {
  $('said').textContent = text;
}

async function answer({type, room: id}) {
  if (!me) return askLogin(id);
  if (type === 'help') return today.trying(() => api.coming(id));
  enterRoom(id, {takesOver: type === 'handover', rang: true});
}

function enterRoom(id, {takesOver = false, rang = false} = {}) {
  answering = rang;
  say('');
  deviceCheck.stop();
  sessionStorage.setItem(roomKey, id);
  address(`#/room/${encodeURIComponent(id)}`);
  rings.sitIn(id);
  view('room');
  $('mute-sound').focus();
  room.enter(id, takesOver);
}

/// A reload does not go back there.
function forgetRoom() {
  sessionStorage.removeItem(roomKey);
  address('');
  rings.sitIn(null);
}

function leaveRoom() {
  forgetRoom();
  if (!me) return;
  view('today');
  today.changed();
  $('day-title').focus();
}

function signedIn(who) {
  me = who;
  $('login-error').textContent = '';
  $('who-name').textContent = who.name;
  rings.listen(true);
  show($('allow-notifications'), 'Notification' in window && Notification.permission === 'default');
  deskStream?.close();
  deskStream = api.deskStream({
    opened: () => {
      rings.clear();
      $('notice').textContent = '';
      if (!$('today').hidden) today.changed();
    },
    lost: () => {
      room.deskLost();
      $('notice').textContent = 'サーバーとの通信が切れました。つなぎ直しています。 / The desk is lost. Reconnecting.';
    },
    refused: status => status === 401 && silence('ログインが無効になりました。もう一度入るまで、呼び出しは鳴りません。 / Your login is void: no ring is heard until you sign in.'),
    event: (name, data) => {
      if (name === 'ring') {
        rings.add(data);
        today.rang();
      }
      if (name === 'ring-stopped') rings.remove(data.room);
      // Whatever day is looked at: who stopped calling may have been answered by nobody.
      if ((name === 'missed' || name === 'ring-stopped') && !$('today').hidden) today.missed.refresh();
      if (name === 'handover' && data.by !== me?.name && (!data.to || data.to === me?.name)) rings.add(data);
      if (name === 'handover-over') rings.remove(data.room);
      if (name === 'help' && data.by !== me?.name) rings.add({...data, key: `help ${data.room}`});
      if (name === 'help-over') rings.remove(`help ${data.room}`);
      if (name === 'counsellors') {
        states.show(data.list, me?.name);
        room.view.colleagues(data.list.filter(each => each.name !== me?.name));
      }
      if (name === 'bookings' && !$('today').hidden) today.changed(data.day);
    },
  });
  today.start();
  const kept = sessionStorage.getItem(roomKey);
  const called = pending && rings.rings.has(pending) ? pending : null;
  pending = null;
  if (called) enterRoom(called, {rang: true});
  else if (kept && location.hash === `#/room/${encodeURIComponent(kept)}`) enterRoom(kept);
  else leaveRoom();
}

/// Her login is void. What rings is heard on, as long as the desk lets us hear it: she logs in again where she is.
function signedOut() {
  if (!me) return;
  me = null;
  deviceCheck.stop();
  today.stop();
  room.out();
  view('login');
  $('login-error').textContent = 'ログインの期限が切れました。もう一度入ってください。呼び出しは、入るまでの間もここで鳴ります。 / Your login has run out: sign in again. Rings are still heard here.';
  $('login-name').focus();
}

/// A hall rings, and she must log in before she answers.
function askLogin(id) {
  pending = id;
  $('login-error').textContent = 'もう一度入ると、呼び出しに出ます。 / Sign in to answer.';
  $('login-name').focus();
}

/// She goes, or the desk lets us hear nothing more.
function silence(why = '') {
  signedOut();
  deskStream?.close();
  rings.clear();
  rings.listen(false);
  pending = null;
  $('login-error').textContent = why;
}

async function start() {
  setUpLogin(signedIn);
  $('logout').addEventListener('click', async () => {
    const last = states.isLast(me?.name) && !await ask({
      title: '受付中の人がいなくなります', yes: ['ログアウトする', 'Sign out'],
      text: '会館が呼び出しても、だれの画面も鳴りません。ほかの相談員に声をかけてからログアウトしてください。',
    });
    if (last) return;
    await api.logout().catch(() => {});
    silence();
  });
  $('allow-notifications').addEventListener('click', async () => {
    await Notification.requestPermission();
    show($('allow-notifications'), false);
  });
  for (const gesture of ['pointerdown', 'keydown']) addEventListener(gesture, wakeSound, {capture: true});
  try {
    signedIn(await api.me());
  } catch (error) {
    view('login');
    if (error.status !== 401) $('login-error').textContent = '市役所のサーバーに届きません。読み込み直してください。 / The desk is not reached: load the page again.';
    $('login-name').focus();
  }
}

/// For the driver of the tests and the demo; reads, changes nothing.
window.madoguchi = {
  async stats() {
    const ringing = {rings: [...rings.rings.keys()], ringing: rings.sounding, ringLevel: rings.level};
    return {...await room.stats(), ...ringing, signedIn: Boolean(me)};
  },
};

start();
