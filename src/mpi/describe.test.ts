import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import { VirtualClock } from '../time/clock.ts';
import { faulty } from '../transport/faults.ts';
import { MemoryBus } from '../transport/memory/bus.ts';
import { traced } from '../transport/trace.ts';
import { worldOf } from './communicator.ts';
import { describeMessage } from './describe.ts';
import { Engine } from './engine.ts';

const send10 = hex`2a 00 0000 0000 00 0018 00`;
const send12 = hex`aa 00 0000 0007 00000200 00 c0`;

it('a trace says what a message is', () => {
  const says = (envelope: Uint8Array) => describeMessage(send10, envelope);
  assert.equal(
    says(hex`01 00 0002 00000004 00000007 00000320 0000 0000 0000000b`),
    'eager, context 4, source 2, tag 7, 800 bytes, sequence 11',
  );
  assert.equal(
    says(hex`03 00 0000 00000000 00000001 00100000 0005 0000 00000001`),
    'long, context 0, source 0, tag 1, 1048576 bytes, message 5, sequence 1',
  );
  assert.equal(
    says(hex`05 00 0000 00000000 00000000 00000000 0005 0000 00000002`),
    'ready, message 5, sequence 2',
  );
  assert.match(says(hex`63 00 0000 00000000 00000000 00000000 0005 0000 00000002`) ?? '', /^kind 99, /);
  assert.equal(describeMessage(send12, new Uint8Array(512)), 'data of message 7, piece 3 modulo 4');
  assert.equal(describeMessage(hex`00 00 00 00 00 00`, new Uint8Array(0)), undefined);
});

it('a trace survives whatever passes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.uint8Array({ maxLength: 40 }),
      (cdb, data) => void describeMessage(cdb, data),
    ),
  );
});

it('ranks show each command that they send in one line, and refusals', () => {
  const bus = new MemoryBus({ name: 'mpi', width: 2 });
  const clock = new VirtualClock();
  const lines: string[] = [];
  const trace = {
    sink: (line: string) => lines.push(line),
    clock,
    terse: true,
    describeDataOut: describeMessage,
  };
  const first = faulty(bus.attach(0), { busy: 0.5 }, 3, clock);
  const ports = [traced(first, trace), traced(bus.attach(1), trace)];
  const engines = ports.map((port, rank) => new Engine({ port, rank, size: 2, eager: 64, piece: 512 }));
  const turn = () => {
    for (const engine of engines) engine.progress();
  };
  while (engines.some(({ complete }) => !complete)) turn();
  lines.length = 0;
  const [a, b] = engines.map(worldOf);
  assert.ok(a && b);
  const requests = [
    a.issend(new Uint8Array(5), 1, 7),
    a.isend(new Uint8Array(600), 1, 8),
    b.irecv(new Uint8Array(5), 0, 7),
    b.irecv(new Uint8Array(600), 0, 8),
  ];
  for (let i = 0; i < 100 && requests.some(({ done }) => !done); i++) turn();
  assert.ok(requests.every(({ done }) => done));
  const said = lines.map((line) => line.replace(/^0\.000 mpi /, '').replace(/ #\d+/, ''));
  const once = [...new Set(said.filter((line) => !line.includes(' = ')))];
  assert.deepEqual(once, [
    '0 > 1 SEND MESSAGE(10) stream=0 length=29, lun 0, 29 bytes out: synchronous, context 0, source 0, tag 7, 5 bytes, message 1, sequence 0',
    '0 > 1 SEND MESSAGE(10) stream=0 length=24, lun 0, 24 bytes out: long, context 0, source 0, tag 8, 600 bytes, message 2, sequence 1',
    '0 > 1 SEND MESSAGE(12) stream=2 length=512, lun 0, 512 bytes out: data of message 2, piece 0 modulo 4',
    '0 > 1 SEND MESSAGE(12) stream=2 length=88, lun 0, 88 bytes out: data of message 2, piece 1 modulo 4',
    '1 > 0 SEND MESSAGE(10) stream=0 length=24, lun 0, 24 bytes out: matched, message 1, sequence 0',
  ]);
  const refused = said.filter((line) => line.includes(' = '));
  assert.ok(refused.length > 0);
  for (const line of refused) assert.match(line, /^0 > 1 = BUSY(, residual \d+)?, after 0.000 ms$/);
});
