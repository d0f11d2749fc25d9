/** One command to one device, whatever it is: for tools that look about. */

import { closeSync } from 'node:fs';
import { SystemError } from '../../sys/libc.ts';
import { Window } from '../../sys/memory.ts';
import { openSgFile, SgIoHeader, sgHungUp, sgRead, sgReadable, sgWrite } from '../../sys/sg.ts';
import { Task } from '../task.ts';
import { type Outcome, type Request, TransportError } from '../transport.ts';
import { sgError } from './errors.ts';
import { Slot, slotSize } from './slot.ts';
import { defaultTimeouts } from './timeouts.ts';
import { verdictOf } from './verdict.ts';

/** What the kernel's error handling may take beyond a command's own time. */
const handlingMs = 120_000;

/**
 * Sends a command and waits for the answer. A first command often meets a unit attention: that is an answer.
 * @throws SgError the device can't be used; TransportError no answer came
 */
export async function sendOnceSg(
  path: string,
  request: Request,
  timeoutMs: number = defaultTimeouts.usualMs,
): Promise<Outcome> {
  const { cdb, dataOut, dataIn = 0 } = request;
  const task = new Task().setCdb(cdb).setDataIn(new Uint8Array(dataIn));
  if (dataOut) task.setDataOut(dataOut);
  if (task.dataOutLength > 0 && dataIn > 0)
    throw new TransportError('too-large', `${path}: a command has data-out or data-in, not both`);
  const memory = Window.own(2 * slotSize);
  const slot = new Slot(0, memory.bytes.subarray(0, slotSize));
  const answer = SgIoHeader.over(memory.bytes.subarray(slotSize));
  let fd = -1;
  try {
    fd = openSgFile(path);
    slot.load(task, timeoutMs);
    const refused = sgWrite(fd, slot.headerAddress);
    if (refused !== 0) throw new SystemError('write', path, refused);
    await sgReadable(fd, timeoutMs + handlingMs);
    const failed = sgRead(fd, memory.address + slotSize);
    if (failed !== 0)
      throw new TransportError(
        sgHungUp(fd) ? 'nexus-lost' : 'aborted',
        new SystemError('read', path, failed).message,
      );
    return outcomeOf(path, task, slot, answer);
  } catch (error) {
    throw error instanceof TransportError ? error : sgError(path, error);
  } finally {
    if (fd >= 0) closeSync(fd); // what is still under way touches our memory no more
    slot.release();
    memory.release();
  }
}

function outcomeOf(path: string, task: Task, slot: Slot, answer: Parameters<Slot['settle']>[1]): Outcome {
  const { hostStatus, driverStatus } = answer;
  const verdict = verdictOf(hostStatus, driverStatus);
  if (verdict !== 'answered')
    throw new TransportError(
      verdict === 'gone' ? 'nexus-lost' : verdict,
      `${path}: no answer; host status ${hostStatus.toString(16)}h, driver status ${driverStatus.toString(16)}h`,
    );
  slot.settle(task, answer);
  return {
    status: task.status,
    sense: task.sense.slice(0, task.senseLength),
    dataIn: task.dataIn.slice(0, task.dataInTransferred),
    residual: task.residual,
  };
}
