/** The thread of a host: composes port, link, device server and interface, and pumps until it is told to stop. */

import { availableParallelism } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { formatMac } from '../bytes/addresses.ts';
import { busMac } from '../link/ethernet.ts';
import { featureNames } from '../link/extensions.ts';
import { Link, linkMemory } from '../link/link.ts';
import { recordSize } from '../link/record.ts';
import type { LinkSnapshot } from '../link/sink.ts';
import type { Logger } from '../observe/logger.ts';
import { dropCapabilities } from '../sys/privileges.ts';
import { type Clock, realClock, wallTime } from '../time/clock.ts';
import { createDevice } from './device.ts';
import { HostError } from './errors.ts';
import type { HostEvent, HostRequest, HostStatus, WorkerData } from './host.ts';
import { openInterface } from './interface.ts';
import { busyPoll, usualPatience } from './lookout.ts';
import { Inbox } from './mailbox.ts';
import { type OpenPort, openHostPort } from './open-port.ts';
import { Pinger } from './pinger.ts';
import { Pump } from './pump.ts';
import { TapIo } from './tap-io.ts';

/** Memory for frames: 64 slabs of 128 KiB. */
const slabs = 64;
const meetMs = 150;
const settleNapMs = 20;

/** Our modules are loaded by now: the rest waits for what the host is to be (thread.ts). */
const { options, mailbox } = await new Promise<WorkerData>((resolve) => parentPort?.once('message', resolve));
const say = (event: HostEvent) => parentPort?.postMessage(event);

const logger: Logger = { log: (level, text, facts = {}) => say({ event: 'log', level, text, facts }) };

/** By ID: when its last violation was logged; one that comes back again and again shall not fill the log. */
const reported = new Map<number, number>();
const reportEveryMs = 1000;

function violation(id: number, why: string): void {
  const now = realClock.now();
  if (now - (reported.get(id) ?? Number.NEGATIVE_INFINITY) < reportEveryMs) return;
  reported.set(id, now);
  logger.log('warn', 'peer cut off: it broke the rules', { id, why });
}

const startedAt = wallTime(realClock.now());

function status(
  link: LinkSnapshot,
  tapName: string,
  mtu: number,
  carried: Readonly<Record<string, number>>,
): HostStatus {
  const { bus, id, width, hostName, netns, addresses, guard } = options;
  return {
    bus,
    id,
    width,
    pid: process.pid,
    hostName,
    interface: tapName,
    netns,
    mac: link.mac,
    mtu,
    addresses,
    guard,
    since: startedAt,
    counters: { ...link.counters, ...carried },
    peers: link.peers.map((peer) => ({ ...peer, since: wallTime(peer.since) })),
  };
}

/** What was asked for, or the largest datagram that a command carries with its record, if that is less. */
function mtuOn({ most = Number.POSITIVE_INFINITY }: OpenPort): number {
  const room = most - recordSize;
  if (room >= options.mtu) return options.mtu;
  logger.log('warn', 'MTU lowered to what a command carries here; give the other hosts the same', {
    mtu: room,
  });
  return room;
}

/** Meets the hosts that are there, so that the first frames find them; a host that does not answer is not waited for long. */
function meet({ port, settling, meeting }: OpenPort, link: Link, clock: Clock): void {
  while (settling()) {
    link.poll(clock.now());
    if (port.poll() === 0) port.wait(settleNapMs);
  }
  const end = clock.now() + meetMs;
  while (meeting() || link.snapshot().peers.some((peer) => peer.state === 'negotiating')) {
    const now = clock.now();
    if (now >= end) return;
    link.poll(now);
    if (port.poll() === 0) port.wait(1);
  }
}

/** Runs the host; returns why it ended by itself, if it did. */
async function serve(): Promise<string | undefined> {
  using carrier = await openHostPort(options, linkMemory(slabs), { violation, logger });
  const { port } = carrier;
  const mac = busMac(port.bus, options.id);
  const { interface: name, addresses, netns } = options;
  const mtu = mtuOn(carrier);
  using tap = openInterface({ name, mtu, mac: formatMac(mac), addresses, netns });
  dropCapabilities();
  const io = new TapIo(tap);
  const { guard, pins, pull, hostName } = options;
  const clock = realClock;
  const link = new Link({
    port,
    mac,
    mtu,
    hostName,
    guard,
    pins,
    pull,
    prefixes: addresses,
    clock,
    logger,
    slabs,
    features: featureNames.filter((name) => name !== 'uso' || tap.udpSegmentation),
    sink: io,
  });
  port.target = createDevice(link, options, options.version);
  const inbox = new Inbox(mailbox);
  let pinging: Pinger[] = [];
  let stop: (() => void) | undefined;

  const handle = (body: unknown, answer: (body: unknown) => void): void => {
    const request = body as HostRequest;
    if (request.do === 'status') answer(status(link.snapshot(), tap.name, mtu, carrier.counters()));
    else if (request.do === 'ping') pinging.push(new Pinger(port, clock, options.lun, request, answer));
    else if (request.do === 'moved') answer(carrier.moved?.(request.addresses));
    else stop = () => answer(undefined);
  };
  const pump = new Pump({
    port,
    link,
    tap: { fd: tap.fd, io },
    inbox,
    control() {
      inbox.take(handle);
      return stop === undefined;
    },
    chores(now) {
      let due = Number.POSITIVE_INFINITY;
      for (const pinger of pinging) due = Math.min(due, pinger.poll(now));
      pinging = pinging.filter((pinger) => !pinger.finished);
      return due;
    },
    clock,
    patience: options.busyPoll ? busyPoll : usualPatience(availableParallelism()),
  });
  meet(carrier, link, clock);
  say({ event: 'ready', interface: tap.name, mac: formatMac(mac), mtu });
  const failure = pump.run();
  stop?.();
  return failure;
}

function describeFailure(error: unknown): HostEvent {
  if (error instanceof HostError) {
    const { code, message, expected, hint } = error;
    return {
      event: 'failed',
      code,
      message,
      parts: { ...(expected && { expected }), ...(hint && { hint }) },
    };
  }
  return {
    event: 'failed',
    code: 'system',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    parts: {},
  };
}

try {
  const failure = await serve();
  if (failure !== undefined)
    say({ event: 'failed', code: 'ended', message: `the interface has gone: ${failure}`, parts: {} });
} catch (error) {
  say(describeFailure(error));
}
