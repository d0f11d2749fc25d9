/** Carries out one command at a logical unit that is there, its unit attentions and its turn having been seen to. */

import { readBuffer, writeBuffer } from './buffers.ts';
import { RequestSense } from './cdb.ts';
import { commandForm } from './command-set.ts';
import { inquiry } from './inquiry.ts';
import type { ItlNexus } from './itl-nexus.ts';
import { type MessageForm, messageLength, messageReservedClear, messageStream } from './message-cdb.ts';
import { Opcode } from './opcodes.ts';
import { invalidField, malformed, unitAttention, unknownOpcode } from './refusals.ts';
import { reportLuns } from './report-luns.ts';
import { reportSupportedOperationCodes } from './report-supported-operation-codes.ts';
import { sendDiagnostic } from './send-diagnostic.ts';
import { AdditionalSense, SenseKey } from './sense.ts';
import { encodeSense } from './sense-data.ts';
import type { ServerTask } from './server-task.ts';
import { Status } from './status.ts';

type Handler = (task: ServerTask, itl: ItlNexus) => void;

/** Reports the gravest unit attention and clears it (SPC-4, REQUEST SENSE); sense of refusals went out with them. */
function requestSense(task: ServerTask, itl: ItlNexus): void {
  const { descriptorFormat, length } = RequestSense.decode(task.cdb);
  task.allocation = length;
  if (descriptorFormat) {
    task.refuse(invalidField(1, 0));
    return;
  }
  const attention = itl.attentions.take();
  const sense = attention === undefined ? noSense : unitAttention(attention);
  task.good(encodeSense(sense));
}
const noSense = { key: SenseKey.noSense, code: AdditionalSense.noAdditionalSenseInformation };

const handlers: Readonly<Record<number, Handler>> = {
  [Opcode.testUnitReady]: (task) => task.good(),
  [Opcode.requestSense]: requestSense,
  [Opcode.inquiry]: inquiry,
  [Opcode.sendDiagnostic]: sendDiagnostic,
  [Opcode.writeBuffer]: writeBuffer,
  [Opcode.readBuffer]: readBuffer,
  [Opcode.reportLuns]: (task, itl) => reportLuns(task, itl.luns),
  [Opcode.maintenanceIn]: reportSupportedOperationCodes,
};

/** Any command but a well-formed message: refuses it, or hands it to its handler. */
function executeByTable(task: ServerTask, itl: ItlNexus): void {
  const form = commandForm(itl.unit.commands, task.cdb);
  if (!form) {
    const known = itl.unit.commands.some(({ opcode }) => opcode === task.cdb[0]);
    task.refuse(known ? invalidField(1, 4) : unknownOpcode);
    return;
  }
  const refusal = malformed(form, task.cdb, task.cdbLength);
  if (refusal) {
    task.refuse(refusal);
    return;
  }
  const { model } = itl.unit;
  if (model?.admits(task, itl) === false) {
    task.dataOutWanted = 0;
    task.complete(Status.reservationConflict);
    return;
  }
  if (model?.execute(task, itl, form)) return;
  task.dataOutWanted = 0;
  const handler = handlers[form.opcode];
  if (handler) handler(task, itl);
  else task.refuse(unknownOpcode);
}

/** A message to us. What the CDB announces must be there; what is there beyond it is left over (a residual). */
function executeSend(task: ServerTask, itl: ItlNexus, form: MessageForm): void {
  const { cdb } = task;
  const length = messageLength(cdb, form);
  if (length > task.dataOutLength) {
    task.refuse(invalidField(form === 6 ? 2 : form === 10 ? 7 : 6), length);
    return;
  }
  task.dataOutWanted = length;
  itl.unit.service.send(task, form, messageStream(cdb, form), length);
}

function executeGet(task: ServerTask, itl: ItlNexus, form: MessageForm): void {
  const { cdb } = task;
  const length = messageLength(cdb, form);
  task.dataOutWanted = 0;
  task.allocation = length;
  task.waits = true;
  itl.unit.service.get(task, form, messageStream(cdb, form), length);
}

/** The task may have ended on return. Message commands take the short way: no view, no table, no allocation. */
export function execute(task: ServerTask, itl: ItlNexus): void {
  const { cdb } = task;
  const form = Number(itl.unit.messageForms[Number(cdb[0])]);
  const length = form < 0 ? -form : form;
  if (form === 0 || task.cdbLength < length || !messageReservedClear(cdb, length as MessageForm))
    executeByTable(task, itl);
  else if (form > 0) executeSend(task, itl, length as MessageForm);
  else executeGet(task, itl, length as MessageForm);
}
