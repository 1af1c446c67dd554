// SPDX-License-Identifier: Apache-2.0
// A seat in a room: joins it, answers its offers, shows the hall. What the page says is derived from what the desk and
// the peers last told (state()); nothing else decides it. One Room object lives as long as the page; enter() starts
// over.

import * as api from './api.js';
import {Devices} from './devices.js';
import {Flow} from './flow.js';
import {Peer} from './peer.js';
import {Meter, soundAwake, wakeSound} from './sound.js';
import {Stillness} from './stillness.js';
import {RoomView} from './room_view.js';
import {aboutDevices, aboutError, aboutSeat, handoverWords, inTalk} from './words.js';

const devicesWithin = 2000;   // an offer is answered without camera and microphone after this; they follow
const tellsWithin = 700;      // what goes on in a room is heard this soon after sitting down
const longHold = 10 * 60000;  // from then on a hold that nobody ends is as a hall that nobody hears
const together = 3000;        // streams lost within this were lost for the same reason

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

export class Room {
  /// `over()` when it ended with its words still shown, `gone()` when the counsellor wants the list, `signedOut()`
  /// when the desk knows us no more.
  /// `again(room)` when she wants to go on where another window took the seat. `talking(on)`, again and again: whether
  /// somebody in the hall would lose her, were she to go.
  /// `quicker(name)`: somebody else sits there.
  constructor({over, gone, again, signedOut, talking, quicker}) {
    this.quicker = quicker;
    this.over = over;
    this.gone = gone;
    this.signedOut = signedOut;
    this.talking = talking;
    this.devices = new Devices();
    this.devices.onChange = () => this.devicesChanged();
    this.view = new RoomView({
      mute: (kind, on) => {
        this.devices.mute(kind, on);
        this.tellPaused();
      },
      leave: () => this.leave(), end: () => this.end(), back: () => this.out(),
      again: () => again(this.room), devices: () => this.devices.open(),
      sound: () => (wakeSound(), this.view.play()), picture: () => this.look(),
      hold: on => this.tell(() => api.hold(this.room, this.session, on)),
      banner: text => this.tell(() => api.banner(this.room, this.session, text)),
      help: on => this.tell(() => api.help(this.room, this.session, on)),
      staff: on => this.tell(() => api.staff(this.room, this.session, on)),
      listeners: names => this.tell(() => api.listeners(this.room, this.session, names)),
      departments: () => api.departments().catch(error => this.view.say(aboutError(error))),
      trial: (call, on) => this.tell(() => api.markTrial(call, on)),
      handOver: (on, to) => this.tell(() => api.handOver(this.room, this.session, on, to)),
    });
    this.others = new BroadcastChannel('madoguchi-room');  // our other tabs: one seat, one tab
    this.others.addEventListener('message', ({data}) => {
      if (data.room === this.room && this.session) this.finish('elsewhere');
    });
    this.telling = Promise.resolve();
    this.turn = 0;  // of each visit to a room: what an earlier one still waits for is nothing to the next
    this.reset(null);
    setInterval(() => this.look(), 1000);
  }

  reset(room) {
    this.room = room;
    this.session = null;
    this.stream?.close();
    this.stream = null;
    this.closePeers();
    this.box = null;       // the last `box` event
    this.finished = null;  // 'ended', 'elsewhere', 'refused'
    this.offline = false;
    this.flow = new Flow();
    this.stillness = new Stillness();
    this.startedAt = 0;
    this.seatedAt = 0;
    this.held = false;
    this.banner = '';
    this.listening = [];
    this.devices.hold(false);
    this.why = null;       // [ja, en] in place of the state's own words
    this.by = null;
  }

  closePeers() {
    for (const peer of this.peers?.values() ?? []) peer.close();
    this.peers = new Map();
    this.far = new MediaStream();
  }

  /// Sits down. Also the way back after a reload, and after another tab took the seat; and from one room to another.
  /// `takesOver`: the seat of a colleague who offers it.
  async enter(room, takesOver = false) {
    if (this.session && this.room !== room) api.leave(this.room, this.session).catch(() => {});
    const turn = ++this.turn;
    this.reset(room);
    this.meter ??= new Meter();
    this.meter.listen(null);
    this.view.open();
    this.update();
    this.devices.open();
    this.others.postMessage({room});
    await this.join(turn, takesOver);
  }

  async join(turn, takesOver = false) {
    const room = this.room;
    try {
      const seat = await api.join(room, takesOver);
      if (turn !== this.turn) {
        if (seat.session) api.leave(room, seat.session).catch(() => {});
        return;
      }
      this.lostAt = Date.now();
      this.session = seat.session;
      this.iceServers = seat.ice_servers ?? [];
      this.view.name(seat.hall_name, seat.receipt);
      this.view.place(seat.hall ?? {name: seat.hall_name});
      await this.tellAgain();
      if (turn === this.turn && this.session) this.listen(turn);
    } catch (error) {
      if (turn !== this.turn) return;
      if (error.status === 401) return this.signedOut();
      if (error.status === 0 || error.status >= 500) {  // the desk comes back
        this.offline = true;
        this.update();
        await pause(2000);
        if (turn === this.turn) await this.join(turn, takesOver);
        return;
      }
      if (error.status === 409 && error.body?.name) {  // somebody was quicker: nothing went wrong
        this.out();
        return this.quicker(error.body.name);
      }
      this.why = aboutSeat(error);
      this.finish(error.status === 410 ? 'ended' : 'refused');
    }
    this.update();
  }

  listen(turn) {
    const mine = callback => (...args) => turn === this.turn && callback(...args);
    this.stream = api.roomStream(this.room, this.session, {
      opened: mine(() => {
        this.offline = false;
        this.seatedAt ||= Date.now();
        this.tellPaused();
        this.update();
      }),
      lost: mine(() => {
        if (!this.offline) this.lostAt = Date.now();
        this.offline = true;
        this.update();
      }),
      refused: mine(status => this.seatGone(status, turn)),
      event: mine((name, data) => this.hear(name, data)),
    });
  }

  /// The desk's other stream was lost too.
  deskLost() {
    this.deskLostAt = Date.now();
  }

  /// The desk knows our session no more. Where both streams broke, it was started anew or we were cut off for long:
  /// back to our seat; what flows needs no desk, and flows on until the box, which hears of a new session, offers anew.
  /// Where only this one did, someone took the seat with our name: the newer has it.
  async seatGone(status, turn) {
    if (status === 401) return this.signedOut();
    if (!(this.deskLostAt > this.lostAt - together)) return this.finish('elsewhere');
    for (const peer of [...this.peers.values()]) {
      if (peer.state !== 'connected') this.drop(peer.id);  // its answer may never have reached the desk
    }
    await this.join(turn);
  }

  /// What a desk that was started anew does not know. Before its stream says what it believes: it would take her off hold,
  /// and she would be seen and heard.
  async tellAgain() {
    const {room, session, held, banner, listening} = this;
    if (held) await this.tell(() => api.hold(room, session, true));
    if (listening.length) await this.tell(() => api.listeners(room, session, listening));
    if (banner) await this.tell(() => api.banner(room, session, banner));
  }

  /// One after the other: what the desk hears last is how it is. Told again with each stream, and to each call.
  tellPaused() {
    const {turn} = this;
    this.telling = this.telling.then(async () => {
      if (turn !== this.turn || !this.session || !this.seatedAt || this.offline) return;
      await this.tell(() => api.paused(this.room, this.session, this.devices.paused()));
    });
  }

  hear(name, data) {
    if (name === 'offer') this.offered(data);
    if (name === 'offer-gone') this.drop(data.id);
    if (name === 'ended') this.finish('ended', data.by);
    if (name === 'handed-over') this.finish('handed', data.to);
    if (name === 'handover') {
      this.view.handOver(data.on ? Date.parse(data.since) : null, data.to);
      if (!data.on && handoverWords[data.why]) this.view.say(handoverWords[data.why]);
    }
    if (name === 'hold' && data.on !== this.held) this.onHold(data.on);  // said again with each stream
    if (name === 'help') {
      this.view.help(data.on);
      if (data.who) this.view.say(`${data.who}さんが応援に来ます。 / ${data.who} is coming.`);
    }
    if (name === 'staff') {
      this.view.staff(data.on);
      if (data.came) this.view.say('会館の職員が来ました。 / The hall\'s staff are there.');
    }
    if (name === 'listeners') {
      this.listening = data.names;
      this.view.listeners(data.names);
    }
    if (name === 'banner') {
      this.banner = data.text;
      this.view.banner(data.text);
      this.stillness.heard();
    }
    if (name === 'box') {
      this.box = data.event;
      if (data.event === 'calling') this.tellPaused();
      if (data.event === 'ended') this.finish('ended', 'hall');
    }
    this.update();
  }

  onHold(on) {
    this.held = on;
    this.heldAt = Date.now();
    this.devices.hold(on);
    this.view.hold(on);
    this.flow.anew();
    this.stillness.heard();
  }

  /// What went wrong, in words, where it did.
  async tell(work) {
    try {
      await work();
      return '';
    } catch (error) {
      if (!this.finished) this.view.say(aboutError(error));
      return aboutError(error);
    }
  }

  async offered({id, direction, sdp}) {
    if (this.peers.has(id)) return;  // said again after a reconnection
    const session = this.session, iceServers = this.iceServers;
    const peer = new Peer({
      id, direction, iceServers, onTrack: track => this.track(peer, track), onState: () => this.peerChanged(peer),
    });
    this.peers.set(id, peer);
    if (this.devices.opening) await Promise.race([this.devices.opening, pause(devicesWithin)]);
    peer.own = this.devices.tracks();
    try {
      if (peer.closed) return;
      const answer = await peer.answer(sdp);
      if (peer.closed) return;
      await api.answer(id, session, answer);
      if (direction === 'whep') await peer.send(this.devices.tracks());
    } catch (error) {
      const answered = error instanceof api.ApiError;  // the desk refused the answer; else we could not make one
      if (!answered && !peer.closed) api.reject(id, session, String(error.message).slice(0, 200)).catch(() => {});
      this.drop(id);
    }
    this.update();
  }

  drop(id) {
    this.peers.get(id)?.close();
    this.peers.delete(id);
    this.update();
  }

  /// A newer peer that is up replaces the older ones of its direction, which the box has given up.
  peerChanged(peer) {
    if (peer.state === 'connected') {
      const older = [...this.peers.values()];
      for (const other of older.slice(0, older.indexOf(peer))) {
        if (other.direction === peer.direction) this.drop(other.id);
      }
    }
    if (peer.state === 'failed') this.drop(peer.id);
    this.update();
  }

  track(peer, track) {
    if (this.farPeer !== peer) {
      this.farPeer = peer;
      this.far = new MediaStream();
      this.flow.anew();
    }
    this.far.addTrack(track);
    this.view.far(this.far);
    if (track.kind === 'audio') this.meter.listen(this.far);
  }

  devicesChanged() {
    const {stream, error, missing} = this.devices;
    this.view.own(stream, missing.audio || missing.video ? aboutDevices(error, missing) : null);
    for (const peer of this.peers.values()) peer.send(this.devices.tracks()).catch(() => {});
    this.tellPaused();
  }

  newest(direction) {
    return [...this.peers.values()].reverse().find(peer => peer.direction === direction);
  }

  /// Each second: what comes from the hall?
  async look() {
    if (!this.room || this.finished) return;
    const turn = this.turn, figures = await this.newest('whip')?.figures();
    if (turn !== this.turn || this.finished) return;
    if (!figures) this.flow.anew();
    else this.flow.look(figures, this.view.brightest(), soundAwake() ? this.meter.level() : null);
    if (this.flow.flowing) this.startedAt ||= Date.now();
    this.update();
    const state = this.state();
    if (state === 'talking') this.lookForLife(soundAwake() ? this.meter.level() : null);
    else if (state === 'held' && Date.now() - this.heldAt > longHold) this.lookForLife(-100);
    else this.stillness.anew();
  }

  /// Camera and microphone of a hall that everybody has left do not stay open.
  async lookForLife(level) {
    const turn = this.turn, word = this.stillness.look(level);
    if (word === 'end') {
      this.view.stopAsking();
      await this.end();
    }
    if (word !== 'ask') return;
    const answer = await this.view.askStill(this.held);
    if (turn !== this.turn || this.finished) return;
    if (answer === 'end') await this.end();
    else this.stillness.heard();
  }

  state() {
    if (this.finished) return this.finished;
    if (!this.session) return 'entering';
    if (this.held && this.box !== 'away') return 'held';
    if (this.flow.flowing) return 'talking';
    if (this.box === 'away') return 'away';
    if (this.peers.size || this.box === 'calling' || this.box === 'talking') return 'connecting';
    return this.box === 'cancelled' ? 'cancelled' : 'waiting';
  }

  update() {
    if (!this.room) return;
    const {offline, startedAt, why, by} = this;
    const state = this.state();
    this.view.show({state, offline, startedAt, why, by});
    this.view.lack(state === 'talking' ? this.flow.lacking : '');
    // Just seated we do not know yet: what goes on here is told right after.
    const calm = this.finished || (!inTalk.has(state) && this.seatedAt && Date.now() - this.seatedAt > tellsWithin);
    this.talking(!calm);
  }

  /// Over, for whatever reason: camera off, peers closed, and the words stay until the counsellor goes on.
  finish(how, by) {
    if (this.finished) return;
    this.finished = how;
    this.by = by;
    this.stream?.close();
    this.session = null;
    this.closePeers();
    this.meter?.listen(null);
    this.devices.close();
    this.view.say('');
    this.update();
    this.over();
    if (how === 'ended' && this.startedAt) this.showRecord();
  }

  /// Once the end is written down.
  async showRecord() {
    const {room, turn} = this;
    const record = await api.record(room).catch(() => null);
    if (turn === this.turn && this.finished) this.view.record(record);
  }

  leave() {
    if (this.session) api.leave(this.room, this.session).catch(() => {});
    this.out();
  }

  async end() {
    const {room, session} = this;
    this.view.say('');
    try {
      if (session) await api.end(room, session);
      if (room === this.room) this.finish('ended', 'counsellor');
    } catch (error) {
      if (error.status === 410) this.finish('ended', 'counsellor');
      else if (room === this.room && !this.finished) this.view.say(aboutError(error));
    }
  }

  /// Back to the list.
  out() {
    this.turn += 1;
    this.reset(null);
    this.meter?.listen(null);
    this.devices.close();
    this.view.close();
    this.gone();
  }

  async stats() {
    const received = (await this.newest('whip')?.figures())?.video;
    const sent = (await this.newest('whep')?.figures())?.video;
    return {
      room: this.room, state: this.room ? this.state() : 'out', endedBy: this.by, lacking: this.flow.lacking,
      received: {
        width: received?.frameWidth ?? 0, height: received?.frameHeight ?? 0, frames: received?.framesDecoded ?? 0,
        fps: received?.framesPerSecond ?? 0, toneHz: this.meter?.tone() ?? 0, level: this.meter?.level() ?? -100,
      },
      sent: {frames: sent?.framesEncoded ?? 0, width: sent?.frameWidth ?? 0, height: sent?.frameHeight ?? 0},
      peers: [...this.peers.values()].map(({id, direction, state}) => ({id, direction, state})),
    };
  }
}
