/** The command that takes a packet over one hop: SEND MESSAGE(12) to the router's logical unit. Used again. */

import { CommunicationsOpcode } from '../../scsi/opcodes.ts';
import { Status } from '../../scsi/status.ts';
import { Task } from '../../transport/task.ts';
import type { Ended } from '../route/packet.ts';
import type { Buffer } from './buffers.ts';

/** The logical unit of routers. LUN 0 is the rank itself. */
export const routerLun = 1;

const nothing = new Uint8Array(0);
const ignored = () => undefined;

export class Carrier extends Task {
  buffer: Buffer | undefined = undefined;
  ended: (how: Ended) => void = ignored;

  constructor(over: (carrier: Carrier) => void) {
    super();
    this.lun = routerLun;
    this.setCdb(Uint8Array.of(CommunicationsOpcode.sendMessage12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    this.done = () => over(this);
  }

  /** The first `length` bytes of the buffer are the packet. */
  load(buffer: Buffer, length: number, ended: (how: Ended) => void): void {
    this.buffer = buffer;
    this.ended = ended;
    this.dataOut = buffer.bytes;
    this.dataOutLength = length;
    const { cdb } = this;
    cdb[6] = length >>> 24;
    cdb[7] = length >>> 16;
    cdb[8] = length >>> 8;
    cdb[9] = length;
  }

  unload(): void {
    this.dataOut = nothing;
    this.dataOutLength = 0;
    this.buffer = undefined;
    this.ended = ignored;
  }

  /** What became of the packet. */
  get how(): Ended {
    if (this.fault) return 'lost';
    switch (this.status) {
      case Status.good:
        return 'answered';
      case Status.conditionMet:
        return 'taken';
      case Status.busy:
      case Status.taskSetFull:
        return 'busy';
      default:
        return 'lost';
    }
  }
}
