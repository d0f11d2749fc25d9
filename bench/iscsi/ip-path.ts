/** Two hosts on a bus of iSCSI sessions, over the very kind of veth that they are compared with. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { joinByVeth } from '../../src/cli/demo/measure.ts';
import type { Plan } from '../figure.ts';
import { build, type Path } from '../net/paths.ts';
import { Program } from '../net/programs.ts';
import type { Teardown } from '../net/teardown.ts';

const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

const busFile = (digests: 'on' | 'off') => `bus = "bench"
digests = "${digests}"
[hosts.one]
id = 1
portals = ["10.94.0.1:3260"]
addresses = ["10.92.0.1/24"]
[hosts.two]
id = 2
portals = ["10.94.0.2:3260"]
addresses = ["10.92.0.2/24"]
`;

function writeFile(own: Teardown, digests: 'on' | 'off'): string {
  const directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
  own.add(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'bench.toml');
  writeFileSync(file, busFile(digests));
  return file;
}

export const ipOverIscsi = (
  plan: Plan,
  { digests = 'off' }: { digests?: 'on' | 'off' } = {},
): Promise<Path> =>
  build(plan, 'IP over iSCSI', async (server, client, own) => {
    joinByVeth(server, client, ['10.94.0.1/24', '10.94.0.2/24']);
    const file = writeFile(own, digests);
    for (const [host, namespace] of [
      ['one', server],
      ['two', client],
    ] as const) {
      const args = [program, 'up', '--bus', `iscsi:${file}`, '--host', host];
      const up = own.use(new Program(namespace, plan.stop, process.execPath, args));
      own.add(() => up.end());
      await up.says('ready');
    }
    return { address: '10.92.0.1' };
  });
