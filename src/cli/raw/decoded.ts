/** What the answers to INQUIRY and READ CAPACITY say: as members for JSON, and in words. */

import { Capacity10, Capacity16, ServiceActionIn16 } from '../../scsi/block/cdb.ts';
import { Inquiry } from '../../scsi/cdb.ts';
import { BlockOpcode, Opcode } from '../../scsi/opcodes.ts';
import { Status } from '../../scsi/status.ts';
import type { Outcome } from '../../transport/transport.ts';
import { identityOf, typeName } from '../scan/device.ts';
import { printable } from '../table.ts';
import { formatBytes } from '../units.ts';

export interface Decoded {
  readonly members: Readonly<Record<string, string | number | boolean>>;
  readonly line: string;
}

/** Undefined: another command, another status, or an answer cut short. */
export function decoded(cdb: Uint8Array, outcome: Outcome): Decoded | undefined {
  if (outcome.status !== Status.good) return undefined;
  switch (cdb[0]) {
    case Opcode.inquiry:
      return inquiry(cdb, outcome);
    case BlockOpcode.readCapacity10:
      return capacity10(outcome.dataIn);
    case BlockOpcode.serviceActionIn16:
      return capacity16(cdb, outcome.dataIn);
    default:
      return undefined;
  }
}

function inquiry(cdb: Uint8Array, outcome: Outcome): Decoded | undefined {
  if (cdb.length < Inquiry.size || Inquiry.over(cdb).vitalProductData) return undefined;
  const identity = identityOf(outcome);
  if (!identity) return undefined;
  const { type, vendor, product, revision } = identity;
  const words = [typeName(type), vendor, product, revision].filter((word) => word !== '');
  return { members: { ...identity, typeName: typeName(type) }, line: printable(words.join(', ')) };
}

/** The last address that READ CAPACITY(10) can say stands for all that are greater (SBC-3 §5.15). */
const beyond10 = 0xffffffff;

function capacity10(dataIn: Uint8Array): Decoded | undefined {
  if (dataIn.length < Capacity10.size) return undefined;
  const { lastLba, blockLength } = Capacity10.decode(dataIn);
  if (lastLba < beyond10) return size(BigInt(lastLba) + 1n, blockLength);
  return {
    members: { blockLength },
    line: `more blocks of ${blockLength} bytes than READ CAPACITY(10) can say`,
  };
}

/** Service action of SERVICE ACTION IN(16) (SBC-3 §5.16). */
const readCapacity16 = 0x10;

function capacity16(cdb: Uint8Array, dataIn: Uint8Array): Decoded | undefined {
  if (cdb.length < ServiceActionIn16.size || ServiceActionIn16.over(cdb).action !== readCapacity16)
    return undefined;
  if (dataIn.length < Capacity16.size) return undefined;
  const { lastLba, blockLength, physicalExponent, provisioned } = Capacity16.decode(dataIn);
  const { members, line } = size(lastLba + 1n, blockLength);
  const physicalBlockLength = blockLength * 2 ** physicalExponent;
  const more = [
    physicalExponent > 0 ? `; physical blocks of ${physicalBlockLength} bytes` : '',
    provisioned ? '; thinly provisioned' : '',
  ];
  return {
    members: { ...members, physicalBlockLength, thin: provisioned === 1 },
    line: line + more.join(''),
  };
}

function size(blocks: bigint, blockLength: number): Decoded {
  const bytes = formatBytes(Number(blocks) * blockLength);
  return {
    members: { blocks: Number(blocks), blockLength },
    line: `${blocks} blocks of ${blockLength} bytes: ${bytes}`,
  };
}
