/** Our initiator, and a target that says exactly what a test wants. */

import assert from 'node:assert/strict';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import type { InitiatorOptions } from '../../../src/transport/iscsi/initiator-options.ts';
import { defaultWishes, type Wishes } from '../../../src/transport/iscsi/keys.ts';
import { InitiatorOpcode, Stage } from '../../../src/transport/iscsi/opcodes.ts';
import { Header, NopOut } from '../../../src/transport/iscsi/pdu.ts';
import { Lab } from '../../../src/transport/iscsi/testing-wire.ts';
import { encodeText, type Pair } from '../../../src/transport/iscsi/text.ts';
import { Task } from '../../../src/transport/task.ts';
import { dataIn, type Kind, loginResponse, readyToTransfer, scsiResponse } from './pdus.ts';
import { type Heard, Peer, pairsOf } from './peer.ts';
import { cdb } from './raw-initiator.ts';
import { pairOf } from './suite.ts';

/** Declared, so that the other side does not answer it. */
const declarations = new Set(['MaxRecvDataSegmentLength', 'TargetPortalGroupTag', 'TargetAlias']);

/** A target that counts its own numbers, as long as a test does not say others. */
export class RawTarget extends Peer {
  statSn = 0x1000;
  expCmdSn = 0;
  /** Commands taken at once. */
  depth = 64;

  protected override took(kind: Kind, header: Uint8Array): void {
    const { cmdSn } = NopOut.decode(header); // at the same place in all requests
    const { immediate, opcode } = Header.decode(header);
    if (kind === 'loginRequest') this.expCmdSn = cmdSn;
    else if (kind === 'dataOut' || kind === 'snack' || opcode > InitiatorOpcode.snack) return;
    else if (!immediate && cmdSn === this.expCmdSn) this.expCmdSn++;
  }

  /** Of a PDU that takes a StatSN. */
  numbered() {
    return { ...this.unnumbered(), statSn: this.statSn++ };
  }

  /** Of one that takes none. */
  unnumbered() {
    return { statSn: this.statSn, expCmdSn: this.expCmdSn, maxCmdSn: this.expCmdSn + this.depth - 1 };
  }

  /** The next login request, answered with these keys and fields; T as it came unless said otherwise. */
  reply(keys: readonly string[], values: Parameters<typeof loginResponse>[0] = {}): Heard<'loginRequest'> {
    const request = this.expect('loginRequest');
    const { tag, isid, currentStage, nextStage, transit } = request;
    const stages = { transit, currentStage, nextStage };
    const text = encodeText(keys.map(pairOf));
    this.send(loginResponse({ ...this.numbered(), ...stages, tag, isid, ...values }, text));
    return request;
  }

  /** Answers the request of the security stage: nobody has to prove anything. */
  admit(): Heard<'loginRequest'> {
    return this.reply(['AuthMethod=None']);
  }

  /** Answers the request of the operational stage: as it says, except for these keys. */
  agree(keys: readonly string[]): Heard<'loginRequest'> {
    const request = this.expect('loginRequest');
    const ours = new Map(keys.map(pairOf));
    const pairs: Pair[] = [];
    for (const [key, value] of pairsOf(request.data)) {
      if (declarations.has(key)) continue;
      pairs.push([key, ours.get(key) ?? value.split(',')[0] ?? '']);
      ours.delete(key);
    }
    pairs.push(...ours);
    const { tag, isid, currentStage } = request;
    const stages = { transit: 1, currentStage, nextStage: Stage.fullFeature, tsih: 1 };
    this.send(loginResponse({ ...this.numbered(), ...stages, tag, isid }, encodeText(pairs)));
    const agreed = new Map(pairs);
    this.useDigests(agreed.get('HeaderDigest') === 'CRC32C', agreed.get('DataDigest') === 'CRC32C');
    return request;
  }

  /** The end of a command. */
  good(tag: number, values: Parameters<typeof scsiResponse>[0] = {}, data?: Uint8Array): void {
    this.send(scsiResponse({ ...this.numbered(), tag, ...values }, data));
  }

  data(tag: number, bytes: Uint8Array, values: Parameters<typeof dataIn>[0] = {}): void {
    const numbers = values?.hasStatus ? this.numbered() : { ...this.unnumbered(), statSn: 0 };
    this.send(dataIn({ ...numbers, tag, ...values }, bytes));
  }

  ask(tag: number, values: Parameters<typeof readyToTransfer>[0]): void {
    this.send(readyToTransfer({ ...this.unnumbered(), tag, transferTag: 1, ...values }));
  }

  /** The data-out that answers an R2T, or that comes unsolicited: one sequence. */
  sequence(tag: number): Heard<'dataOut'>[] {
    const pdus: Heard<'dataOut'>[] = [];
    do pdus.push(this.expect('dataOut'));
    while (!pdus.at(-1)?.final);
    for (const [index, one] of pdus.entries()) assert.deepEqual([one.tag, one.dataSn], [tag, index]);
    return pdus;
  }
}

export type Options = Omit<Partial<InitiatorOptions>, 'wishes'> & { readonly wishes?: Partial<Wishes> };

/** An initiator that has sent its first login request. */
export function caller({ wishes, ...options }: Options = {}) {
  const lab = new Lab(new ScriptedTarget());
  const { connection, told } = lab.initiator({ ...options, wishes: { ...defaultWishes, ...wishes } });
  const raw = new RawTarget(connection);
  connection.start();
  const submit = (set: (task: Task) => Task, lun = 0): Task => {
    const task = set(new Task().setCdb(cdb(0x28).slice(0, 10)));
    task.lun = lun;
    connection.tasks?.submit(task);
    return task;
  };
  const read = (length: number, lun = 0) => submit((task) => task.setDataIn(new Uint8Array(length)), lun);
  const write = (length: number, lun = 0) => submit((task) => task.setDataOut(pattern(length)), lun);
  return { lab, connection, told, raw, read, write, submit };
}

/** An initiator in full feature phase, with these answers to its offers. */
export function called(keys: readonly string[] = [], options: Options = {}, depth = 64) {
  const all = caller(options);
  all.raw.depth = depth;
  all.raw.admit();
  all.raw.agree(keys);
  assert.ok(all.told.ready, `the login failed: ${all.told.over}`);
  return all;
}

/** Bytes that say where they are. */
export const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i >> 2) & 0xff);
