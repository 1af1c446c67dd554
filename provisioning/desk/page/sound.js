// SPDX-License-Identifier: Apache-2.0
// The page's one AudioContext: it measures what is heard from the hall, and makes the ring. Browsers keep it silent
// until the first click or key of a visit.

const silentBelow = -60;  // dBFS

let context;

export function audio() {
  context ??= new AudioContext({latencyHint: 'interactive'});
  return context;
}

/// To be called from a click or key; harmless at any time.
export function wakeSound() {
  if (audio().state === 'suspended') audio().resume().catch(() => {});
}

export const soundAwake = () => context?.state === 'running';

/// `told()` whenever the sound wakes or falls silent.
export function watchSound(told) {
  audio().addEventListener('statechange', told);
}

/// Level and strongest frequency of a sound.
export class Meter {
  constructor() {
    this.analyser = audio().createAnalyser();
    this.analyser.fftSize = 32768;
    this.analyser.smoothingTimeConstant = 0;
    this.source = null;
  }

  /// Listens to a stream (which a media element must play too, or Chromium gives no samples) or to nothing (null).
  listen(stream) {
    this.source?.disconnect();
    this.source = stream?.getAudioTracks().length ? audio().createMediaStreamSource(stream) : null;
    this.source?.connect(this.analyser);
  }

  /// Decibels relative to full scale over the last 0.7 s; -100 for nothing.
  level() {
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    return Math.max(-100, 10 * Math.log10(sum / samples.length || 1e-12));
  }

  /// Hertz, the peak of the spectrum refined by a parabola through its neighbours; 0 in silence.
  tone() {
    if (!soundAwake() || this.level() < silentBelow) return 0;
    const bins = new Float32Array(this.analyser.frequencyBinCount);
    this.analyser.getFloatFrequencyData(bins);
    let top = 1;
    for (let i = 2; i < bins.length - 1; i++) if (bins[i] > bins[top]) top = i;
    const [before, peak, after] = bins.slice(top - 1, top + 2);
    const bend = before - 2 * peak + after;
    const shift = Number.isFinite(bend) && bend !== 0 ? (before - after) / (2 * bend) : 0;
    return (top + shift) * audio().sampleRate / this.analyser.fftSize;
  }
}

/// A soft two-tone bell, every three seconds until stopped.
export class Bell {
  constructor() {
    this.timer = 0;
    this.out = audio().createGain();
    this.meter = new Meter();
    this.out.connect(this.meter.analyser);
    this.out.connect(audio().destination);
  }

  get ringing() {
    return this.timer !== 0;
  }

  start() {
    if (this.timer) return;
    this.strike();
    this.timer = setInterval(() => this.strike(), 3000);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
  }

  /// Once: two tones, falling, as a doorbell.
  strike() {
    if (!soundAwake()) return;
    const now = audio().currentTime + 0.02;
    for (const [after, hertz] of [[0, 784], [0.38, 622]]) {
      for (const [times, loud] of [[1, 0.22], [2, 0.05]]) {
        const tone = audio().createOscillator(), fade = audio().createGain();
        tone.frequency.value = hertz * times;
        fade.gain.setValueAtTime(0, now + after);
        fade.gain.linearRampToValueAtTime(loud, now + after + 0.015);
        fade.gain.exponentialRampToValueAtTime(0.0005, now + after + 1.3);
        tone.connect(fade).connect(this.out);
        tone.start(now + after);
        tone.stop(now + after + 1.4);
      }
    }
  }
}
