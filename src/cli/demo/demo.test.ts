import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noTaps } from '../../sys/lab.ts';

const skip = noTaps;
const program = fileURLToPath(new URL('../main.js', import.meta.url));

type Event = Readonly<Record<string, unknown>>;

/** Runs the demo; `seen` is called with each event, and may end it. */
async function run(args: readonly string[], seen: (event: Event, pid: number) => void = () => undefined) {
  const child = spawn(process.execPath, [program, 'demo', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const events: Event[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event: Event = JSON.parse(line);
    events.push(event);
    seen(event, child.pid ?? 0);
  });
  const [code]: unknown[] = await once(child, 'close');
  return { code, events };
}

/** The bus's directory and the hosts' processes are gone. */
function nothingIsLeft(events: readonly Event[]): void {
  const bus = String(events.find((event) => 'bus' in event)?.['bus']).slice('shm:'.length);
  assert.ok(bus.startsWith('/dev/shm/ipscsi-demo-'));
  assert.ok(!existsSync(bus), bus);
  const pids = events.flatMap((event) => (typeof event['pid'] === 'number' ? [event['pid']] : []));
  assert.ok(pids.length > 0);
  const running = readdirSync('/proc');
  for (const pid of pids) assert.ok(!running.includes(String(pid)), `${pid} is still there`);
}

test('the whole of it works, and leaves nothing behind', { skip, timeout: 60_000 }, async () => {
  const { code, events } = await run(['--no-bench', '--size', '4', '--hosts', '4']);
  assert.equal(code, 0, JSON.stringify(events.at(-1)));
  const ended = events.filter(({ event }) => event === 'end').map(({ step }) => step);
  assert.deepEqual(
    ended.filter((step) => step !== 'ping6'), // left out where IPv6 is switched off
    ['up', 'arp', 'ping', 'http', 'crash'],
  );
  assert.equal(events.at(-1)?.['event'], 'done');
  nothingIsLeft(events);
});

test('a signal ends it early, and leaves nothing behind', { skip, timeout: 30_000 }, async () => {
  const { code, events } = await run(['--no-bench'], ({ event, step }, pid) => {
    if (event === 'end' && step === 'up') process.kill(pid, 'SIGINT');
  });
  assert.equal(code, 130);
  nothingIsLeft(events);
});

test('a host that ends by itself is an error that names the step', { skip, timeout: 60_000 }, async () => {
  const { code, events } = await run(['--no-bench'], ({ pid, id, event, step }) => {
    if (id === 2 && event === 'found' && step === 'up') process.kill(Number(pid), 'SIGKILL');
  });
  assert.equal(code, 1);
  assert.match(String(events.at(-1)?.['message']), /failed at ".+": host 2 ended by itself \(SIGKILL\)/);
  nothingIsLeft(events);
});
