/**
 * A process that serves a communications or processor device over TCMU, until it gets SIGTERM. Arguments: TcmuOptions as
 * JSON, then "communications" or "processor". A message that is sent to it is given to who asks next; who asks when there
 * is none waits. Says "up" and the sg node.
 */

import { setImmediate as turn } from 'node:timers/promises';
import type { Command } from '../../../src/scsi/command.ts';
import { DeviceServer } from '../../../src/scsi/device-server.ts';
import { communicationsUnit, processorUnit } from '../../../src/scsi/logical-unit.ts';
import type { MessageService } from '../../../src/scsi/message-service.ts';
import { Status } from '../../../src/scsi/status.ts';
import { dropCapabilities } from '../../../src/sys/privileges.ts';
import { loopbackNode, openTcmuPort } from '../../../src/transport/tcmu/open.ts';
import type { TcmuOptions } from '../../../src/transport/tcmu/options.ts';

interface Waiting {
  readonly command: Command;
  readonly length: number;
}

class Post implements MessageService {
  readonly #messages: Uint8Array[] = [];
  #waiting: Waiting[] = [];

  send(command: Command, _form: number, _stream: number, length: number): void {
    const from = command.dataOutOffset;
    this.#messages.push(command.dataOut.slice(from, from + length));
    command.complete(Status.good);
    this.#give();
  }

  get(command: Command, _form: number, _stream: number, length: number): void {
    this.#waiting.push({ command, length });
    this.#give();
    if (this.#waiting.length > 0) console.log(`waits ${this.#waiting.length}`);
  }

  cancelled(command: Command): void {
    this.#waiting = this.#waiting.filter((one) => one.command !== command);
    console.log('cancelled');
  }

  #give(): void {
    while (this.#messages.length > 0 && this.#waiting.length > 0) {
      const message = this.#messages.shift() as Uint8Array;
      const { command, length } = this.#waiting.shift() as Waiting;
      command.complete(Status.good, undefined, message.subarray(0, length));
    }
  }
}

const [json = '{}', kind] = process.argv.slice(2);
const options = JSON.parse(json) as TcmuOptions;
const identity = {
  vendor: 'IPSCSI',
  product: 'VM test',
  revision: '0.1',
  serial: `${options.bus}-${options.id}`,
};
const unit = { identity, service: new Post(), messageBufferId: 3 };
const port = openTcmuPort(options);
dropCapabilities(); // as a host's thread does
port.target = new DeviceServer(
  new Map([[0, kind === 'processor' ? processorUnit(unit) : communicationsUnit(unit)]]),
  { powerOnUnitAttention: false },
);
port.onFailure = (failure) => console.log(`failed: ${failure}`);
let stopping = false;
process.on('SIGTERM', () => {
  stopping = true;
});
let said = false;
while (!stopping) {
  if (port.poll() === 0) port.wait(20);
  if (!said && port.fabric !== 'pending') {
    said = true;
    console.log(port.failure ?? `up ${options.peers.map(({ id }) => loopbackNode(port, id)).join(' ')}`);
  }
  await turn();
}
console.log(JSON.stringify(port.counters));
port[Symbol.dispose]();
console.log('gone');
