/** A logical unit of one's own behind an iSCSI target, in a few lines: INQUIRY says what it is, READ(6) gives its text. */

import assert from 'node:assert/strict';
import { type Command, connect, createTarget, discover, Status, type Target } from '../src/iscsi.ts';

const text = new TextEncoder().encode('hello over SCSI');
const identity = new TextEncoder().encode('\x03\x00\x06\x02\x1f\x00\x00\x02ipscsi  greeter         1.0 ');
const answers: Readonly<Record<number, (command: Command) => void>> = {
  0: (command) => command.complete(Status.good),
  8: (command) => command.complete(Status.good, undefined, text),
  18: (command) => command.complete(Status.good, undefined, identity),
};
const device: Target = {
  command(command) {
    const answer = answers[Number(command.cdb[0])];
    if (answer) answer(command);
    else command.complete(Status.busy);
  },
  manage: () => 0,
  nexusEstablished: (nexus) => console.log(`target: ${nexus.name} logged in`),
  nexusLost: (nexus) => console.log(`target: ${nexus.name} is gone`),
};

await using target = await createTarget({
  name: 'iqn.2026-01.org.example:greeter',
  portals: ['127.0.0.1:0'],
  device,
  chap: { users: { alice: 'a secret of hers' }, own: { name: 'greeter', secret: 'the other secret' } },
});
const chap = {
  name: 'alice',
  secret: 'a secret of hers',
  target: { name: 'greeter', secret: 'the other secret' },
};
const [found] = await discover({ portal: target.address, chap });
assert.deepEqual(found, { name: target.name, addresses: [`${target.address},1`] });
await using session = await connect({ portal: target.address, target: target.name, chap });
const { status, dataIn } = await session.execute({ cdb: Uint8Array.of(8, 0, 0, 0, 32, 0), dataIn: 32 });
assert.deepEqual([status, new TextDecoder().decode(dataIn)], [Status.good, 'hello over SCSI']);
console.log(`initiator: ${new TextDecoder().decode(dataIn)}`);
