/**
 * Finds out what a target is: INQUIRY, the LUN of its communications device, VPD pages 00h and C0h, and with a hello
 * whether the carrier lets extended messages through; else other commands (design D3), else strict RFC 2143. A hello is
 * padded to what the largest datagram takes, since some carriers let short messages through alone. TEST UNIT READY takes the unit
 * attentions before: a carrier may lose an answer to data-out that tells one. One task at a time per peer; refusals are
 * tried again with growing pauses. Not here: what is done with the answer.
 */

import { DeviceType } from '../scsi/opcodes.ts';
import { SenseKey } from '../scsi/sense.ts';
import { decodeSense } from '../scsi/sense-data.ts';
import { Status } from '../scsi/status.ts';
import type { Clock } from '../time/clock.ts';
import { Task, type TransportFault } from '../transport/task.ts';
import { type CommandSet, extendedSend } from './command-set.ts';
import { decodeExtensions, type Extensions, extensionsPage } from './extensions.ts';
import { longHello } from './hello.ts';
import type { Peer } from './peer.ts';
import { allocation, lunsOf, type Question, questionOf } from './questions.ts';

/** What a target turned out to be. */
export type Finding =
  | { readonly kind: 'extended'; readonly extensions: Extensions; readonly commandSet: CommandSet }
  | { readonly kind: 'strict' }
  | { readonly kind: 'refused'; readonly why: string };

type Step = Question | 'hello';

/** A way to say hello. */
interface Hello {
  readonly set: CommandSet;
  /** Padded. */
  readonly long: boolean;
}

const firstPauseMs = 1;
const lastPauseMs = 1000;
/** Answers that make no sense, before we give up. */
const patience = 8;

/** How a command ends that a carrier does not let through: refused on the way, or never answered. */
const wayOfCarriers: ReadonlySet<TransportFault> = new Set<TransportFault>([
  'too-large',
  'protocol',
  'aborted',
]);

/** One target being asked. */
class Inquest {
  readonly peer: Peer;
  readonly task = new Task();
  readonly data: Uint8Array = new Uint8Array(allocation);
  step: Step = 'inquiry';
  deviceType: number = DeviceType.none;
  /** LUNs still to be tried; undefined: not asked for yet. */
  luns: number[] | undefined;
  /** Still to be tried. */
  hellos: Hello[] = [];
  extensions: Extensions | undefined;
  pauseMs = firstPauseMs;
  failures = 0;
  /** Unit attentions; a target has a few when it is met, and asking again at once clears them. */
  attentions = 0;
  /** When to submit; infinity: it is under way. */
  due = Number.NEGATIVE_INFINITY;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  get answer(): Uint8Array {
    return this.data.subarray(0, this.task.dataInTransferred);
  }
}

export class Negotiator {
  readonly #clock: Clock;
  readonly #hello: Uint8Array | undefined;
  readonly #helloLength: number;
  readonly #settled: (peer: Peer, finding: Finding) => void;
  readonly #inquests = new Map<Peer, Inquest>();

  /**
   * @param hello an extended message of `helloLength` bytes that introduces us, and zeros behind it;
   *   undefined: we are a strict RFC 2143 host
   */
  constructor(
    clock: Clock,
    hello: Uint8Array | undefined,
    helloLength: number,
    settled: (peer: Peer, finding: Finding) => void,
  ) {
    this.#clock = clock;
    this.#hello = hello;
    this.#helloLength = helloLength;
    this.#settled = settled;
  }

  begin(peer: Peer): void {
    const inquest = new Inquest(peer);
    inquest.task.done = () => this.#ended(inquest);
    this.#inquests.set(peer, inquest);
    this.#submit(inquest);
  }

  /** The peer has gone; its task ends by itself. */
  forget(peer: Peer): void {
    this.#inquests.delete(peer);
  }

  /** Submits what has paused long enough; returns when to be called again. */
  poll(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const inquest of this.#inquests.values()) {
      if (inquest.due <= now) this.#submit(inquest);
      next = Math.min(next, inquest.due);
    }
    return next;
  }

  #submit(inquest: Inquest): void {
    const { peer, task } = inquest;
    task.lun = peer.lun;
    if (inquest.step === 'hello') this.#loadHello(inquest);
    else {
      task
        .setCdb(questionOf(inquest.step, peer.lun))
        .setDataIn(inquest.data, 0, inquest.step === 'ready' ? 0 : allocation);
      task.dataOutLength = 0;
    }
    if (peer.nexus?.submit(task)) {
      inquest.due = Number.POSITIVE_INFINITY;
      peer.nexus.kick();
    } else this.#pause(inquest);
  }

  #loadHello(inquest: Inquest): void {
    const { peer, task } = inquest;
    const [how] = inquest.hellos;
    const message = (this.#hello as Uint8Array).subarray(0, this.#lengthOf(inquest));
    task.cdb.fill(0);
    task.cdbLength = extendedSend(task.cdb, how?.set ?? 'message', peer.lun, message.length);
    task.setDataOut(message);
    task.dataInLength = 0;
  }

  #lengthOf({ peer, extensions, hellos }: Inquest): number {
    if (!hellos[0]?.long) return this.#helloLength;
    const longest = Math.min(longHello, extensions?.maxMessage ?? 0, peer.nexus?.limits.maxDataOut ?? 0);
    return Math.max(this.#helloLength, longest);
  }

  #pause(inquest: Inquest): void {
    inquest.due = this.#clock.now() + inquest.pauseMs;
    inquest.pauseMs = Math.min(lastPauseMs, 2 * inquest.pauseMs);
  }

  #ended(inquest: Inquest): void {
    const { peer, task } = inquest;
    if (this.#inquests.get(peer) !== inquest) return;
    if (task.fault !== undefined) this.#failed(inquest);
    else if (task.status === Status.good) this.#answered(inquest);
    else if (task.status === Status.checkCondition) this.#refused(inquest);
    else this.#pause(inquest);
  }

  #failed(inquest: Inquest): void {
    const { peer, task } = inquest;
    // Task management, or a defect: worth another try. Otherwise its nexus has been lost, and we will be told.
    if (inquest.step === 'hello' && task.fault !== undefined && wayOfCarriers.has(task.fault))
      this.#nextHello(inquest);
    else if (peer.nexus?.alive) this.#despair(inquest, `no answer to ${inquest.step}: ${task.fault}`);
    else this.forget(peer);
  }

  #refused(inquest: Inquest): void {
    const { task } = inquest;
    const sense = decodeSense(task.sense.subarray(0, task.senseLength));
    if (sense?.key === SenseKey.unitAttention && inquest.attentions++ < patience) this.#submit(inquest);
    else if (sense?.key === SenseKey.unitAttention) this.#pause(inquest);
    else if (sense?.key === SenseKey.notReady) this.#pause(inquest);
    else if (inquest.step === 'hello') this.#nextHello(inquest);
    else if (inquest.step === 'pages' || inquest.step === 'extensions') this.#plain(inquest);
    else if (inquest.step === 'ready') this.#ready(inquest);
    else if (inquest.step === 'luns') this.#settle(inquest, { kind: 'refused', why: 'no logical unit' });
    else this.#despair(inquest, 'INQUIRY is refused');
  }

  #despair(inquest: Inquest, why: string): void {
    if (++inquest.failures >= patience) this.#settle(inquest, { kind: 'refused', why });
    else this.#pause(inquest);
  }

  #next(inquest: Inquest, step: Step): void {
    inquest.step = step;
    inquest.pauseMs = firstPauseMs;
    this.#submit(inquest);
  }

  #answered(inquest: Inquest): void {
    switch (inquest.step) {
      case 'inquiry':
        this.#identified(inquest);
        break;
      case 'luns':
        inquest.luns = lunsOf(inquest.answer);
        this.#nextLun(inquest);
        break;
      case 'pages':
        if (inquest.answer.subarray(4).includes(extensionsPage)) this.#next(inquest, 'extensions');
        else this.#plain(inquest);
        break;
      case 'extensions':
        this.#announced(inquest);
        break;
      case 'ready':
        this.#ready(inquest);
        break;
      case 'hello': {
        const { extensions, hellos } = inquest;
        if (extensions && hellos[0])
          this.#settle(inquest, { kind: 'extended', extensions, commandSet: hellos[0].set });
      }
    }
  }

  #identified(inquest: Inquest): void {
    const first = inquest.answer[0] ?? DeviceType.none;
    // A qualifier other than 0 says that nothing is connected there (SPC-4, INQUIRY).
    inquest.deviceType = Math.min(first, DeviceType.none);
    const { deviceType } = inquest;
    if (deviceType === DeviceType.communications || deviceType === DeviceType.processor) {
      if (this.#hello === undefined) this.#plain(inquest);
      else this.#next(inquest, 'pages');
    } else if (inquest.luns === undefined) this.#next(inquest, 'luns');
    else this.#nextLun(inquest);
  }

  #nextLun(inquest: Inquest): void {
    const lun = inquest.luns?.shift();
    if (lun === undefined) {
      this.#settle(inquest, { kind: 'refused', why: 'neither a communications nor a processor device' });
      return;
    }
    inquest.peer.lun = lun;
    this.#next(inquest, 'inquiry');
  }

  #announced(inquest: Inquest): void {
    const page = inquest.answer;
    inquest.extensions = page[1] === extensionsPage ? decodeExtensions(page.slice(4)) : undefined;
    if (inquest.extensions === undefined) {
      this.#plain(inquest);
      return;
    }
    const own = inquest.deviceType === DeviceType.communications ? 'message' : 'send';
    inquest.hellos = [true, false].flatMap((long) => [
      { set: own, long },
      { set: 'buffer', long },
    ]);
    this.#next(inquest, 'ready');
  }

  /** It has told its unit attentions, so that the first datagrams need not be sent twice, and out of order. */
  #ready(inquest: Inquest): void {
    if (inquest.hellos.length > 0) this.#next(inquest, 'hello');
    else this.#settle(inquest, { kind: 'strict' });
  }

  #nextHello(inquest: Inquest): void {
    inquest.hellos.shift();
    if (inquest.hellos.length > 0) this.#next(inquest, 'hello');
    else this.#plain(inquest);
  }

  /** No extensions. A processor device may be anything, an enclosure say: it gets no datagrams unasked. */
  #plain(inquest: Inquest): void {
    if (inquest.deviceType === DeviceType.communications) this.#next(inquest, 'ready');
    else this.#settle(inquest, { kind: 'refused', why: 'a processor device without ipscsi extensions' });
  }

  #settle(inquest: Inquest, finding: Finding): void {
    this.forget(inquest.peer);
    this.#settled(inquest.peer, finding);
  }
}
