/**
 * Our initiator, measured as bench/peers/iscsi.c measures libiscsi's:
 * `initiator PORTAL TARGET LUN DIGEST SECONDS KIND:BYTES:DEPTH …` prints for each "operations seconds", after as long without counting.
 */

import { connect, type IscsiSession } from '../../src/iscsi.ts';
import { Task } from '../../src/transport/task.ts';
import { parseWorkload, type Workload } from './workload.ts';

const [, , portal = '', target = '', lunText = '0', digest = 'None', secondsText = '1', ...rest] =
  process.argv;
const lun = Number(lunText);
const seconds = Number(secondsText);
const block = 512;
/** Bytes of the disk that are used. */
const span = 32 << 20;

/** READ(16) and WRITE(16), as libiscsi's side says them. */
const opcodes = { test: 0x00, read: 0x88, write: 0x8a } as const;

/** So many commands at once, each followed by the next. */
class Stream {
  done = 0;
  readonly ended: Promise<void>;
  readonly #session: IscsiSession;
  readonly #workload: Workload;
  #running = true;
  #outstanding = 0;
  #at = 0;
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  constructor(session: IscsiSession, workload: Workload) {
    this.#session = session;
    this.#workload = workload;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    for (let i = 0; i < workload.depth; i++) this.#submit(this.#task());
    session.nexus.kick();
  }

  #task(): Task {
    const { kind, bytes } = this.#workload;
    const task = new Task();
    task.lun = lun;
    if (kind === 'read') task.setDataIn(new Uint8Array(bytes));
    if (kind === 'write') task.setDataOut(new Uint8Array(bytes));
    const cdb = new Uint8Array(kind === 'test' ? 6 : 16);
    cdb[0] = opcodes[kind];
    if (kind !== 'test') new DataView(cdb.buffer).setUint32(10, bytes / block);
    task.setCdb(cdb);
    task.done = (ended) => this.#ended(ended);
    return task;
  }

  #submit(task: Task): void {
    const lba = this.#at / block;
    if (this.#workload.kind !== 'test') {
      task.cdb[6] = lba >>> 24;
      task.cdb[7] = lba >>> 16;
      task.cdb[8] = lba >>> 8;
      task.cdb[9] = lba;
      this.#at = (this.#at + this.#workload.bytes) % span;
    }
    this.#outstanding++;
    if (!this.#session.nexus.submit(task)) throw new Error('the queue is full');
  }

  #ended(task: Task): void {
    this.#outstanding--;
    if (task.fault || task.status !== 0)
      this.#settle?.reject(new Error(task.fault ?? `status ${task.status}`));
    this.done++;
    if (this.#running) this.#submit(task);
    else if (this.#outstanding === 0) this.#settle?.resolve();
  }

  stop(): void {
    this.#running = false;
  }
}

const wait = (time: number) => new Promise((resolve) => setTimeout(resolve, 1000 * time));

async function measure(session: IscsiSession, workload: Workload): Promise<void> {
  const stream = new Stream(session, workload);
  await Promise.race([wait(seconds), stream.ended]); // warms up
  stream.done = 0;
  const start = performance.now();
  await Promise.race([wait(seconds), stream.ended]);
  const { done } = stream;
  const took = (performance.now() - start) / 1000;
  stream.stop();
  await stream.ended;
  console.log(`${done} ${took}`);
}

const wishes = { HeaderDigest: [digest], DataDigest: [digest] };
const session = await connect({ portal, target, wishes, maxQueued: 256 });
await session.execute({ cdb: new Uint8Array(6), lun }); // takes the unit attention
for (const text of rest) await measure(session, parseWorkload(text));
session.close();
