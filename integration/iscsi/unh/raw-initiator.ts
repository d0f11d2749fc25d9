/** Our target, and an initiator that says exactly what a test wants. */

import assert from 'node:assert/strict';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { ramDisk } from '../../../src/scsi/block/unit.ts';
import type { Target } from '../../../src/scsi/command.ts';
import { DeviceServer } from '../../../src/scsi/device-server.ts';
import { decodeSense, type Sense } from '../../../src/scsi/sense-data.ts';
import { Status } from '../../../src/scsi/status.ts';
import { reservedTag, Stage } from '../../../src/transport/iscsi/opcodes.ts';
import * as layouts from '../../../src/transport/iscsi/pdu.ts';
import type { TargetNodeOptions } from '../../../src/transport/iscsi/target-node.ts';
import { Lab, targetName } from '../../../src/transport/iscsi/testing-wire.ts';
import { encodeText, type Pair } from '../../../src/transport/iscsi/text.ts';
import { dataOut, type Kind, loginRequest, scsiCommand } from './pdus.ts';
import { type Damage, type Heard, Peer } from './peer.ts';
import { pairOf } from './suite.ts';

export const blockSize = 512;
export const initiatorName = 'iqn.2026-01.org.example:i';
const whoTo = (target: string): readonly Pair[] => [
  ['InitiatorName', initiatorName],
  ['TargetName', target],
];
export const who = whoTo(targetName);

type Command = Parameters<typeof scsiCommand>[0];

interface Numbers {
  /** It took a StatSN. */
  readonly numbered: boolean;
  readonly statSn: number;
  readonly expCmdSn: number;
  readonly maxCmdSn: number;
}

/** An initiator that counts its own CmdSN and tags, as long as a test does not say others. */
export class RawInitiator extends Peer {
  cmdSn = 1;
  expStatSn = 0;
  /** False: what comes is not acknowledged. */
  acknowledges = true;
  /** The serial numbers of all that was looked at. */
  readonly history: Numbers[] = [];
  #nextTag = 0x100;

  protected override took(kind: Kind, header: Uint8Array): void {
    const numbered =
      kind === 'dataIn'
        ? layouts.DataIn.decode(header).hasStatus === 1
        : kind === 'nopIn'
          ? layouts.NopIn.decode(header).tag !== reservedTag
          : kind !== 'readyToTransfer';
    const { statSn, expCmdSn, maxCmdSn } = layouts.ScsiResponse.decode(header); // at the same place in all
    this.history.push({ numbered, statSn, expCmdSn, maxCmdSn });
    if (numbered && this.acknowledges) this.expStatSn = (statSn + 1) >>> 0;
  }

  newTag(): number {
    return this.#nextTag++;
  }

  /** Numbers of a request that takes its place in the window, and a tag. */
  numbered() {
    return { tag: this.newTag(), cmdSn: this.cmdSn++, expStatSn: this.expStatSn };
  }

  /** Numbers of an immediate request, and a tag. */
  immediate() {
    return { immediate: 1, tag: this.newTag(), cmdSn: this.cmdSn, expStatSn: this.expStatSn };
  }

  /** Asks for full feature phase at once. */
  sendLogin(keys: readonly string[], target = targetName, first: readonly Pair[] = whoTo(target)): void {
    const stages = { transit: 1, currentStage: Stage.operational, nextStage: Stage.fullFeature };
    const pairs = [...first, ...keys.map(pairOf)];
    this.send(loginRequest({ ...stages, cmdSn: this.cmdSn }, encodeText(pairs)));
  }

  /** Logs in with one request; gives the response. */
  login(keys: readonly string[], first: readonly Pair[] = who): Heard<'loginResponse'> {
    this.sendLogin(keys, targetName, first);
    const response = this.expect('loginResponse');
    if (response.transit && response.nextStage === Stage.fullFeature)
      this.useDigests(
        response.text.get('HeaderDigest') === 'CRC32C',
        response.text.get('DataDigest') === 'CRC32C',
      );
    return response;
  }

  /** Sends a SCSI command; gives its tag. */
  command(values: Command, data?: Uint8Array, damage?: Damage): number {
    const numbers = values?.immediate ? this.immediate() : this.numbered();
    const all = { ...numbers, ...values };
    this.send(scsiCommand(all, data), damage);
    return all.tag;
  }

  read(blocks: number, values: Command = {}): number {
    const expectedLength = blocks * blockSize;
    return this.command({ read: 1, expectedLength, cdb: access10(0x28, blocks), ...values });
  }

  write(blocks: number, values: Command = {}, data?: Uint8Array, damage?: Damage): number {
    const expectedLength = blocks * blockSize;
    return this.command({ write: 1, expectedLength, cdb: access10(0x2a, blocks), ...values }, data, damage);
  }

  /** Answers an R2T in one PDU. */
  answer(r2t: Heard<'readyToTransfer'>, data: Uint8Array, values: Parameters<typeof dataOut>[0] = {}): void {
    const { tag, transferTag, lun, offset } = r2t;
    const expStatSn = this.expStatSn;
    this.send(dataOut({ final: 1, tag, transferTag, lun, offset, expStatSn, ...values }, data));
  }

  /** A write whose data is all asked for. */
  wholeWrite(blocks: number, values: Command = {}): void {
    const tag = this.write(blocks, values);
    for (const r2t of this.all('readyToTransfer')) this.answer(r2t, bytes(r2t.desiredLength));
    this.ends(tag);
  }

  /** The next answer must be the end of this command. */
  ends(tag: number, status: Status = Status.good): Heard<'scsiResponse'> {
    const response = this.expect('scsiResponse');
    assert.deepEqual([response.tag, response.response, response.status], [tag, 0, status]);
    return response;
  }

  /** The command ends with CHECK CONDITION and this additional sense. */
  refused(tag: number, sense: number): void {
    const response = this.ends(tag, Status.checkCondition);
    assert.equal(senseOf(response.data)?.code, sense);
  }

  /** All data of a read: in order, and with status in the end. Gives its PDUs. */
  reads(tag: number, length: number): Heard<'dataIn'>[] {
    const pdus = this.all('dataIn');
    let offset = 0;
    for (const [index, one] of pdus.entries()) {
      assert.deepEqual([one.tag, one.dataSn, one.offset], [tag, index, offset]);
      offset += one.data.length;
    }
    assert.equal(offset, length);
    const last = pdus.at(-1);
    if (last?.hasStatus) assert.equal(last.status, Status.good);
    else this.ends(tag);
    return pdus;
  }

  /** What every session of the public suites begins with. */
  greet(): void {
    this.reads(this.command({ read: 1, expectedLength: 36, cdb: cdb(0x12, 0, 0, 0, 36) }), 36);
    this.ends(this.command({ cdb: cdb(0x00) }));
    this.reads(this.command({ read: 1, expectedLength: 8, cdb: cdb(0x25) }), 8);
  }
}

/** Sense data as a response carries it: its length first. */
export const senseOf = (data: Uint8Array): Sense | undefined => decodeSense(data.subarray(2));

export const cdb = (...bytes: number[]): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);
const access10 = (opcode: number, blocks: number) =>
  cdb(opcode, 0, 0, 0, 0, 0, 0, blocks >>> 8, blocks & 0xff);
export const bytes = (length: number, value = 0x5a): Uint8Array => new Uint8Array(length).fill(value);

const disk = (): DeviceServer =>
  new DeviceServer(
    new Map([
      [
        0,
        ramDisk({
          identity: { vendor: 'IPSCSI', product: 'RAM disk', revision: '0.1', serial: '1' },
          blocks: 2048,
        }),
      ],
    ]),
    { powerOnUnitAttention: false },
  );

/** A target of ours and a connection to it; nothing was said yet. */
export function strangers<D extends Target>(
  device: D,
  options: Partial<TargetNodeOptions> = {},
  lab = new Lab<D>(device, options),
) {
  const connection = lab.connection();
  return { lab, device, connection, raw: new RawInitiator(connection) };
}

/** A session with a RAM disk in full feature phase, and the answers to the keys. */
export function session(keys: readonly string[] = [], options: Partial<TargetNodeOptions> = {}) {
  const all = strangers(disk(), options);
  const login = all.raw.login(keys);
  assert.equal(login.status, 0, 'the login failed');
  return { ...all, login };
}

/** The same with a device that does nothing by itself. */
export function scripted(keys: readonly string[] = [], options: Partial<TargetNodeOptions> = {}) {
  const all = strangers(new ScriptedTarget(), options);
  const login = all.raw.login(keys);
  assert.equal(login.status, 0, 'the login failed');
  return { ...all, login };
}

/** A discovery session in full feature phase. */
export function discovery(keys: readonly string[] = [], options: Partial<TargetNodeOptions> = {}) {
  const all = strangers(disk(), options);
  const first: Pair[] = [
    ['InitiatorName', initiatorName],
    ['SessionType', 'Discovery'],
  ];
  assert.equal(all.raw.login(keys, first).status, 0, 'the login failed');
  return all;
}
