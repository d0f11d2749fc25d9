/** CDBs, statuses and sense data in one line each, for traces and messages. Any bytes will do: nothing here throws. */

import { toHex } from '../bytes/hex.ts';
import { commandForm, commandSet } from './command-set.ts';
import { DeviceType } from './opcodes.ts';
import { AdditionalSense, SenseKey } from './sense.ts';
import { decodeSense, type FieldPointer } from './sense-data.ts';
import { Status } from './status.ts';

/** Name by number, spelt as the standards do: illegalRequest is ILLEGAL REQUEST. */
const spelt = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(
    Object.entries(table).map(([name, value]) => [value, name.replace(/([A-Z])/g, ' $1').toUpperCase()]),
  );

const statuses = spelt(Status);
const keys = spelt(SenseKey);
const codes = spelt(AdditionalSense);
const hexByte = (value: number) => `${value.toString(16).padStart(2, '0')}h`;
/** Fields that the title says, or that say nothing. */
const unsaid = new Set(['opcode', 'serviceAction', 'lun', 'control']);

/** For example "SEND MESSAGE(10) stream=6 length=28"; the bytes themselves where the device type has no such command. */
export function describeCdb(cdb: Uint8Array, deviceType: number = DeviceType.communications): string {
  const [opcode] = cdb;
  if (opcode === undefined) return 'empty CDB';
  const form = commandForm(commandSet(deviceType), cdb);
  if (!form || cdb.length < form.layout.size) {
    const what = form ? `${form.layout.title}, cut short` : `opcode ${hexByte(opcode)}`;
    return `${what}: ${toHex(cdb.subarray(0, 32), ' ')}`;
  }
  const fields = Object.entries(form.layout.decode(cdb)).filter(([name]) => !unsaid.has(name));
  return [form.layout.title, ...fields.map(([name, value]) => `${name}=${String(value)}`)].join(' ');
}

/** For example "CHECK CONDITION". */
export function describeStatus(status: number): string {
  return statuses.get(status) ?? `status ${hexByte(status)}`;
}

function describePointer({ in: where, byte, bit }: FieldPointer): string {
  return `, ${where === 'cdb' ? 'CDB' : 'data'} byte ${byte}${bit === undefined ? '' : ` bit ${bit}`}`;
}

/** For example "ILLEGAL REQUEST, INVALID FIELD IN CDB (5/24h/00h), CDB byte 1 bit 4". */
export function describeSense(bytes: Uint8Array): string {
  const sense = decodeSense(bytes);
  if (!sense) return bytes.length === 0 ? 'no sense data' : `sense data ${toHex(bytes.subarray(0, 32), ' ')}`;
  const { key, code, pointer, deferred } = sense;
  const keyName = keys.get(key) ?? `sense key ${key.toString(16)}`;
  const codeName = codes.get(code);
  const numbers = `${key.toString(16).toUpperCase()}/${hexByte(code >>> 8)}/${hexByte(code & 0xff)}`;
  return [
    deferred ? 'deferred ' : '',
    keyName,
    codeName === undefined ? '' : `, ${codeName}`,
    ` (${numbers})`,
    pointer ? describePointer(pointer) : '',
  ].join('');
}
