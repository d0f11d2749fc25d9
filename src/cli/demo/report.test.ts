import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noColours } from '../colours.ts';
import { CliError } from '../failure.ts';
import { flagArguments } from './command.ts';
import { summarize } from './guest-protocol.ts';
import { reason } from './host-process.ts';
import { Progress, type Say } from './progress.ts';
import { reportLines } from './report.ts';

test('the table sets what was measured beside what was', () => {
  const lines = reportLines({
    ipscsi: { megabytesPerSecond: 1500, roundTrip: 120.4 },
    veth: { megabytesPerSecond: 1000, roundTrip: 60 },
    loopback: { megabytesPerSecond: 3000, roundTrip: 40 },
  });
  assert.deepEqual(lines, [
    'path                                 MB/s  round trip  half of it',
    'IP over SCSI, two hosts              1500      120 µs       60 µs',
    'kernel veth pair                     1000       60 µs       30 µs',
    'kernel loopback                      3000       40 µs       20 µs',
    'Around 2000:',
    'Fast Ethernet, two dual Pentium III  10.7                  350 µs',
    'between the two CPUs of one of them  28.0                  150 µs',
    'SCSI between PCs, direct (no IP)     23.0',
    'SCSI between PCs, TCP/IP             14.0',
    '',
    'One TCP stream; TCP ping-pong of 1 REAL (4 bytes), median. Old latencies are one way.',
    "IP over SCSI has 1.50 × veth's throughput and 0.50 × loopback's; its round trip is 2.01 × veth's.",
  ]);
});

test('times are summarized whatever their order', () => {
  assert.deepEqual(summarize([3, 1, 2]), { count: 3, min: 1, median: 2, p99: 3 });
  assert.throws(() => summarize([]), RangeError);
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), (samples) => {
      const { min, median, p99 } = summarize(samples);
      assert.ok(min === Math.min(...samples) && min <= median && median <= p99);
    }),
  );
});

test("a host's reason is its error line, or its words", () => {
  const line = JSON.stringify({
    event: 'error',
    message: 'ID 3 is taken',
    expected: 'a free one',
    hint: 'x',
  });
  assert.equal(reason(`noise\n${line}\n`), 'ID 3 is taken; expected a free one; x');
  assert.equal(reason('Segmentation fault\n'), 'Segmentation fault');
  assert.equal(reason(''), 'it said nothing');
  fc.assert(fc.property(fc.string(), (any) => reason(any).length > 0));
});

test('the user namespace gets the same flags', () => {
  assert.deepEqual(flagArguments({ hosts: 3, size: 64, bench: true }), [
    'demo',
    '--hosts',
    '3',
    '--size',
    '64',
  ]);
  assert.deepEqual(flagArguments({ keep: true, json: true, hosts: 5, size: 1, bench: false }), [
    ...['demo', '--keep', '--json', '--hosts', '5', '--size', '1', '--no-bench'],
  ]);
});

const never = new Promise<never>(() => undefined);
const found = async (say: Say) => say('found', { id: 2 });

test('progress, for people and for programs', async () => {
  const lines: string[] = [];
  const output = { colours: noColours, line: (text: string) => void lines.push(text) };
  await new Progress(output, false).step('arp', 'Address resolution', found, never);
  assert.deepEqual(lines.splice(0), ['1. Address resolution', '   ✓ found']);
  await new Progress(output, true).step('arp', 'Address resolution', found, never);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ event, step, id }) => [event, step, id]),
    [
      ['begin', 'arp', undefined],
      ['found', 'arp', 2],
      ['end', 'arp', undefined],
    ],
  );
});

test('a step that fails is named', async () => {
  const progress = new Progress({ colours: noColours, line: () => undefined }, false);
  const fail = () => Promise.reject(new Error('3 of 20 pings were lost'));
  await assert.rejects(
    progress.step('ping', 'ICMP ping', fail, never),
    (error) =>
      error instanceof CliError && /failed at "ICMP ping": 3 of 20 pings were lost/.test(error.message),
  );
  const died = Promise.reject(new Error('host 2 ended by itself (SIGKILL)'));
  await assert.rejects(
    progress.step('ping', 'ICMP ping', () => never, died),
    /"ICMP ping": host 2 ended/,
  );
});
