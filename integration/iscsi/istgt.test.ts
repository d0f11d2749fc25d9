/** Our initiator against istgt, another target of others: every combination of digests, CHAP one way and both, data both ways. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConnectOptions, connect, discover } from '../../src/iscsi.ts';
import { missing } from '../lab/processes.ts';
import { until } from '../lab/until.ts';
import { assertDigests, digests, exchange } from './exchange.ts';
import { alice, Istgt, istgtNames, itself } from './istgt.ts';

const lun = 0;
const proofs = {
  open: {},
  chap: { chap: alice },
  mutual: { chap: { ...alice, target: itself } },
} as const satisfies Readonly<Record<string, Partial<ConnectOptions>>>;

describe('our initiator and istgt', { skip: missing('istgt', 'stdbuf') }, () => {
  it('discovers its targets, and moves data with every digest and every proof', async () => {
    await using istgt = await Istgt.start();
    const { portal } = istgt;
    const names = Object.values(istgtNames);
    const found = await until('it listens', () => discover({ portal }).catch(() => undefined));
    assert.deepEqual(
      found,
      names.map((name) => ({ name, addresses: [`${portal},1`] })),
    );
    for (const kind of ['open', 'chap', 'mutual'] as const)
      for (const wishes of digests) {
        await using session = await connect({ portal, target: istgtNames[kind], wishes, ...proofs[kind] });
        assertDigests(session, wishes);
        await exchange(session, lun);
      }
  });

  it('moves data with all of it solicited, in short bursts, several at once', async () => {
    await using istgt = await Istgt.start();
    const { portal } = istgt;
    await until('it listens', () => discover({ portal }).catch(() => undefined));
    for (const wishes of [
      { ImmediateData: false, MaxBurstLength: 8192, FirstBurstLength: 4096, MaxOutstandingR2T: 8 },
      { InitialR2T: true, MaxBurstLength: 65_536, MaxRecvDataSegmentLength: 4096 },
    ]) {
      await using session = await connect({ portal, target: istgtNames.open, wishes });
      await exchange(session, lun);
    }
  });

  it('is refused without the right proof, and refuses a target that has none', async () => {
    await using istgt = await Istgt.start();
    const { portal } = istgt;
    await until('it listens', () => discover({ portal }).catch(() => undefined));
    const refused = (kind: keyof typeof istgtNames, options: Partial<ConnectOptions>) =>
      assert.rejects(connect({ portal, target: istgtNames[kind], ...options }), {
        name: /^(LoginError|ChapError)$/,
      });
    await refused('chap', {});
    await refused('chap', { chap: { ...alice, secret: 'not the right one' } });
    await refused('chap', { chap: { ...alice, name: 'bob' } });
    await refused('mutual', proofs.chap);
    await refused('mutual', { chap: { ...alice, target: { ...itself, secret: 'not the right one' } } });
    await refused('mutual', { chap: { ...alice, target: { ...itself, name: 'somebody else' } } });
  });
});
