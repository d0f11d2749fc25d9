import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { openTcmuPort, patienceOf, sweepTcmu } from './open.ts';
import type { TcmuOptions } from './options.ts';

const usual: TcmuOptions = {
  bus: 'lab',
  id: 1,
  width: 8,
  fabric: { kind: 'loopback' },
  peers: [{ id: 0 }],
};

it('holds commands for less time than the kernel or the fabric gives them', () => {
  assert.equal(patienceOf('loopback', [30, 45]), 20_000);
  assert.equal(patienceOf('fc', [30]), 2000, 'libfc asks after 3 s');
  assert.equal(patienceOf('fc', [1.5]), 1000);
});

describe('opening a TCMU port', () => {
  const wrong: Readonly<Record<string, Partial<TcmuOptions>>> = {
    'a bus whose name is a path': { bus: '../lab' },
    'a bus without a name': { bus: '' },
    'a bus with a long name': { bus: 'x'.repeat(65) },
    'an ID that is not on the bus': { id: 8 },
    'no peers': { peers: [] },
    'too many peers': { width: 64, peers: Array.from({ length: 31 }, (_, i) => ({ id: i + 2 })) },
    'a peer that is not on the bus': { peers: [{ id: 9 }] },
    'a peer with our ID': { peers: [{ id: 1 }] },
    'two peers with one ID': { peers: [{ id: 0 }, { id: 0 }] },
    'no time at all': { timeLimit: 0 },
    'a data area of no size': { dataArea: 0.5 },
  };
  for (const [what, options] of Object.entries(wrong)) {
    it(`refuses ${what}, before anything is touched`, () =>
      assert.throws(() => openTcmuPort({ ...usual, ...options }), {
        name: 'TcmuError',
        fault: 'bad-option',
      }));
  }
});

const skip = existsSync('/sys/kernel/config/target') && 'this machine has a target core';
it('sweeping finds nothing where Linux has no target core', { skip }, () =>
  assert.deepEqual(sweepTcmu(), []),
);
