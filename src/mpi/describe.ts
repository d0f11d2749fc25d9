/** What a command of docs/mpi-wire.md says, for a trace. */

import { CommunicationsOpcode } from '../scsi/opcodes.ts';
import { Envelope, envelopeBytes, Kind } from './envelope.ts';
import { pieceNumber } from './slots.ts';

const nameOf = (kind: number) =>
  Object.entries(Kind).find(([, number]) => number === kind)?.[0] ?? `kind ${kind}`;

/** For example "eager, context 0, source 2, tag 7, 800 bytes, sequence 11"; undefined: it is none of those commands. */
export function describeMessage(cdb: Uint8Array, data: Uint8Array): string | undefined {
  if (cdb[0] === CommunicationsOpcode.sendMessage12 && cdb.length === 12)
    return `data of message ${((cdb[4] as number) << 8) | (cdb[5] as number)}, piece ${pieceNumber(cdb)} modulo 4`;
  if (cdb[0] !== CommunicationsOpcode.sendMessage10 || data.length < envelopeBytes) return undefined;
  const { kind, source, context, tag, length, id, sequence } = Envelope.decode(data);
  const words = [nameOf(kind)];
  // Words back to a sender are about a message of its own: nothing but its number counts.
  if (kind !== Kind.ready && kind !== Kind.matched)
    words.push(`context ${context}`, `source ${source}`, `tag ${tag}`, `${length} bytes`);
  if (kind !== Kind.eager) words.push(`message ${id}`);
  return [...words, `sequence ${sequence}`].join(', ');
}
