/** Counted UDP datagrams of 64 bytes: each says which trial it belongs to, and the last ones that it has ended. */

import type { BenchApi } from './guest-api.ts';
import { sleepMicroseconds, UdpReceiver, UdpSender } from './sockets.ts';

const payload = 64;
const receiveBuffer = 4 * 1024 * 1024;
/** Sent without a pause when the sender is late; what it is late beyond that is never made up for. */
const mostAtOnce = 64;
const pause = 50;
/** Until the last datagrams have arrived, or never will. */
const settle = 30_000;
const endings = 5;

let receiver: UdpReceiver | undefined;

export const openDatagrams: BenchApi['openDatagrams'] = async ({ address }) => {
  receiver?.[Symbol.dispose]();
  receiver = new UdpReceiver(address, receiveBuffer);
  return { address, port: receiver.port };
};

function datagram(trial: number, end: boolean): Uint8Array {
  const bytes = new Uint8Array(payload);
  new DataView(bytes.buffer).setUint32(0, trial);
  bytes[4] = Number(end);
  return bytes;
}

export const countDatagrams: BenchApi['countDatagrams'] = async ({ trial }) => {
  if (!receiver) throw new Error('no UDP socket');
  const bytes = new Uint8Array(payload);
  const view = new DataView(bytes.buffer);
  let received = 0;
  while (receiver.receive(bytes)) {
    if (view.getUint32(0) !== trial) continue;
    if (bytes[4] === 1) break;
    received++;
  }
  return received;
};

export const sendDatagrams: BenchApi['sendDatagrams'] = async ({ address, port, trial, rate, seconds }) => {
  using sender = new UdpSender(address, port);
  const bytes = datagram(trial, false);
  const start = performance.now();
  const sent = pace(sender, bytes, rate, seconds);
  const took = (performance.now() - start) / 1000;
  sleepMicroseconds(settle);
  const end = datagram(trial, true);
  for (let i = 0; i < endings; i++) {
    sender.send(end);
    sleepMicroseconds(1000);
  }
  return { sent, seconds: took };
};

function pace(sender: UdpSender, bytes: Uint8Array, rate: number, seconds: number): number {
  const perMillisecond = rate / 1000;
  const start = performance.now();
  let sent = 0;
  let forgiven = 0;
  for (;;) {
    const elapsed = performance.now() - start;
    if (elapsed >= seconds * 1000) return sent;
    const due = Math.floor(elapsed * perMillisecond) - sent - forgiven;
    const now = Math.min(due, mostAtOnce);
    forgiven += due - now;
    for (let i = 0; i < now; i++) sender.send(bytes);
    sent += now;
    if (now < mostAtOnce) sleepMicroseconds(pause);
  }
}
