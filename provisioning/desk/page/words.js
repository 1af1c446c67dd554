// SPDX-License-Identifier: Apache-2.0
// What the page says: states, refusals and times, in Japanese with English beneath. Pure; every time is Japan's.

export const roomStates = {
  entering: {tone: 'calm', ja: '席につきます', en: 'Sitting down', text: '', textEn: ''},
  waiting: {
    tone: 'calm', ja: '会館を待っています', en: 'Waiting for the hall',
    text: '席についています。会館でボタンが押されると、自動でつながります。',
    textEn: 'You are at the desk. It connects by itself when the hall presses its button.',
  },
  connecting: {
    tone: 'busy', ja: 'つないでいます', en: 'Connecting',
    text: '会館の映像と音がまもなく届きます。', textEn: 'Picture and sound of the hall will be here in a moment.',
  },
  talking: {tone: 'good', ja: '相談中', en: 'In consultation', text: '', textEn: ''},
  away: {
    tone: 'trouble', ja: '会館との通信が切れました', en: 'The hall lost its connection',
    text: '会館の機器が自分でつなぎ直します。このままお待ちください。',
    textEn: 'The box in the hall reconnects by itself. Please wait here.',
  },
  cancelled: {
    tone: 'calm', ja: '会館が呼び出しをやめました', en: 'The hall took its call back',
    text: 'もう一度ボタンが押されると、つながります。', textEn: 'It connects when the button is pressed again.',
  },
  ended: {tone: 'calm', ja: '相談は終わりました', en: 'The consultation is over', text: '', textEn: ''},
  elsewhere: {
    tone: 'trouble', ja: '別の画面で入室しています', en: 'You entered from another window',
    text: 'ここで続けるときは「もう一度入る」を押してください。', textEn: 'Press "Enter again" to continue here.',
  },
  handed: {tone: 'calm', ja: '引き継ぎました', en: 'Handed over', text: '', textEn: ''},
  held: {
    tone: 'busy', ja: '保留中', en: 'On hold',
    text: 'おたがいの映像と声が止まっています。もどるときは「保留をやめる」を押してください。',
    textEn: 'Picture and sound are stopped on both sides. Press "Resume" to go on.',
  },
  refused: {tone: 'trouble', ja: '入室できません', en: 'This room cannot be entered', text: '', textEn: ''},
};

/// The states in which somebody in the hall would lose the counsellor.
export const inTalk = new Set(['connecting', 'talking', 'held', 'away']);

export const endedBy = {
  hall: ['会館のボタンで終わりました。', 'Ended with the button in the hall.'],
  counsellor: ['相談員が終えました。', 'Ended by the counsellor.'],
  desk: ['予約の時間が終わったか、取り消されました。', 'Its time is over, or it was cancelled.'],
};

/// [ja, en]
export const handedTo = name => [`${name}さんが引き継ぎました。`, `${name} has taken over.`];

/// Why a seat is offered no more: what she should know.
export const handoverWords = {
  'nobody': '引き継げる人がいませんでした。このままお話しください。 / Nobody could take over: please go on.',
};

export const bookingStates = {
  booked: ['予約', 'Booked'],
  cancelled: ['取消', 'Cancelled'],
  calling: ['呼び出し中', 'Calling'],
  talking: ['相談中', 'Talking'],
  ended: ['終了', 'Ended'],
  past: ['過ぎました', 'Past'],
};

/// What of the hall does not come: [title, what to do, English].
export const lackWords = {
  'no-picture': ['会館の映像がまだ届いていません', '声は届いています。このままお話しください。', 'No picture of the hall yet; its sound is here.'],
  'stopped': ['会館の映像が止まりました', '声は届いています。このままお話しください。', 'The picture of the hall has stopped; its sound is here.'],
  'dark': [
    '会館の映像が真っ暗です', 'カメラが止まっているか、部屋が暗くなっています。会館の方に声でたずねてください。',
    'The picture is black: the camera has stopped, or the room is dark.',
  ],
  'muted': [
    '会館の声と映像が止められています', '会館の方が止めています。そのままお待ちください。',
    'The hall has switched its sound and picture off.',
  ],
  'silent': [
    '会館の音が届いていません', '会館のマイクが止まっているようです。手ぶりでお伝えになるか、会館に電話してください。',
    'No sound from the hall: its microphone seems to be off.',
  ],
};

const deviceWords = {
  NotAllowedError: what => `${what}の使用が止められています。アドレス欄の左のしるしを押して「許可」にしてから、「もう一度」を押してください。 / Allow it at the left of the address bar.`,
  NotFoundError: what => `${what}が見つかりません。USBケーブルを挿し直してから、「もう一度」を押してください。 / Plug it in again.`,
  NotReadableError: what => `${what}を他のソフトが使っています。Zoom などを終えてから、「もう一度」を押してください。 / Another program has it: close that one.`,
};

/// What the hall does not get from us, why, and what to do with hands: [what, why and what to do]. `missing` is
/// {audio, video}.
export function aboutDevices(error, missing) {
  const both = missing.audio && missing.video;
  const lost = both ? 'こちらの声は届いていません。映像も届いていません。 / Neither your voice nor your picture is sent.' :
    missing.audio ? 'こちらの声は届いていません。映像は届きます。 / Your voice is not sent.' : 'こちらの映像は届いていません。声は届きます。 / Your picture is not sent.';
  const what = both ? 'カメラとマイク' : missing.audio ? 'マイク' : 'カメラ';
  const hint = deviceWords[error?.name]?.(what) ?? `${what}を使えません。ブラウザーを開き直してください。 / It cannot be used: open the browser anew.`;
  return [lost, hint];
}

/// Why a seat is refused: [ja, en].
export function aboutSeat(error) {
  if (error.body?.code === 'no-handover') return ['引き継ぎは終わりました。', 'This seat is not offered any more.'];
  if (error.status === 404) return ['部屋は予約の1時間前に開きます。', 'The room opens an hour before its time.'];
  if (error.status === 410) return ['この相談は終わっています。', 'This consultation is over.'];
  return [aboutError(error), ''];
}

const roleWords = {counsellor: '相談員', listener: '同席'};

/// "受付番号 1003　中央公民館　2026年11月26日 10:02〜10:31　相談員 tanaka　同席 福祉課": what the centre writes down, and
/// nothing of what was said.
export function recordLine({receipt, reference, hall_name: hall, pressed, answered, ended, people}) {
  const from = answered ?? pressed, parts = [`受付番号 ${receipt}`];
  if (reference) parts.push(`整理番号 ${reference}`);
  parts.push(hall, `${dayOf(from).slice(0, 4)}年${dayWords(dayOf(from))} ${timeOf(from)}〜${ended ? timeOf(ended) : ''}`);
  for (const [role, word] of Object.entries(roleWords)) {
    const names = people.filter(each => each.role === role).map(each => each.name);
    if (names.length) parts.push(`${word} ${names.join('、')}`);
  }
  return parts.join('　');
}

const bookingWords = {
  'incomplete': '会館、日、時刻、長さをすべて選んでください。 / Choose hall, day, time and length.',
  'not-a-time': '日と時刻を見直してください。 / Please check day and time.',
  'minutes': '予約は5分から12時間までです。長さを選び直してください。 / A consultation takes 5 minutes to 12 hours.',
  'in-the-past': 'その時間はもう過ぎています。日と時刻を変えてください。 / That time is over: choose another.',
  'too-far-ahead': '先すぎて予約できません。400日以内の日を選んでください。 / More than 400 days ahead: choose a nearer day.',
  'unknown-hall': 'その会館は登録されていません。ページを読み込み直して、選び直してください。 / No such hall: load the page again.',
  'taken': 'その時間には別の予約があります。時刻か会館を変えてください。 / The hall is taken then.',
  'calling': 'いま会館がこの予約で呼んでいるか、話しています。終わってから変更してください。 / The hall is calling or talking: move it afterwards.',
  'over': 'この予約は取り消されたか、相談が終わっています。新しく予約してください。 / It was cancelled or is over: book anew.',
  'unknown-booking': 'この予約は見つかりません。ページを読み込み直してください。 / No such booking: load the page again.',
  'reference': '整理番号は半角の英数字で20字までです。お名前は書かないでください。 / Your own number: ASCII, at most 20; no names.',
  'try-again': '予約を書き込めませんでした。少し待って、もう一度「予約する」を押してください。 / It could not be written: wait a moment and press again.',
};

/// Why a booking is refused. By the desk's code (docs/desk-api.md); its own words are English and never shown.
export function aboutBooking(error) {
  const {code, by} = error.body ?? {};
  if (code === 'taken' && by) {
    const when = `${timeOf(by.start)}〜${timeOf(by.end)}`;
    return `${by.hall_name}には、${when}に受付番号 ${by.receipt} の別の予約があります。${timeOf(by.end)} からあとか、ほかの会館を選んでください。 / Taken by No. ${by.receipt}, ${when}.`;
  }
  if (Object.hasOwn(bookingWords, error.body?.code ?? '')) return bookingWords[error.body.code];
  if (error.status === 409) return bookingWords.taken;
  if (error.status === 422) return '予約できませんでした。会館、日、時刻、長さを見直してください。 / Not booked: please check hall, day, time and length.';
  return error.status === undefined ? bookingWords['not-a-time'] : aboutError(error);
}

/// What to do about a refused request, for people.
export function aboutError(error) {
  if (error.status === 0) return '市役所のサーバーに届きません。少し待って、もう一度お試しください。 / The desk is not reached: wait a moment and try again.';
  if (error.status === 401) return 'もう一度ログインしてください。 / Please sign in again.';
  if (error.status === 403) return 'ページが古くなりました。読み込み直してください。 / The page is out of date: load it again.';
  if (error.status === 409 && error.body?.name) return `${error.body.name} さんが席についています。 / ${error.body.name} sits there.`;
  if (error.status === 410) return 'この相談は終わっています。 / This consultation is over.';
  if (error.status === 404) return '見つかりません。一覧を見直してください。 / It is not there: look at the list again.';
  if (error.status >= 500) return 'サーバーの調子が悪いようです。少し待って、もう一度お試しください。 / The desk has trouble: wait a moment and try again.';
  return 'できませんでした。ページを読み込み直して、もう一度お試しください。 / It did not work: load the page and try again.';
}

const weekdays = ['日', '月', '火', '水', '木', '金', '土'];
const japanOffset = 9 * 3600 * 1000;
const two = number => String(number).padStart(2, '0');

/// A moment as Japan's wall clock, read with the getUTC... functions.
function japan(moment) {
  return new Date(new Date(moment).getTime() + japanOffset);
}

/// "2026-11-23", Japan's day.
export function dayOf(moment) {
  return japan(moment).toISOString().slice(0, 10);
}

/// "14:05", Japan's time.
export function timeOf(moment) {
  return japan(moment).toISOString().slice(11, 16);
}

/// A day and a time of Japan as RFC 3339 in UTC.
export function momentOf(day, time) {
  return new Date(`${day}T${time}:00+09:00`).toISOString().replace('.000Z', 'Z');
}

export function otherDay(day, by) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * 86400000).toISOString().slice(0, 10);
}

/// "11月23日（月）"
export function dayWords(day) {
  const date = new Date(`${day}T00:00:00Z`);
  return `${date.getUTCMonth() + 1}月${date.getUTCDate()}日（${weekdays[date.getUTCDay()]}）`;
}

/// "0:42", "1:02:07": how long ago.
export function lasting(sinceMs, nowMs = Date.now()) {
  const seconds = Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
