// SPDX-License-Identifier: Apache-2.0
// Starts the page and decides which view is seen. The address (#/room/ID) together with this tab's session storage
// brings a reloaded tab back into its room; an address alone, pasted or bookmarked, does not sit down anywhere.

import * as api from './api.js';
import {$, show} from './dom.js';
import {setUpLogin} from './login.js';
import {Rings} from './ring.js';
import {Room} from './room.js';
import {wakeSound} from './sound.js';
import {Today} from './today.js';

const roomKey = 'madoguchi.room';

let me = null, deskStream = null;
let answering = false;  // a ring, rather than entering from the list
const rings = new Rings((id, takesOver) => enterRoom(id, {takesOver, rang: true}));
const today = new Today(id => enterRoom(id));
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

function enterRoom(id, {takesOver = false, rang = false} = {}) {
  answering = rang;
  say('');
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
      $('notice').textContent = 'サーバーとの通信が切れました。つなぎ直しています。';
    },
    refused: status => status === 401 && signedOut(),
    event: (name, data) => {
      if (name === 'ring') {
        rings.add(data);
        today.rang();
      }
      if (name === 'missed' && !$('today').hidden) today.missed.refresh();
      if (name === 'ring-stopped') rings.remove(data.room);
      if (name === 'handover' && data.by !== me?.name && (!data.to || data.to === me?.name)) rings.add(data);
      if (name === 'handover-over') rings.remove(data.room);
      if (name === 'bookings' && !$('today').hidden) today.changed(data.day);
    },
  });
  today.start();
  const kept = sessionStorage.getItem(roomKey);
  if (kept && location.hash === `#/room/${encodeURIComponent(kept)}`) enterRoom(kept);
  else leaveRoom();
}

function signedOut() {
  if (!me) return;
  me = null;
  deskStream.close();
  rings.clear();
  rings.listen(false);
  today.stop();
  room.out();
  view('login');
  $('login-name').focus();
}

async function start() {
  setUpLogin(signedIn);
  $('logout').addEventListener('click', async () => {
    await api.logout().catch(() => {});
    signedOut();
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
    if (error.status !== 401) $('login-error').textContent = '市役所のサーバーに届きません。読み込み直してください。';
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
