import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { HostOptions } from '../../net/host.ts';
import { noColours } from '../colours.ts';
import { askStatus } from '../control/client.ts';
import { fakeHost } from '../control/fake-host.ts';
import { ExitCode } from '../exit-codes.ts';
import { readyLine, up } from './up.ts';

const directory = mkdtempSync(join(tmpdir(), 'ipscsi-up-'));
after(() => rmSync(directory, { recursive: true }));

const options: HostOptions = {
  bus: `shm:${directory}`,
  directory,
  carrier: { kind: 'shm' },
  id: 3,
  width: 16,
  lun: 0,
  interface: 'scsi0',
  addresses: ['10.90.0.3/24', 'fd90::3/64'],
  mtu: 65280,
  netns: undefined,
  guard: 'warn',
  pins: [],
  pull: 0,
  busyPoll: false,
  hostName: 'lab3',
  version: '0.1.0',
};
const settings = { json: false, logLevel: 'error' } as const;

/** Brings a fake host up; `ready` runs when its line is printed. */
async function upWith(host: ReturnType<typeof fakeHost>, ready: (stop: AbortController) => unknown) {
  const stop = new AbortController();
  const lines: string[] = [];
  let done: unknown;
  const line = (text: string) => {
    lines.push(text);
    done = ready(stop);
  };
  try {
    return {
      code: await up(options, settings, { colours: noColours, line }, stop.signal, async () => host),
      lines,
    };
  } finally {
    await done;
  }
}

describe('up', () => {
  it('says ready, serves its control socket, stops when told, and leaves nothing behind', async () => {
    const host = fakeHost();
    const { code, lines } = await upWith(host, async (stop) => {
      assert.equal((await askStatus(directory, 3, 1000)).id, 3);
      stop.abort('SIGTERM');
    });
    assert.equal(code, ExitCode.ok);
    assert.ok(host.stopped);
    assert.deepEqual(lines, [
      `scsi0 is ready: ID 3 on shm:${directory}, 02:53:43:a1:b2:03, MTU 65280, 10.90.0.3/24, fd90::3/64, pid ${process.pid}`,
    ]);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('fails when the host ends by itself', async () => {
    const host = fakeHost();
    await assert.rejects(
      upWith(host, () => host.end(new Error('interface removed'))),
      { name: 'HostError', code: 'ended', message: 'the host ended by itself: interface removed' },
    );
    assert.deepEqual(readdirSync(directory), []);
  });

  it('tells programs in JSON', () => {
    assert.deepEqual(JSON.parse(readyLine(fakeHost(), options, 42, true)), {
      event: 'ready',
      interface: 'scsi0',
      mac: '02:53:43:a1:b2:03',
      id: 3,
      bus: `shm:${directory}`,
      mtu: 65280,
      addresses: ['10.90.0.3/24', 'fd90::3/64'],
      pid: 42,
    });
  });
});
