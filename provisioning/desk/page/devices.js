// SPDX-License-Identifier: Apache-2.0
// The counsellor's own camera and microphone: asked for on entering a room, given back on leaving it. Where one is
// missing or refused, a plain card or silence is sent instead, so that the hall sees why and the connection lives.

const wanted = {
  audio: {echoCancellation: true, noiseSuppression: true, autoGainControl: true},
  video: {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}},
};

export class Devices {
  constructor() {
    this.stream = null;  // what the browser gave us
    this.error = null;   // why something is missing, the browser's DOMException
    this.muted = {audio: false, video: false};
    this.held = false;
    this.onChange = () => {};
    this.opening = null;
    this.asked = false;   // the browser has answered
    this.stand = {};
  }

  /// Asks for both; for one alone when both cannot be had. Never throws.
  open() {
    this.opening ??= this.ask().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  async ask() {
    this.wanted = true;
    this.error = null;
    const got = await obtain({audio: wanted.audio, video: wanted.video}).catch(async both => {
      this.error = both;
      return await obtain({audio: wanted.audio}).catch(() => null) ??
        await obtain({video: wanted.video}).catch(() => null);
    });
    if (!this.wanted) {  // left the room while the browser asked
      stop(got);
      return;
    }
    stop(this.stream);
    this.stream = got;
    for (const track of got?.getTracks() ?? []) {
      track.addEventListener('ended', () => {
        if (this.stream !== got) return;
        this.error = new DOMException('unplugged', 'NotFoundError');
        got.removeTrack(track);
        this.onChange();
      });
    }
    this.applyMute();
    this.asked = true;
    this.onChange();
  }

  /// The tracks to send now; always one of each kind.
  tracks() {
    const audio = this.stream?.getAudioTracks()[0] ?? (this.stand.audio ??= silence());
    const video = this.stream?.getVideoTracks()[0] ?? (this.stand.video ??= card(() => this.missing.audio));
    return {audio: audio.track ?? audio, video: video.track ?? video};
  }

  /// {audio, video}: what the browser did not give us, or took away.
  get missing() {
    return {audio: !this.stream?.getAudioTracks().length, video: !this.stream?.getVideoTracks().length};
  }

  mute(kind, on) {
    this.muted[kind] = on;
    this.applyMute();
  }

  /// {sound, picture}: what the hall is sent none of. Without a camera it is sent a picture that says so.
  paused() {
    return {sound: this.muted.audio || (this.asked && this.missing.audio), picture: this.muted.video};
  }

  /// On hold black and silence are sent, whatever is muted.
  hold(on) {
    this.held = on;
    this.applyMute();
  }

  applyMute() {
    for (const track of this.stream?.getTracks() ?? []) track.enabled = !this.held && !this.muted[track.kind];
  }

  close() {
    this.wanted = this.asked = false;
    stop(this.stream);
    this.stream = null;
    for (const stand of Object.values(this.stand)) stand.close();
    this.stand = {};
  }
}

function obtain(constraints) {
  if (!navigator.mediaDevices) return Promise.reject(new DOMException('insecure page', 'NotSupportedError'));
  return navigator.mediaDevices.getUserMedia(constraints);
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function silence() {
  const context = new AudioContext();
  const track = context.createMediaStreamDestination().stream.getAudioTracks()[0];
  return {track, close: () => (track.stop(), context.close())};
}

/// A picture that says there is no camera, drawn anew each second: a canvas sends nothing while nobody draws.
function card(voiceless) {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const pen = canvas.getContext('2d');
  const draw = () => {
    pen.fillStyle = '#1d4468';
    pen.fillRect(0, 0, 1280, 720);
    pen.fillStyle = '#ffffff';
    pen.textAlign = 'center';
    pen.font = '64px "BIZ UDPGothic", sans-serif';
    pen.fillText(voiceless() ? '相談員の声と映像が届いていません' : '声だけでお話しします', 640, 340);
    pen.font = '36px sans-serif';
    pen.fillText(voiceless() ? 'No sound or picture of the counsellor' : 'The counsellor has no camera', 640, 420);
  };
  draw();
  const timer = setInterval(draw, 1000);
  const track = canvas.captureStream(2).getVideoTracks()[0];
  return {track, close: () => (clearInterval(timer), track.stop())};
}
