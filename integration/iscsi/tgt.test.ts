/** Our initiator against tgt, a target of others: digests and CHAP, data both ways, tgt killed and started again in mid-traffic. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ConnectOptions,
  connect,
  discover,
  IscsiPort,
  type IscsiSession,
  Status,
} from '../../src/iscsi.ts';
import { execute } from '../../src/transport/transport.ts';
import { until } from '../lab/until.ts';
import { access, assertDigests, digests, exchange, pattern, read10, write10 } from './exchange.ts';
import { Tgt, tgtMissing, tgtName } from './tgt.ts';

const user = ['alice', 'a secret of hers'] as const;
const own = ['tgt', 'the other one of it'] as const;
const lun = 1;
const chap = { name: user[0], secret: user[1] };
/** What tgt has to know, and what we say. */
const proofs: readonly (readonly [
  string,
  readonly (readonly [string, string])[],
  Pick<ConnectOptions, 'chap'>,
])[] = [
  ['no proof', [], {}],
  ['CHAP', [user], { chap }],
  ['CHAP both ways', [user, own], { chap: { ...chap, target: { name: own[0], secret: own[1] } } }],
];

function offerDigests(tgt: Tgt): void {
  for (const key of ['HeaderDigest', 'DataDigest'])
    tgt.admin('--op', 'update', '--mode', 'target', '--tid', '1', '-n', key, '-v', 'None,CRC32C');
}

/** The first account is the initiator's, the second tgt's own. */
function wantProof(tgt: Tgt, accounts: readonly (readonly [string, string])[]): void {
  for (const [i, [account, password]] of accounts.entries()) {
    tgt.admin('--op', 'new', '--mode', 'account', '--user', account, '--password', password);
    const way = i === 1 ? ['--outgoing'] : [];
    tgt.admin('--op', 'bind', '--mode', 'account', '--tid', '1', '--user', account, ...way);
  }
}

describe('our initiator and tgt', { skip: tgtMissing }, () => {
  for (const [proof, accounts, login] of proofs)
    it(`discovers it, and moves data with every digest: ${proof}`, async () => {
      await using tgt = await Tgt.start();
      offerDigests(tgt);
      wantProof(tgt, accounts);
      const to = { portal: tgt.portal, target: tgtName };
      assert.deepEqual(await discover(to), [{ name: tgtName, addresses: [`${tgt.portal},1`] }]);
      if (login.chap) await assert.rejects(connect(to), { name: 'LoginError' });
      for (const wishes of digests) {
        await using session = await connect({ ...to, wishes, ...login });
        assertDigests(session, wishes);
        await exchange(session, lun);
      }
    });

  it('logs in with CHAP both ways, and is refused without', async () => {
    await using tgt = await Tgt.start();
    wantProof(tgt, [user, own]);
    const to = { portal: tgt.portal, target: tgtName };
    const target = { name: own[0], secret: own[1] };
    await using session = await connect({ ...to, chap: { ...chap, target } });
    await exchange(session, lun);
    await assert.rejects(connect(to), { name: 'LoginError' });
    await assert.rejects(connect({ ...to, chap: { ...chap, secret: 'another one, wrong' } }), {
      name: 'LoginError',
    });
    await assert.rejects(connect({ ...to, chap: { ...chap, target: { ...target, secret: 'not its own' } } }));
  });

  it('tells of the end when tgt is killed, and every command ends', async () => {
    await using tgt = await Tgt.start();
    await using session = await connect({ portal: tgt.portal, target: tgtName });
    await exchange(session, lun);
    const commands = Array.from({ length: 20 }, () =>
      session.execute({ cdb: access(read10, 2048), lun, dataIn: 1 << 20 }),
    );
    const settled = Promise.allSettled(commands);
    await tgt.kill();
    assert.ok((await session.ended) instanceof Error);
    for (const result of await settled)
      if (result.status === 'rejected') assert.equal(result.reason.fault, 'nexus-lost');
    await assert.rejects(session.execute({ cdb: new Uint8Array(6) }), { fault: 'selection-timeout' });
  });

  it('goes on when tgt comes back, three times in mid-traffic; what was written is there', async () => {
    await using tgt = await Tgt.start();
    const again = () =>
      until('tgt lets us in', () => connect({ portal: tgt.portal, target: tgtName }).catch(() => undefined));
    let session = await again();
    /** By address: what a WRITE that ended GOOD left there; undefined while one is under way or has failed. */
    const written = new Map<number, Uint8Array | undefined>();
    let failed = 0;
    const write = async (on: IscsiSession, address: number, seed: number) => {
      const data = pattern(64, seed);
      written.set(address, undefined);
      try {
        const { status } = await on.execute({ cdb: access(write10, 64, address), lun, dataOut: data });
        if (status === Status.good) written.set(address, data);
      } catch (error) {
        assert.match(String((error as { fault?: unknown }).fault), /^(nexus-lost|selection-timeout)$/);
        failed++;
      }
    };
    for (let life = 0; life < 3; life++) {
      const on = session;
      await on.execute({ cdb: new Uint8Array(6), lun }); // takes the unit attention
      let writes = 0;
      const streams = Array.from({ length: 8 }, async (_, i) => {
        for (let n = 0; on.nexus.alive; n++, writes++) await write(on, 64 * (i + 8 * (n % 40)), life + n);
      });
      await until('traffic flows', () => writes > 100);
      await tgt.kill();
      assert.ok((await on.ended) instanceof Error);
      await Promise.all(streams);
      await tgt.run();
      session = await again();
    }
    assert.ok(failed > 0, 'it was never killed in mid-traffic');
    await session.execute({ cdb: new Uint8Array(6), lun });
    let verified = 0;
    for (const [address, data] of written) {
      if (!data) continue;
      const read = await session.execute({ cdb: access(read10, 64, address), lun, dataIn: data.length });
      assert.equal(read.status, Status.good);
      assert.equal(Buffer.compare(read.dataIn, data), 0, `at ${address}`);
      verified++;
    }
    assert.ok(verified > 100, `${verified} places`);
    session.close();
  });

  it('a port finds it again by itself whenever it comes back, and what was written is there', async () => {
    await using tgt = await Tgt.start();
    using port = new IscsiPort({ bus: 'tgt', id: -1, width: 2, retry: { first: 20, most: 100 } });
    const polling = setInterval(() => port.poll(), 1);
    try {
      port.reach(1, { portal: tgt.portal, target: tgtName });
      for (let life = 0; life < 3; life++) {
        const nexus = await until('the port has a nexus', () => port.targets.get(1));
        const dataOut = pattern(512, life);
        await execute(nexus, { cdb: new Uint8Array(6), lun }); // takes the unit attention
        if (life > 0) {
          const cdb = access(read10, 512);
          const { status, dataIn } = await execute(nexus, { cdb, lun, dataIn: dataOut.length });
          assert.equal(status, Status.good);
          assert.equal(Buffer.compare(dataIn, pattern(512, life - 1)), 0);
        }
        const written = await execute(nexus, { cdb: access(write10, 512), lun, dataOut });
        assert.equal(written.status, Status.good);
        const under = Array.from({ length: 20 }, () =>
          execute(nexus, { cdb: access(read10, 2048), lun, dataIn: 1 << 20 }),
        );
        const settled = Promise.allSettled(under);
        await tgt.kill();
        for (const result of await settled)
          if (result.status === 'rejected') assert.equal(result.reason.fault, 'nexus-lost');
        await until('the port knows', () => port.targets.get(1) !== nexus && !nexus.alive);
        await tgt.run();
      }
      await until('the port has a nexus', () => port.targets.get(1));
    } finally {
      clearInterval(polling);
    }
  });
});
