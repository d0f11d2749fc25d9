import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseBusUrl, type SgBus } from '../bus-url.ts';
import { askSg } from './sg.ts';

const request = { cdb: new Uint8Array(6) };
const ask = (url: string, target?: number, lun = 0) =>
  askSg(parseBusUrl(url) as SgBus, target, { ...request, lun }, 1000);

it('raw: says what is wrong with an sg device', async () => {
  await assert.rejects(ask('sg:/dev/no-such-sg'), {
    code: 'unreachable',
    message: /ENOENT/,
    hint: /modprobe sg/,
  });
  await assert.rejects(ask('sg:/dev/null'), { code: 'usage', hint: /lsscsi/ });
  await assert.rejects(ask('sg:/dev/sg0,/dev/sg1'), { code: 'usage', message: /names 2 devices/ });
  await assert.rejects(ask('sg:'), { code: 'usage', message: /names no devices/ });
  await assert.rejects(ask('sg:/dev/sg0', 3), { code: 'usage' });
  await assert.rejects(ask('sg:/dev/sg0', undefined, 1), { code: 'usage' });
});
