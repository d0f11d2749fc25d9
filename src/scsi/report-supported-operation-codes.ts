/** REPORT SUPPORTED OPERATION CODES (SPC-4), answered from the command table. */

import { bits, struct, u8, u16, u32 } from '../bytes/fields.ts';
import { ReportSupportedOperationCodes } from './cdb.ts';
import type { CommandForm } from './command-set.ts';
import type { ItlNexus } from './itl-nexus.ts';
import { invalidField } from './refusals.ts';
import type { ServerTask } from './server-task.ts';

/** REPORTING OPTIONS. */
const Reporting = { all: 0, opcode: 1, opcodeAndAction: 2, either: 3 } as const;

/** One command in the list of all. */
export const CommandDescriptor = struct('command descriptor', 8, {
  opcode: u8(0),
  serviceAction: u16(2),
  timeoutsFollow: bits(5, 1), // CTDP
  actionValid: bits(5, 0), // SERVACTV
  cdbLength: u16(6),
});

/** What comes before the usage data of one command. */
export const OneCommand = struct('one command', 4, {
  timeoutsFollow: bits(1, 7), // CTDP
  support: bits(1, 2, 0),
  cdbSize: u16(2),
});

/** Command timeouts descriptor; 0 seconds: none is stated. */
export const CommandTimeouts = struct('command timeouts descriptor', 12, {
  length: u16(0),
  commandSpecific: u8(3),
  nominal: u32(4),
  recommended: u32(8),
});

const ListHeader = struct('list of all commands', 4, { length: u32(0) });
/** SUPPORT. */
const notSupported = 1;
const asStandard = 3;

const timeouts = (form: CommandForm) =>
  CommandTimeouts.encode({ length: CommandTimeouts.size - 2, recommended: form.recommendedTimeout });

function all(forms: readonly CommandForm[], withTimeouts: boolean): Uint8Array {
  const each = CommandDescriptor.size + (withTimeouts ? CommandTimeouts.size : 0);
  const data = new Uint8Array(ListHeader.size + each * forms.length);
  ListHeader.encode({ length: each * forms.length }, data);
  for (const [i, form] of forms.entries()) {
    const at = ListHeader.size + each * i;
    CommandDescriptor.encode(
      {
        opcode: form.opcode,
        serviceAction: form.serviceAction ?? 0,
        timeoutsFollow: withTimeouts ? 1 : 0,
        actionValid: form.serviceAction === undefined ? 0 : 1,
        cdbLength: form.usage.length,
      },
      data.subarray(at),
    );
    if (withTimeouts) data.set(timeouts(form), at + CommandDescriptor.size);
  }
  return data;
}

function one(form: CommandForm | undefined, withTimeouts: boolean): Uint8Array {
  if (!form) return OneCommand.encode({ support: notSupported });
  const { usage } = form;
  const data = new Uint8Array(OneCommand.size + usage.length + (withTimeouts ? CommandTimeouts.size : 0));
  OneCommand.encode(
    { timeoutsFollow: withTimeouts ? 1 : 0, support: asStandard, cdbSize: usage.length },
    data,
  );
  data.set(usage, OneCommand.size);
  if (withTimeouts) data.set(timeouts(form), OneCommand.size + usage.length);
  return data;
}

export function reportSupportedOperationCodes(task: ServerTask, { unit }: ItlNexus): void {
  const cdb = ReportSupportedOperationCodes.decode(task.cdb);
  const { options, requestedOpcode: opcode, requestedAction: action } = cdb;
  const withTimeouts = cdb.timeouts === 1;
  task.allocation = cdb.length;
  if (options === Reporting.all) {
    task.good(all(unit.commands, withTimeouts));
    return;
  }
  const forms = unit.commands.filter((form) => form.opcode === opcode);
  const hasActions = forms.some((form) => form.serviceAction !== undefined);
  if (options > Reporting.either) task.refuse(invalidField(2, 2));
  else if (options === Reporting.opcode && hasActions) task.refuse(invalidField(2, 2));
  else if (options === Reporting.opcodeAndAction && forms.length !== 0 && !hasActions)
    task.refuse(invalidField(2, 2));
  else {
    const wanted = options === Reporting.opcode ? undefined : hasActions ? action : undefined;
    const found = forms.find((form) => form.serviceAction === wanted);
    const named = options === Reporting.either && !hasActions && action !== 0 ? undefined : found;
    task.good(one(named, withTimeouts));
  }
}
