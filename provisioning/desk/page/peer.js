// SPDX-License-Identifier: Apache-2.0
// One RTCPeerConnection for one offer of a box. "whip" brings the hall's picture and sound to us, "whep" takes ours
// there.

const gatherWithin = 1000;

export class Peer {
  /// `own`: the tracks to send, {audio, video}, for whep. `onTrack(track)` for whip; `onState(peer)` when the
  /// connection state changes, never after close().
  constructor({id, direction, iceServers = [], own = {}, onTrack = () => {}, onState = () => {}}) {
    this.id = id;
    this.direction = direction;
    this.own = own;
    this.closed = false;
    this.connection = new RTCPeerConnection({iceServers, bundlePolicy: 'max-bundle'});
    this.connection.addEventListener('track', ({track}) => onTrack(track));
    this.connection.addEventListener('connectionstatechange', () => this.closed || onState(this));
  }

  get state() {
    return this.connection.connectionState;
  }

  /// The answer to the offer with all candidates in it. Throws when the offer is of no use to us.
  async answer(sdp) {
    const connection = this.connection;
    await connection.setRemoteDescription({type: 'offer', sdp});
    for (const transceiver of connection.getTransceivers()) {
      const kind = transceiver.receiver.track.kind;
      if (this.direction === 'whip') {
        transceiver.direction = 'recvonly';
      } else {
        // Left alone it would answer inactive, and nothing would say so.
        transceiver.direction = 'sendonly';
        await transceiver.sender.replaceTrack(this.own[kind] ?? null);
      }
    }
    await connection.setLocalDescription(await connection.createAnswer());
    await gathered(connection);
    const answered = connection.localDescription.sdp;
    if (/^m=(audio|video) 0 /m.test(answered)) throw new Error('no codec in common');
    return answered;
  }

  /// Sends other tracks from now on, without a new offer.
  async send(own) {
    this.own = own;
    if (this.direction !== 'whep' || this.closed) return;
    for (const transceiver of this.connection.getTransceivers()) {
      await transceiver.sender.replaceTrack(own[transceiver.receiver.track.kind] ?? null);
    }
  }

  /// {audio, video}: the figures of what is received (whip) or sent (whep), as getStats names them.
  async figures() {
    const found = {};
    if (this.closed) return found;
    const type = this.direction === 'whip' ? 'inbound-rtp' : 'outbound-rtp';
    for (const entry of (await this.connection.getStats()).values()) {
      if (entry.type === type) found[entry.kind] = entry;
    }
    return found;
  }

  close() {
    this.closed = true;
    this.connection.close();
  }
}

function gathered(connection) {
  return new Promise(resolve => {
    const look = () => connection.iceGatheringState === 'complete' && resolve();
    connection.addEventListener('icegatheringstatechange', look);
    setTimeout(resolve, gatherWithin);
    look();
  });
}
