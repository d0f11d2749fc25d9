import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { silent } from '../../observe/logger.ts';
import { askAll, askLine, askPing, askStatus, controlIds, NoAnswer, NotRunning } from './client.ts';
import { fakeHost, fakeStatus } from './fake-host.ts';
import { longestRequest } from './protocol.ts';
import { ControlServer, controlPath } from './server.ts';

const directory = mkdtempSync(join(tmpdir(), 'ipscsi-control-'));
after(() => rmSync(directory, { recursive: true }));

const open = (id: number, host = fakeHost()) => ControlServer.open(directory, id, host, silent);

/** Writes bytes, ends its side, and gives all that comes back. */
function converse(path: string, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ path, allowHalfOpen: true }, () => socket.end(bytes));
    socket.on('data', (part) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(parts).toString()));
  });
}

describe('control socket', () => {
  it('answers status and ping', async () => {
    await using _server = await open(3);
    assert.deepEqual(await askStatus(directory, 3, 1000), JSON.parse(JSON.stringify(fakeStatus())));
    const ping = { do: 'ping', target: 5, count: 2, interval: 0, bytes: 0 } as const;
    assert.deepEqual(await askPing(directory, 3, ping, 1000), {
      sent: 2,
      received: 2,
      roundTripsUs: [10, 10],
    });
  });

  it('is for its user alone, and gone when it is closed', async () => {
    const server = await open(3);
    assert.equal(statSync(server.path).mode & 0o777, 0o600);
    assert.deepEqual(controlIds(directory), [3]);
    await server[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(directory), []);
    await assert.rejects(askStatus(directory, 3, 1000), NotRunning);
  });

  it('replaces what a dead host left, and leaves alone what a later one put there', async () => {
    for (const ending of ['', '.new']) writeFileSync(controlPath(directory, 3) + ending, '');
    const first = await open(3);
    const second = await open(3);
    await first[Symbol.asyncDispose]();
    assert.equal((await askStatus(directory, 3, 1000)).id, 3);
    await second[Symbol.asyncDispose]();
    assert.ok(!existsSync(second.path));
  });

  it('answers several requests in order, however they are cut', async () => {
    await using server = await open(3);
    const stream = '{"do":"ping","target":1}\nnonsense\n{"do":"status"}\n';
    const answers = (await converse(server.path, stream))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      answers.map(({ version, ok }) => [version, ok]),
      [
        [1, true],
        [1, false],
        [1, true],
      ],
    );
    assert.equal(answers[1].error.code, 'bad-request');
  });

  it('refuses lines without end', async () => {
    await using server = await open(3);
    const answer = JSON.parse(await converse(server.path, 'x'.repeat(longestRequest + 1)));
    assert.equal(answer.error.code, 'too-long');
  });

  it('survives hostile bytes', async () => {
    await using server = await open(3);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        for (const line of (await converse(server.path, bytes)).split('\n'))
          if (line !== '') assert.equal(JSON.parse(line).ok, false);
      }),
      { numRuns: 50 },
    );
    assert.equal((await askStatus(directory, 3, 1000)).id, 3);
  });

  it("passes a host's failure on", async () => {
    await using _server = await open(3, fakeHost({ status: () => Promise.reject(new Error('stopping')) }));
    await assert.rejects(askStatus(directory, 3, 1000), { name: 'Refusal', message: 'stopping' });
  });

  it('does not wait for a host that hangs, and closes while it does', async () => {
    await using _server = await open(3, fakeHost({ status: () => new Promise(() => undefined) }));
    await assert.rejects(askStatus(directory, 3, 20), NoAnswer);
    const [report] = await askAll(directory, 20);
    assert.equal(report?.state, 'no-answer');
  });

  it('says busy to more connections than it takes', async () => {
    const hanging = fakeHost({ status: () => new Promise(() => undefined) });
    await using server = await open(3, hanging);
    const asked = Array.from({ length: 33 }, () =>
      askLine(server.path, { do: 'status' }, 300).catch(() => 'none'),
    );
    const lines = await Promise.all(asked);
    assert.equal(lines.filter((line) => line.includes('"busy"')).length, 1);
    assert.equal(lines.filter((line) => line === 'none').length, 32);
  });

  it('does not believe a stranger on the other side', async () => {
    const stranger = createServer((socket) => socket.resume().end('{"ok":true,"status":{"id":"3"}}\n'));
    await new Promise<void>((resolve) => stranger.listen(controlPath(directory, 9), resolve));
    const [report] = await askAll(directory, 1000, [9]);
    assert.equal(report?.state, 'no-answer');
    await new Promise((resolve) => stranger.close(resolve));
  });
});
