/** Which commands a device type has: one table for the device server, REPORT SUPPORTED OPERATION CODES and describe(). */

import type { Fields } from '../bytes/fields.ts';
import * as cdb from './cdb.ts';
import * as message from './message-cdb.ts';
import { CommunicationsOpcode, DeviceType, MaintenanceInAction, Opcode, ProcessorOpcode } from './opcodes.ts';

/** What we need of a CDB's struct(). */
interface CdbLayout {
  readonly title: string;
  readonly size: number;
  readonly fields: Fields;
  decode(bytes: Uint8Array): object;
}

/** One command of a device type. */
export interface CommandForm {
  readonly layout: CdbLayout;
  readonly opcode: number;
  readonly serviceAction: number | undefined;
  /**
   * Per byte, the bits that are not reserved (SPC-4 "CDB usage data"): the opcode in byte 0, the service action in
   * byte 1 where there is one. The control byte is 00h: we accept nothing in it.
   */
  readonly usage: Uint8Array;
  /** Seconds after which an initiator may despair of it; 0: never. */
  readonly recommendedTimeout: number;
}

const usual = 30;

/** A command of the table: its usage data follows from its layout. */
export function form(
  layout: CdbLayout,
  opcode: number,
  more: { action?: number; timeout?: number } = {},
): CommandForm {
  const usage = new Uint8Array(layout.size);
  for (const [name, field] of Object.entries(layout.fields)) {
    if (name === 'control' || name === 'lun') continue;
    for (let i = field.at; i < field.at + field.size; i++) usage[i] = Number(usage[i]) | field.mask;
  }
  usage[0] = opcode;
  if (more.action !== undefined) usage[1] = more.action;
  return {
    layout,
    opcode,
    serviceAction: more.action,
    usage,
    recommendedTimeout: more.timeout ?? usual,
  };
}

export const primary: readonly CommandForm[] = [
  form(cdb.TestUnitReady, Opcode.testUnitReady),
  form(cdb.RequestSense, Opcode.requestSense),
  form(cdb.Inquiry, Opcode.inquiry),
  form(cdb.SendDiagnostic, Opcode.sendDiagnostic),
  form(cdb.WriteBuffer, Opcode.writeBuffer),
  form(cdb.ReadBuffer, Opcode.readBuffer, { timeout: 0 }),
  form(cdb.ReportLuns, Opcode.reportLuns),
  form(cdb.ReportSupportedOperationCodes, Opcode.maintenanceIn, {
    action: MaintenanceInAction.reportSupportedOperationCodes,
  }),
];

const communications: readonly CommandForm[] = [
  form(message.GetMessage6, CommunicationsOpcode.getMessage6, { timeout: 0 }),
  form(message.SendMessage6, CommunicationsOpcode.sendMessage6),
  form(message.GetMessage10, CommunicationsOpcode.getMessage10, { timeout: 0 }),
  form(message.SendMessage10, CommunicationsOpcode.sendMessage10),
  form(message.GetMessage12, CommunicationsOpcode.getMessage12, { timeout: 0 }),
  form(message.SendMessage12, CommunicationsOpcode.sendMessage12),
];

const processor: readonly CommandForm[] = [
  form(message.Receive, ProcessorOpcode.receive, { timeout: 0 }),
  form(message.Send, ProcessorOpcode.send),
];

export const byOpcode = (forms: readonly CommandForm[]): readonly CommandForm[] =>
  [...forms].sort((a, b) => a.opcode - b.opcode);

const sets: Readonly<Record<number, readonly CommandForm[]>> = {
  [DeviceType.communications]: byOpcode([...primary, ...communications]),
  [DeviceType.processor]: byOpcode([...primary, ...processor]),
};
const primarySet = byOpcode(primary);

/** The commands of a device type, by opcode; of other types than ours those that all types have. */
export function commandSet(deviceType: number): readonly CommandForm[] {
  return sets[deviceType] ?? primarySet;
}

/** The command that a CDB means; undefined when the device type has none such. */
export function commandForm(forms: readonly CommandForm[], bytes: Uint8Array): CommandForm | undefined {
  const opcode = bytes[0];
  return forms.find(
    (one) =>
      one.opcode === opcode &&
      (one.serviceAction === undefined || one.serviceAction === (Number(bytes[1]) & 0x1f)),
  );
}

/** Message commands by opcode: the form's length, negative for those that fetch; 0 for other commands. */
export function messageForms(deviceType: DeviceType): Int8Array {
  const forms = new Int8Array(0x100);
  if (deviceType === DeviceType.communications) {
    forms[CommunicationsOpcode.getMessage6] = -6;
    forms[CommunicationsOpcode.sendMessage6] = 6;
    forms[CommunicationsOpcode.getMessage10] = -10;
    forms[CommunicationsOpcode.sendMessage10] = 10;
    forms[CommunicationsOpcode.getMessage12] = -12;
    forms[CommunicationsOpcode.sendMessage12] = 12;
  } else if (deviceType === DeviceType.processor) {
    forms[ProcessorOpcode.receive] = -6;
    forms[ProcessorOpcode.send] = 6;
  }
  return forms;
}
