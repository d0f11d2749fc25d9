import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatPortal } from './addresses.ts';
import { discover } from './connect.ts';
import { createTarget } from './target.ts';
import { Echo, nameOf, nexusTo, noIpv6, portOf, run, testUnitReady, until } from './testing-ports.ts';

/** A port that serves at these addresses, at free TCP ports. */
function listening(id: number, addresses: readonly string[]) {
  const port = portOf(id);
  port.target = new Echo();
  for (const address of addresses) port.listen(`${address}:0`);
  return port;
}

describe('iSCSI over IPv6', { skip: noIpv6 }, () => {
  it('connects ports both ways, and says by which addresses', () => {
    using one = listening(1, ['[::1]']);
    using two = listening(2, ['127.0.0.1', '[::1]']);
    const [own] = one.portals;
    const [, portal] = two.portals;
    assert.ok(own && portal);
    assert.deepEqual([own.host, portal.host, own.port > 0], ['::1', '::1', true]);
    one.reach(2, { portal: formatPortal(portal), target: nameOf(2) });
    two.reach(1, { portal: `[0:0::1]:${own.port}`, target: nameOf(1) });
    until([one, two], 'both see the other', () => one.targets.has(2) && two.targets.has(1));
    run([one, two], nexusTo(one, 2), testUnitReady());
    run([one, two], nexusTo(two, 1), testUnitReady());
    assert.deepEqual([one.counters.commands, two.counters.commands], [1, 1]);
  });

  it('tells each initiator the address that it called, also where one door takes both kinds', async () => {
    await using target = await createTarget({ name: nameOf(1), portals: ['[::]:0'], device: new Echo() });
    const port = target.portals[0]?.port;
    for (const host of ['[::1]', '127.0.0.1']) {
      const found = await discover({ portal: `${host}:${port}` });
      assert.deepEqual(found, [{ name: nameOf(1), addresses: [`${host}:${port},1`] }]);
    }
  });
});
