/** In a guest with no network card: brings a host up on its disk controller and fetches a file. Arguments: TCP port, SHA-256. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { program } from '../../lab/lab.ts';
import { Process } from '../../lab/processes.ts';
import { until } from '../../lab/until.ts';
import { attempt, must } from './commands.ts';
import { fetchSum } from './files.ts';
import { complaintsOfTheKernel } from './kernel-log.ts';
import { patience } from './patience.ts';

const peer = '10.90.0.1';
const [port = '', sha256 = ''] = process.argv.slice(2);

assert.deepEqual(
  readdirSync('/sys/class/net').filter((name) => !['lo', 'sit0', 'tunl0'].includes(name)),
  [],
);
await until('the kernel has found the device', () => existsSync('/dev/sg0'), patience);
await using host = new Process([
  ...[process.execPath, program, 'up', '--json', '--bus', 'sg:/dev/sg0'],
  ...['--address', '10.90.0.2/24'],
]);
await host.says(/"event":"ready"/, patience);
await until(
  'the other machine answers',
  () => attempt('ping', '-c', '1', '-W', '1', peer).status === 0,
  patience,
);
const [bash = '', ...words] = fetchSum(peer, Number(port));
assert.equal(must(bash, ...words).split(' ')[0], sha256);
// Meanwhile we are pinged from there.
assert.equal(attempt('ping', '-c', '5', '-i', '0.5', '-W', '5', peer).status, 0);
assert.equal((await host.stop()).code, 0, host.err);
assert.deepEqual(complaintsOfTheKernel(), []);
