/** Thousands of hosts coming and going beside one that stays, which must end up holding what it began with. */

import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { configure } from './lab/configure.ts';
import { type Holdings, holdings, leaks } from './lab/holdings.ts';
import type { Host } from './lab/host.ts';
import { Lab, noLab } from './lab/lab.ts';
import { openLocalHost } from './lab/local-host.ts';
import type { Place } from './lab/processes.ts';
import { until } from './lab/until.ts';

const help = `Usage: node dist/integration/soak.js [--cycles N]

Brings a host up and takes it away again, N times (default 10000), beside a host that stays: port, TAP interface and
link in this process, the other host a process of its own. Looks for descriptors, mappings, memory, files and
interfaces that are left behind. Needs root, or unshare -Urn.

Exit codes: 0 nothing was left behind, 1 something was, 2 wrong usage, 77 this machine can't make TAP interfaces.
`;

/** Cycles before the first look: heaps and caches grow to their usual size. */
const warmUp = 0.1;
const looks = 10;
const meetingLimit = 5000;
/** IDs that take turns. */
const ids = [2, 3, 4, 5];

/** One life: met by the other host, and gone. */
function cycle(bus: string, place: Place, id: number): void {
  using host = openLocalHost({
    ...{ bus, id, netns: place.path, mtu: 1500, addresses: [`10.90.0.${id}/24`], slabs: 2 },
    sink: () => ({ deliver: () => true }),
  });
  const { port, link } = host;
  const limit = performance.now() + meetingLimit;
  while (!link.snapshot().peers.some(({ extensions }) => extensions.length > 0)) {
    if (performance.now() > limit) throw new Error(`ID ${id} was not met within ${meetingLimit / 1000} s`);
    const done = port.poll();
    link.poll(performance.now());
    if (done === 0) port.wait(1);
  }
}

interface Look {
  readonly staying: Holdings;
  readonly own: Holdings;
}

/** After the staying host has noticed that all others are gone. */
async function look(host: Host): Promise<Look> {
  await until('the host that stays is alone', async () => (await host.status()).peers.length === 0);
  return { staying: holdings(host.pid), own: holdings(process.pid) };
}

/** What lies about that should not. */
function remains(lab: Lab, place: Place): string[] {
  const files = readdirSync(lab.directory).filter((name) => !name.startsWith('1.'));
  const links = configure(place, (netlink) => netlink.links().map(({ name }) => name)).filter(
    (name) => name !== 'lo',
  );
  return [
    ...files.map((name) => `file ${name} was left`),
    ...links.map((name) => `interface ${name} was left`),
  ];
}

const describe = ({ descriptors, mappings, resident }: Holdings) =>
  `${descriptors} descriptors, ${mappings} mappings, ${(resident / 2 ** 20).toFixed(1)} MiB`;

async function soak(cycles: number): Promise<number> {
  await using lab = await Lab.open();
  const host = await lab.host({ id: 1 });
  const place = lab.place();
  const start = performance.now();
  const first = Math.ceil(cycles * warmUp);
  const step = Math.max(1, Math.ceil((cycles - first) / looks));
  let before: Look | undefined;
  let after: Look | undefined;
  for (let done = 1; done <= cycles; done++) {
    cycle(lab.bus, place, ids[done % ids.length] ?? 2);
    if (done < first || ((done - first) % step !== 0 && done !== cycles)) continue;
    after = await look(host);
    before ??= after;
    const rate = (done / (performance.now() - start)) * 1000;
    console.log(
      `${done} of ${cycles}, ${rate.toFixed(0)}/s; staying host: ${describe(after.staying)}; here: ${describe(after.own)}`,
    );
  }
  if (!before || !after) return 0;
  const found = [
    ...leaks('the host that stays', before.staying, after.staying),
    ...leaks('the host that comes and goes', before.own, after.own),
    ...remains(lab, place),
  ];
  for (const line of found) console.error(line);
  console.log(
    `${cycles} cycles in ${((performance.now() - start) / 1000).toFixed(1)} s: ${found.length === 0 ? 'nothing was left behind' : `${found.length} leaks`}`,
  );
  return found.length === 0 ? 0 : 1;
}

/** The number of cycles asked for; 'help', or undefined when the arguments make no sense. */
function readArguments(): number | 'help' | undefined {
  try {
    const { values } = parseArgs({
      options: { cycles: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) return 'help';
    const { cycles = '10000' } = values;
    return /^[1-9]\d{0,7}$/.test(cycles) ? Number(cycles) : undefined;
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const cycles = readArguments();
  if (cycles === 'help' || cycles === undefined) {
    (cycles ? console.log : console.error)(help);
    return cycles ? 0 : 2;
  }
  if (noLab) {
    console.error(noLab);
    return 77;
  }
  return soak(cycles);
}

process.exitCode = await main();
