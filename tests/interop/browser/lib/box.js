// SPDX-License-Identifier: Apache-2.0
// In place of a box: makes WHIP and WHEP offers in a browser page of its own (a moving picture and a tone), and carries
// them to the desk with Node's fetch, as a box's daemon would. Also its events stream.

import {until} from './until.js';

export class PageBox {
  /// `token`: the box's bearer token at the desk. `tone`: hertz of what it sends.
  static async open(browser, origin, token, {tone = 440} = {}) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.evaluate(inBoxPage, tone);
    return new PageBox(context, page, origin, token);
  }

  constructor(context, page, origin, token) {
    Object.assign(this, {context, page, origin, token, heard: [], locations: []});
  }

  request(method, path, body, type) {
    const headers = {Authorization: `Bearer ${this.token}`};
    if (type) headers['Content-Type'] = type;
    return fetch(this.origin + path, {method, headers, body, signal: AbortSignal.timeout(15000)});
  }

  async say(room, type) {
    const response = await this.request('POST', `/events/${room}`, JSON.stringify({type}), 'application/json');
    if (response.status !== 204) throw new Error(`POST /events: ${response.status} ${await response.text()}`);
  }

  /// Opens the events stream; what comes is in `heard`.
  async listen(room) {
    this.stop = new AbortController();
    const response = await fetch(`${this.origin}/events/${room}`, {
      headers: {Authorization: `Bearer ${this.token}`, Accept: 'text/event-stream'}, signal: this.stop.signal,
    });
    if (response.status !== 200) throw new Error(`GET /events: ${response.status}`);
    this.reading = this.read(response.body.getReader()).catch(() => {});
    await this.hears(event => event.type === 'seats', 'the snapshot of seats');
  }

  async read(reader) {
    const decoder = new TextDecoder();
    let kept = '';
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      const lines = (kept + decoder.decode(value, {stream: true})).split('\n');
      kept = lines.pop();
      for (const line of lines) if (line.startsWith('data:')) this.heard.push(JSON.parse(line.slice(5)));
    }
  }

  /// Waits for an event; earlier ones count too unless `from` says where to begin in `heard`.
  hears(pleases, what, {from = 0, seconds = 15} = {}) {
    return until(`${what} (heard: ${this.heard.length})`, () => this.heard.slice(from).find(pleases), seconds);
  }

  /// One WHIP ("whip") or WHEP ("whep") POST; the status, and the answer applied when it is 201.
  async offer(direction, room, seat = 'counsellor') {
    const sdp = await this.page.evaluate(each => window.box.offer(each), direction);
    const response = await this.request('POST', `/${direction}/${room}/${seat}`, sdp, 'application/sdp');
    const answer = await response.text();
    if (response.status === 201) {
      this.locations.push(response.headers.get('Location'));
      await this.page.evaluate(([each, text]) => window.box.accept(each, text), [direction, answer]);
    }
    return response.status;
  }

  /// Both directions, as a box does when a seat is taken.
  async connect(room) {
    const statuses = await Promise.all([this.offer('whip', room), this.offer('whep', room)]);
    if (statuses.some(status => status !== 201)) throw new Error(`the desk answered ${statuses}`);
  }

  /// A POST with a text of one's own.
  async post(direction, room, sdp, seat = 'counsellor') {
    const response = await this.request('POST', `/${direction}/${room}/${seat}`, sdp, 'application/sdp');
    await response.arrayBuffer();
    return response.status;
  }

  async hangUp() {
    await this.page.evaluate(() => window.box.hangUp());
    const statuses = [];
    for (const location of this.locations.splice(0)) statuses.push((await this.request('DELETE', location)).status);
    return statuses;
  }

  /// What is sent from now on of a kind ("video", "audio"): "live", "muted" (black, silence) or "nothing".
  send(kind, what) {
    return this.page.evaluate(([each, how]) => window.box.send(each, how), [kind, what]);
  }

  /// The next connection begins without this kind.
  withhold(kind) {
    return this.page.evaluate(each => void window.box.withhold(each), kind);
  }

  /// {received: {frames, width, height, toneHz, brightness}, sent: {frames}, states: [...]}
  stats() {
    return this.page.evaluate(() => window.box.stats());
  }

  async until(what, pleases, seconds = 20) {
    let last;
    try {
      return await until(what, async () => pleases(last = await this.stats()) && last, seconds);
    } catch (error) {
      throw new Error(`${error.message}; last: ${JSON.stringify(last)}`);
    }
  }

  async close() {
    this.stop?.abort();
    await this.context.close();
  }
}

/// Runs in the box's page: window.box.
function inBoxPage(hertz) {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const pen = canvas.getContext('2d');
  let drawn = 0;
  setInterval(() => {
    drawn += 1;
    pen.fillStyle = `hsl(${drawn % 360} 30% 45%)`;
    pen.fillRect(0, 0, 1280, 720);
    pen.fillStyle = 'white';
    pen.font = '120px sans-serif';
    pen.fillText(String(drawn), 480, 400);
    pen.fillRect((drawn * 9) % 1280, 560, 80, 80);
  }, 40);
  const audio = new AudioContext(), speaker = audio.createMediaStreamDestination();
  const tone = audio.createOscillator(), loud = audio.createGain();
  tone.frequency.value = hertz;
  loud.gain.value = 0.25;
  tone.connect(loud).connect(speaker);
  tone.start();
  const tracks = [canvas.captureStream(25).getVideoTracks()[0], speaker.stream.getAudioTracks()[0]];
  tracks[0].contentHint = 'detail';  // fewer pictures rather than smaller ones on a busy machine
  const meter = audio.createAnalyser();
  meter.fftSize = 32768;
  meter.smoothingTimeConstant = 0;
  const peers = {}, withheld = new Set();  // kinds of which a connection begins with nothing
  let playing;

  async function offer(direction) {
    peers[direction]?.close();
    const peer = peers[direction] = new RTCPeerConnection();
    if (direction === 'whip') {
      for (const track of tracks) {
        peer.addTransceiver(withheld.has(track.kind) ? track.kind : track, {direction: 'sendonly'});
      }
    } else {
      for (const kind of ['video', 'audio']) peer.addTransceiver(kind, {direction: 'recvonly'});
      const stream = new MediaStream();
      playing = Object.assign(document.createElement('video'), {muted: true, autoplay: true, srcObject: stream});
      peer.ontrack = ({track}) => {
        stream.addTrack(track);
        if (track.kind === 'audio') audio.createMediaStreamSource(stream).connect(meter);
      };
    }
    await peer.setLocalDescription();
    await new Promise(resolve => {
      const look = () => peer.iceGatheringState === 'complete' && resolve();
      peer.onicegatheringstatechange = look;
      setTimeout(resolve, 1000);
      look();
    });
    return peer.localDescription.sdp;
  }

  async function rtp(peer, type) {
    const found = peer ? [...(await peer.getStats()).values()] : [];
    return found.find(entry => entry.type === type && entry.kind === 'video') ?? {};
  }

  function toneHz() {
    const bins = new Float32Array(meter.frequencyBinCount);
    meter.getFloatFrequencyData(bins);
    const top = bins.indexOf(Math.max(...bins));
    return bins[top] < -60 ? 0 : top * audio.sampleRate / meter.fftSize;
  }

  /// Mean brightness of what is received, 0 to 255.
  function brightness() {
    if (!playing?.videoWidth) return 0;
    const small = new OffscreenCanvas(16, 9).getContext('2d');
    small.drawImage(playing, 0, 0, 16, 9);
    const points = small.getImageData(0, 0, 16, 9).data;
    let sum = 0;
    for (let i = 0; i < points.length; i += 4) sum += (points[i] + points[i + 1] + points[i + 2]) / 3;
    return sum / (points.length / 4);
  }

  window.box = {
    offer,
    accept: (direction, sdp) => peers[direction].setRemoteDescription({type: 'answer', sdp}),
    withhold: kind => withheld.add(kind),
    async send(kind, what) {
      const track = tracks.find(each => each.kind === kind);
      track.enabled = what !== 'muted';
      const sender = peers.whip?.getSenders()[tracks.indexOf(track)];
      await sender?.replaceTrack(what === 'nothing' ? null : track);
    },
    hangUp: () => Object.values(peers).forEach(peer => peer.close()),
    async stats() {
      const incoming = await rtp(peers.whep, 'inbound-rtp'), outgoing = await rtp(peers.whip, 'outbound-rtp');
      return {
        received: {
          frames: incoming.framesDecoded ?? 0, width: incoming.frameWidth ?? 0, height: incoming.frameHeight ?? 0,
          toneHz: toneHz(), brightness: brightness(),
        },
        sent: {frames: outgoing.framesEncoded ?? 0},
        states: Object.values(peers).map(peer => peer.connectionState),
      };
    },
  };
}
