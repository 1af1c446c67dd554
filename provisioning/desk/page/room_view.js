// SPDX-License-Identifier: Apache-2.0
// The room as it is seen: videos, curtain over the hall's picture, buttons. Knows nothing of offers and streams;
// room.js tells it everything, and hears of the buttons through the callbacks.

import {$, ask, both, busy, make, show} from './dom.js';
import {stateWords} from './states.js';
import {endedBy, handedTo, inTalk, lackWords, lasting, recordLine, roomStates} from './words.js';

const mutedKey = 'madoguchi.muted';
const muteWords = {
  audio: {on: ['マイクを入れる', 'Unmute'], off: ['マイクを切る', 'Mute'], shown: '音を切っています'},
  video: {on: ['カメラを入れる', 'Show me'], off: ['カメラを切る', 'Hide me'], shown: '映像を切っています'},
};

export class RoomView {
  constructor(on) {
    this.on = on;
    this.muted = {audio: false, video: false};
    this.playing = false;
    this.others = [];
    $('mute-sound').addEventListener('click', () => this.mute('audio', !this.muted.audio));
    $('mute-picture').addEventListener('click', () => this.mute('video', !this.muted.video));
    $('leave').addEventListener('click', () => on.leave());
    $('end').addEventListener('click', () => busy($('end'), () => this.askEnd()));
    $('hold').addEventListener('click', () => busy($('hold'), () => on.hold(!this.held)));
    $('hand-over').addEventListener('click', () => this.openHandover());
    $('handover-no').addEventListener('click', () => $('handover-dialog').close());
    $('handover-form').addEventListener('submit', event => {
      event.preventDefault();
      busy(event.submitter ?? $('handover-no'), () => this.offerSeat());
    });
    $('handover-stop').addEventListener('click', () => busy($('handover-stop'), () => on.handOver(false)));
    $('emergency').addEventListener('click', () => $('emergency-dialog').showModal());
    $('emergency-close').addEventListener('click', () => $('emergency-dialog').close());
    $('record-copy').addEventListener('click', () => busy($('record-copy'), () => this.copyRecord()));
    $('record-trial').addEventListener('click', () => busy($('record-trial'), () => this.toggleTrial()));
    $('help').addEventListener('click', () => busy($('help'), () => on.help(!this.helping)));
    $('staff').addEventListener('click', () => busy($('staff'), () => on.staff(!this.calling)));
    $('listeners').addEventListener('click', () => busy($('listeners'), () => this.openListeners()));
    $('listeners-no').addEventListener('click', () => $('listeners-dialog').close());
    $('listeners-form').addEventListener('submit', event => {
      event.preventDefault();
      busy(event.submitter ?? $('listeners-no'), () => this.setListeners());
    });
    $('write').addEventListener('click', () => this.openWriting());
    $('write-no').addEventListener('click', () => $('write-dialog').close());
    $('write-form').addEventListener('submit', event => {
      event.preventDefault();
      busy(event.submitter ?? $('write-no'), () => this.write());
    });
    $('banner-remove').addEventListener('click', () => busy($('banner-remove'), () => on.banner('')));
    $('curtain-back').addEventListener('click', () => on.back());
    $('curtain-again').addEventListener('click', () => on.again());
    $('devices-again').addEventListener('click', () => busy($('devices-again'), () => on.devices()));
    $('sound-on').addEventListener('click', () => on.sound());
    for (const event of ['loadeddata', 'playing', 'resize']) $('far').addEventListener(event, () => this.pictureCame());
  }

  open() {
    this.name('', '');
    this.far(null);
    this.own(null, null);
    this.say('');
    this.shown = null;
    const kept = JSON.parse(sessionStorage.getItem(mutedKey) ?? '{}');  // a reload must not open a muted microphone
    for (const kind of ['audio', 'video']) this.mute(kind, Boolean(kept[kind]));
    show($('room-sound'), false);
    this.hold(false);
    this.banner('');
    this.handOver(null);
    this.record(null);
    this.help(false);
    this.staff(false);
    this.listeners([]);
  }

  close() {
    this.closeDialogs();
    sessionStorage.removeItem(mutedKey);
    this.far(null);
    this.own(null, null);
  }

  closeDialogs() {
    if ($('ask').open) $('ask').close('no');
    for (const each of ['write-dialog', 'emergency-dialog', 'listeners-dialog', 'handover-dialog']) if ($(each).open) $(each).close();
  }

  /// Where help must be sent.
  place(hall) {
    const unknown = '登録されていません';
    $('emergency-hall').textContent = hall.name;
    for (const each of ['address', 'room', 'telephone', 'staffed']) {
      $(`emergency-${each}`).textContent = hall[each] || unknown;
    }
  }

  /// The line for the centre's own record; null takes it away.
  record(record) {
    this.recorded = record;
    show($('record'), Boolean(record));
    if (!record) return;
    $('record-said').textContent = '';
    this.showTrial(record.trial);
    $('record-line').value = recordLine(record);
  }

  showTrial(on) {
    this.trial = on;
    $('record-trial').setAttribute('aria-pressed', String(on));
  }

  async copyRecord() {
    $('record-line').select();
    const copied = await navigator.clipboard.writeText($('record-line').value).then(() => true, () => false);
    $('record-said').textContent = copied ? 'コピーしました。 / Copied.' : 'Ctrl+C でコピーしてください。 / Press Ctrl+C.';
  }

  async toggleTrial() {
    const wrong = await this.on.trial(this.recorded.call, !this.trial);
    if (!wrong) this.showTrial(!this.trial);
    $('record-said').textContent = wrong || (this.trial ? '数えません。予約はもとにもどりました。 / It does not count.' : '');
  }

  name(hall, receipt) {
    $('room-hall').textContent = hall;
    $('room-receipt').replaceChildren(...(receipt ? [...both('受付番号', 'No.'), ' ', String(receipt)] : []));
  }

  mute(kind, on) {
    const words = muteWords[kind], name = kind === 'audio' ? 'mute-sound' : 'mute-picture';
    this.muted[kind] = on;
    $(name).setAttribute('aria-pressed', String(on));
    $(`${name}-text`).replaceChildren(...both(...(on ? words.on : words.off)));
    this.ownWords();
    sessionStorage.setItem(mutedKey, JSON.stringify(this.muted));
    this.on.mute(kind, on);
  }

  async askEnd() {
    const yes = await ask({
      title: '相談を終えますか', text: '会館の画面も終わります。もう一度話すときは、会館でボタンを押してもらいます。',
      yes: ['終える', 'End'],
    });
    if (yes) await this.on.end();
  }

  /// Whose pages are open besides hers: [{name, state}]. While she chooses, her choice stays.
  colleagues(others) {
    this.others = others;
    if ($('handover-dialog').open) this.showColleagues();
  }

  showColleagues() {
    const chosen = $('handover-choices').querySelector('input:checked')?.value ?? '';
    const choice = (value, ...words) => make('label', {},
      make('input', {type: 'radio', name: 'handover-to', value, checked: value === chosen}), make('span', {}, ...words));
    $('handover-choices').replaceChildren(choice('', ...both('全員に呼びかける', 'All colleagues')),
      ...this.others.map(({name, state}) => choice(name, `${name} `, make('small', {}, stateWords[state] ?? state))));
    if (!$('handover-choices').querySelector('input:checked')) $('handover-choices').querySelector('input').checked = true;
    $('handover-ask').disabled = this.others.length === 0;
    $('handover-nobody').textContent = this.others.length ? '' :
      'ほかの相談員の画面が開いていません。電話で声をかけてください。 / No colleague has the page open: telephone one.';
  }

  openHandover() {
    $('handover-error').textContent = '';
    $('handover-choices').replaceChildren();
    this.showColleagues();
    $('handover-dialog').showModal();
  }

  async offerSeat() {
    const wrong = await this.on.handOver(true, $('handover-choices').querySelector('input:checked').value);
    $('handover-error').textContent = wrong;
    if (!wrong) $('handover-dialog').close();
  }

  hold(on) {
    this.held = on;
    $('hold').setAttribute('aria-pressed', String(on));
    $('hold-text').replaceChildren(...both(...(on ? ['保留をやめる', 'Resume'] : ['保留', 'Hold'])));
    this.ownWords();
  }

  /// What stands on the hall's screen, '' = nothing.
  banner(text) {
    $('room-banner-text').textContent = text;
    show($('room-banner'), Boolean(text));
    if (text) $('write-text').value = text;
    else if (!$('write-dialog').open) $('write-text').value = '';
  }

  /// `since`: when the seat was offered, in ms; null = it is not. `to`: to whom, '' = to all.
  handOver(since, to = '') {
    this.handoverSince = since;
    $('room-handover-to').textContent = to ? `${to}さんに呼びかけています。` : '引き継ぐ人を探しています。';
    $('room-handover-to-en').textContent = to ? `Asking ${to}.` : 'Looking for a colleague.';
    show($('room-handover'), since !== null);
    $('hand-over').disabled = since !== null;
  }

  /// Colleagues are asked to come.
  help(on) {
    this.helping = on;
    $('help').setAttribute('aria-pressed', String(on));
    show($('room-help'), on);
  }

  /// The hall chimes for its staff.
  staff(on) {
    this.calling = on;
    $('staff').setAttribute('aria-pressed', String(on));
    show($('room-staff'), on);
  }

  listeners(names) {
    this.listening = names;
    $('listeners').setAttribute('aria-pressed', String(names.length > 0));
    $('room-listeners').textContent = names.length ? `同席：${names.join('、')}（会館の画面に出ています） / Listening` : '';
    show($('room-listeners'), names.length > 0);
  }

  async openListeners() {
    const names = await this.on.departments();
    if (!names) return;
    $('listeners-error').textContent = '';
    $('listeners-choices').replaceChildren(...[...new Set([...names, '相談窓口', ...this.listening])].map(name =>
      make('label', {}, make('input', {type: 'checkbox', value: name, checked: this.listening.includes(name)}),
        make('span', {}, name))));
    $('listeners-dialog').showModal();
  }

  async setListeners() {
    const ticked = [...$('listeners-choices').querySelectorAll('input')].filter(each => each.checked);
    const wrong = ticked.length > 4 ? '4つまで選べます。 / At most four.' :
      await this.on.listeners(ticked.map(each => each.value));
    $('listeners-error').textContent = wrong;
    if (!wrong) $('listeners-dialog').close();
  }

  openWriting() {
    $('write-error').textContent = '';
    $('write-dialog').showModal();
    $('write-text').focus();
  }

  async write() {
    const error = await this.on.banner($('write-text').value.trim());
    $('write-error').textContent = error ?? '';
    if (!error) $('write-dialog').close();
  }

  /// Nobody was heard for long. `end` when she says so; anything else says that they still talk.
  async askStill(held) {
    const why = held ? '保留が15分続いています。' : '5分間、会館の声が聞こえていません。';
    const over = await ask({
      title: 'まだお話し中ですか', yes: ['相談を終える', 'End'], no: ['話し中です', 'Still talking'],
      text: `${why}お返事がないときは、2分後に相談を終えて、会館のカメラとマイクを止めます。`,
    });
    return over ? 'end' : 'talk';
  }

  stopAsking() {
    if ($('ask').open) $('ask').close('no');
  }

  far(stream) {
    if ($('far').srcObject !== stream) {
      $('far').srcObject = stream;
      $('far').muted = false;
    }
    if (stream) this.play();
  }

  /// With sound if the browser lets us; else without, and a button that asks for a click.
  async play() {
    const far = $('far');
    far.muted = false;
    try {
      await far.play();
      show($('room-sound'), false);
    } catch (error) {
      if (error.name !== 'NotAllowedError') return;  // replaced by a newer stream meanwhile
      far.muted = true;
      far.play().catch(() => {});
      show($('room-sound'), true);
    }
  }

  /// `trouble`: [what the hall does not get, what to do], for as long as it is so.
  own(stream, trouble) {
    const hasPicture = Boolean(stream?.getVideoTracks().length);
    $('own').srcObject = hasPicture ? stream : null;
    show($('own-frame'), hasPicture || Boolean(trouble));
    this.cameraless = !hasPicture;
    this.ownWords();
    const [lost, todo] = trouble ?? ['', ''];
    $('room-devices-lost').textContent = lost;
    $('room-devices-text').textContent = todo;
    show($('room-devices'), Boolean(trouble));
  }

  /// Over our own picture: what of us the hall does not see or hear.
  ownWords() {
    const words = [];
    if (this.held) words.push('保留中');
    if (this.muted.audio) words.push(muteWords.audio.shown);
    if (this.cameraless) words.push('映像は届いていません');
    else if (this.muted.video) words.push(muteWords.video.shown);
    $('own-words').textContent = words.join('\n');
    show($('own-words'), words.length > 0);
  }

  /// The brightest point of the hall's picture now, 0 to 255; null without one.
  brightest() {
    const far = $('far');
    if (!far.videoWidth || far.readyState < 2) return null;
    this.pen ??= new OffscreenCanvas(32, 18).getContext('2d', {willReadFrequently: true});
    this.pen.drawImage(far, 0, 0, 32, 18);
    const points = this.pen.getImageData(0, 0, 32, 18).data;
    let brightest = 0;
    for (let i = 0; i < points.length; i += 4) brightest = Math.max(brightest, points[i], points[i + 1], points[i + 2]);
    return brightest;
  }

  /// What of the hall does not come, a key of lackWords or ''. Where its picture is seen, the words stand above it.
  lack(what) {
    if (this.lacks === what) return;
    this.lacks = what;
    const place = what === 'silent' ? 'far-silent' : 'far-words';
    for (const each of ['far-silent', 'far-words']) show($(each), Boolean(what) && each === place);
    const [title, text, en] = lackWords[what] ?? ['', '', ''];
    $(`${place}-title`).textContent = title;
    $(`${place}-text`).textContent = text;
    $(`${place}-en`).textContent = en;
  }

  pictureCame() {
    if ($('far').videoWidth > 0) this.on.picture?.();
  }

  /// Something to know, that is no state.
  say(text) {
    $('room-said').textContent = text;
    show($('room-said'), Boolean(text));
  }

  show({state, offline, startedAt, by, why}) {
    const over = ['ended', 'elsewhere', 'handed', 'refused'].includes(state);
    show($('room-offline'), offline && !over);
    $('room-time').textContent = startedAt && !over ? lasting(startedAt) : '';
    $('room-handover-time').textContent = this.handoverSince ? `（${lasting(this.handoverSince)}）` : '';
    this.state = state;
    const key = [state, by, why].join();
    if (this.shown === key) return;
    this.shown = key;
    const words = roomStates[state];
    const [text, textEn] = why ?? (state === 'ended' ? endedBy[by] : null) ??
      (state === 'handed' ? handedTo(by) : null) ?? [words.text, words.textEn];
    $('room').dataset.state = state;
    $('room-state').dataset.tone = words.tone;
    $('room-state').replaceChildren(...both(words.ja, words.en));
    $('curtain-title').textContent = words.ja;
    $('curtain-text').textContent = text;
    $('curtain-en').textContent = textEn || words.en;
    show($('curtain'), state !== 'talking');
    show($('curtain-back'), over);
    show($('curtain-again'), state === 'elsewhere');
    show($('controls'), !over);
    const talk = inTalk.has(state);
    for (const each of ['hold', 'write', 'listeners', 'staff', 'help', 'emergency', 'hand-over']) show($(each), talk);
    show($('leave'), !talk);
    if (over) {
      $('far').srcObject = null;
      show($('room-sound'), false);
      this.own(null, null);
      this.closeDialogs();
      this.handOver(null);
      this.banner('');
      this.help(false);
      this.staff(false);
      this.listeners([]);
      if (state !== 'elsewhere') sessionStorage.removeItem(mutedKey);
      $(state === 'elsewhere' ? 'curtain-again' : 'curtain-back').focus();
    }
  }
}
