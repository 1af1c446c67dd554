// SPDX-License-Identifier: Apache-2.0
// Her own camera and microphone, tried before a hall rings: a small picture and a bar of the level, on her click alone.

import {Devices} from './devices.js';
import {$, busy, show} from './dom.js';
import {Meter, wakeSound} from './sound.js';
import {aboutDevices} from './words.js';

const heardAbove = -50;  // dBFS: a voice at arm's length is far above it

export class DeviceCheck {
  constructor() {
    this.devices = new Devices();
    this.devices.onChange = () => this.changed();
    $('try-devices').addEventListener('click', () => busy($('try-devices'), () => this.start()));
    $('device-check-stop').addEventListener('click', () => {
      this.stop();
      $('try-devices').focus();
    });
  }

  async start() {
    wakeSound();
    await this.devices.open();
    this.heard = false;
    show($('device-check'), true);
    this.timer ??= setInterval(() => this.look(), 100);
  }

  /// Camera and microphone are given back.
  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.devices.close();
    this.meter?.listen(null);
    $('device-check-own').srcObject = null;
    show($('device-check'), false);
  }

  changed() {
    const {stream, error, missing} = this.devices;
    $('device-check-own').srcObject = stream?.getVideoTracks().length ? stream : null;
    this.meter ??= new Meter();
    this.meter.listen(stream);
    const lacking = missing.audio || missing.video;
    $('device-check-error').textContent = lacking ? aboutDevices(error, missing)[1] : '';
  }

  look() {
    const level = this.meter?.level() ?? -100;
    $('device-check-level').value = Math.max(0, 100 + level);
    if (level > heardAbove) this.heard = true;
    $('device-check-words').textContent = this.devices.missing.audio ? '' :
      this.heard ? '声が入っています。 / Your voice is heard.' : '何か話してみてください。 / Say something.';
  }
}
