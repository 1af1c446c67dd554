// SPDX-License-Identifier: Apache-2.0
// The desk's HTTP interface (docs/desk-api.md) as functions: JSON requests with the CSRF token, and server-sent event
// streams that come back by themselves. The only module that knows paths.

const requestWithin = 10000;
const streamSilence = 20000;  // the desk writes at least every 5 s

let csrf = '';

export class ApiError extends Error {
  constructor(status, message, body = {}, retryAfter = 0) {
    super(message);
    this.status = status;  // 0: the desk was not reached
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

async function request(method, path, body) {
  const headers = {Accept: 'application/json'};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  let response, text;
  try {
    response = await fetch(path, {
      method, headers, cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout(requestWithin),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await response.text();
  } catch (error) {
    throw new ApiError(0, String(error));
  }
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    if (response.ok) throw new ApiError(502, 'the desk sent no JSON');
  }
  if (response.ok) return answer;
  throw new ApiError(response.status, answer.error ?? `HTTP ${response.status}`, answer,
                     Number(response.headers.get('Retry-After')) || 0);
}

async function session(promise) {
  const me = await promise;
  csrf = me.csrf;
  return me;
}

const at = encodeURIComponent;

export const login = (name, password) => session(request('POST', '/api/login', {name, password}));
export const me = () => session(request('GET', '/api/me'));
export const logout = () => request('POST', '/api/logout', {});
export const halls = () => request('GET', '/api/halls');
export const bookings = day => request('GET', `/api/bookings?day=${at(day)}`);
export const book = (hall, start, minutes, reference = '') =>
  request('POST', '/api/bookings', {hall, start, minutes, reference});
export const move = (receipt, hall, start, minutes) =>
  request('POST', `/api/bookings/${at(receipt)}/move`, {hall, start, minutes});
export const cancel = receipt => request('DELETE', `/api/bookings/${at(receipt)}`);
export const missedCalls = () => request('GET', '/api/calls/missed');
export const settleCall = call => request('POST', `/api/calls/${at(call)}/settled`, {});
export const markTrial = (call, on) => request('POST', `/api/calls/${at(call)}/trial`, {on});
export const record = room => request('GET', `/api/rooms/${at(room)}/record`);
export const join = (room, takesOver = false) =>
  request('POST', `/api/rooms/${at(room)}/join`, {seat: 'counsellor', takes_over: takesOver});
export const leave = (room, id) => request('POST', `/api/rooms/${at(room)}/leave`, {session: id});
export const end = (room, id) => request('POST', `/api/rooms/${at(room)}/end`, {session: id});
export const hold = (room, id, on) => request('POST', `/api/rooms/${at(room)}/hold`, {session: id, on});
export const paused = (room, id, what) => request('POST', `/api/rooms/${at(room)}/paused`, {session: id, ...what});
export const banner = (room, id, text) => request('POST', `/api/rooms/${at(room)}/banner`, {session: id, text});
export const handOver = (room, id, on, to = '') =>
  request('POST', `/api/rooms/${at(room)}/handover`, {session: id, on, to});
export const help = (room, id, on) => request('POST', `/api/rooms/${at(room)}/help`, {session: id, on});
export const coming = room => request('POST', `/api/rooms/${at(room)}/coming`, {});
export const staff = (room, id, on) => request('POST', `/api/rooms/${at(room)}/staff`, {session: id, on});
export const listeners = (room, id, names) => request('POST', `/api/rooms/${at(room)}/listeners`, {session: id, names});
export const departments = () => request('GET', '/api/departments');
export const setState = (state, sure) => request('POST', '/api/me/state', {state, sure});
export const answer = (offer, id, sdp) => request('POST', `/api/offers/${at(offer)}/answer`, {session: id, sdp});
export const reject = (offer, id, reason) => request('POST', `/api/offers/${at(offer)}/reject`, {session: id, reason});
export const deskStream = callbacks => listen('/api/stream', callbacks);
export const roomStream = (room, id, callbacks) =>
  listen(`/api/rooms/${at(room)}/stream?session=${at(id)}`, callbacks);

/// The events of one stream, again and again until close(). Callbacks: event(name, data), opened(), lost() (it is tried
/// again), refused(status) (the desk said 4xx: it is not tried again).
function listen(path, {event, opened = () => {}, lost = () => {}, refused = () => {}}) {
  let closed = false, stop = () => {}, wake = () => {};

  const online = () => wake();
  addEventListener('online', online);

  async function readOnce() {
    const controller = new AbortController();
    stop = () => controller.abort();
    let timer = setTimeout(stop, streamSilence);
    try {
      const response = await fetch(path, {
        headers: {Accept: 'text/event-stream'}, cache: 'no-store', credentials: 'same-origin',
        signal: controller.signal,
      });
      if (response.status >= 400 && response.status < 500) return response.status;
      if (!response.ok || closed) return 0;
      opened();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let kept = '';
      for (;;) {
        const {done, value} = await reader.read();
        if (done || closed) return 0;
        clearTimeout(timer);
        timer = setTimeout(stop, streamSilence);
        const parts = (kept + value).split(/\r?\n\r?\n/);
        kept = parts.pop();
        for (const part of parts) if (!closed) deliver(part, event);
      }
    } catch {
      return 0;  // cut, silent, or unreachable: the same to us
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }

  async function run() {
    for (let pause = 500; !closed; pause = Math.min(pause * 2, 5000)) {
      const began = Date.now();
      const status = await readOnce();
      if (closed) return;
      if (status) {
        refused(status);
        return;
      }
      lost();
      if (Date.now() - began > 10000) pause = 500;
      await new Promise(resolve => {
        wake = resolve;
        setTimeout(resolve, pause);
      });
    }
  }

  run();
  return {
    close() {
      closed = true;
      removeEventListener('online', online);
      stop();
      wake();
    },
  };
}

/// One event of a stream; comments and what is no JSON are passed over.
function deliver(part, event) {
  let name = '', text = '';
  for (const line of part.split(/\r?\n/)) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    if (line.startsWith('data:')) text += line.slice(5).replace(/^ /, '') + '\n';
  }
  if (!text) return;
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    return;
  }
  event(name || data.type || '', data);
}
