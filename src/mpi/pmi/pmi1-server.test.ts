import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { connectPmi } from './connect.ts';
import { limits, Pmi1Server, type PmiEvents } from './pmi1-server.ts';
import type { Wire } from './wire.ts';

const job = { name: 'kvs_1', size: 4, universe: 6, mapping: '(vector,(0,2,2))' };
type Puts = Parameters<PmiEvents['fence']>[0];

/** A server of ranks 2 and 3, and all that comes of it. */
function serve(onFence: (puts: Puts) => void = () => undefined) {
  const said: [rank: number, line: string][] = [];
  const fences: Puts[] = [];
  const ends: unknown[] = [];
  const waits: string[] = [];
  const server = new Pmi1Server(job, [2, 3], {
    send: (rank, line) => said.push([rank, line]),
    waiting: () => waits.push('waiting'),
    fence: (puts) => {
      fences.push(puts);
      onFence(puts);
    },
    aborted: (rank, code) => ends.push([rank, code]),
    broken: (rank, why) => ends.push([rank, why]),
  });
  /** What a rank is answered. */
  const ask = (rank: number, ...lines: string[]): string => {
    said.length = 0;
    for (const line of lines) server.receive(rank, `${line}\n`);
    return said.map(([to, line]) => (to === rank ? line : `to ${to}: ${line}`)).join('');
  };
  return { server, said, fences, ends, waits, ask };
}

describe('a PMI-1 server', () => {
  it('answers as Hydra 4.0 does, but for its own limits, and slots where that knows none', () => {
    const { ask } = serve();
    const talk = [
      ['cmd=init pmi_version=1 pmi_subversion=1', 'cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0'],
      ['cmd=get_maxes', 'cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=4096'],
      ['cmd=get_appnum', 'cmd=appnum appnum=0'],
      ['cmd=get_universe_size', 'cmd=universe_size size=6'],
      ['cmd=get_my_kvsname', 'cmd=my_kvsname kvsname=kvs_1'],
      [
        'cmd=get kvsname=kvs_1 key=PMI_process_mapping',
        'cmd=get_result rc=0 msg=success value=(vector,(0,2,2))',
      ],
      ['cmd=put kvsname=kvs_1 key=a value=b', 'cmd=put_result rc=0 msg=success'],
      ['cmd=put kvsname=kvs_1 key=a value=c', 'cmd=put_result rc=0 msg=success'],
      ['cmd=get kvsname=kvs_1 key=a', 'cmd=get_result rc=-1 msg=key_a_not_found value=unknown'],
      ['cmd=finalize', 'cmd=finalize_ack'],
    ] as const;
    for (const [asked, answer] of talk) assert.equal(ask(2, asked), `${answer}\n`);
  });

  it('lets ranks go when all of the job have come, with what all have put', () => {
    const { server, said, fences, waits, ask } = serve();
    assert.equal(ask(2, 'cmd=put kvsname=kvs_1 key=a value=x=1', 'cmd=barrier_in').split('\n').length, 2);
    assert.deepEqual(fences, []);
    assert.deepEqual([fences, waits], [[], ['waiting']]);
    assert.equal(ask(3, 'cmd=barrier_in'), '');
    assert.deepEqual([fences, waits], [[[['a', 'x=1']]], ['waiting']]);
    server.fenced([
      ['a', 'x=1'],
      ['far', 'y'],
    ]);
    assert.deepEqual(said, [
      [2, 'cmd=barrier_out\n'],
      [3, 'cmd=barrier_out\n'],
    ]);
    assert.equal(ask(3, 'cmd=get kvsname=kvs_1 key=a'), 'cmd=get_result rc=0 msg=success value=x=1\n');
    assert.equal(ask(2, 'cmd=get kvsname=kvs_1 key=far'), 'cmd=get_result rc=0 msg=success value=y\n');
    ask(2, 'cmd=barrier_in');
    ask(3, 'cmd=barrier_in');
    assert.deepEqual(fences[1], []);
  });

  it('refuses what it does not do, and what is too long', () => {
    const { ask, ends } = serve();
    const refused = (line: string, answer: string) => assert.equal(ask(2, ...line.split('|')), `${answer}\n`);
    refused(
      'cmd=init pmi_version=2 pmi_subversion=0',
      'cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=-1',
    );
    refused('cmd=put kvsname=other key=a value=b', 'cmd=put_result rc=-1 msg=kvsname_other_not_found');
    refused('cmd=put kvsname=kvs_1', 'cmd=put_result rc=-1 msg=no_key');
    refused(`cmd=put kvsname=kvs_1 key=${'k'.repeat(65)} value=b`, 'cmd=put_result rc=-1 msg=key_too_long');
    refused(
      `cmd=put kvsname=kvs_1 key=k value=${'v'.repeat(4097)}`,
      'cmd=put_result rc=-1 msg=value_too_long',
    );
    refused('cmd=publish_name service=x port=y', 'cmd=publish_result rc=-1 msg=not_supported');
    refused('cmd=unpublish_name service=x', 'cmd=unpublish_result rc=-1 msg=not_supported');
    refused('cmd=lookup_name service=x', 'cmd=lookup_result rc=-1 msg=not_supported');
    refused(
      'mcmd=spawn|nprocs=1|execname=/bin/true|cmd=finalize|endcmd',
      'cmd=spawn_result rc=-1 msg=not_supported',
    );
    const longest = `key=${'k'.repeat(limits.key)} value=${'v'.repeat(limits.value)}`;
    refused(`cmd=put kvsname=kvs_1 ${longest}`, 'cmd=put_result rc=0 msg=success');
    assert.deepEqual(ends, []);
  });

  it('tells of a rank that aborts, one that talks nonsense, and one that ends before it is done', () => {
    const { server, ask, ends } = serve();
    assert.deepEqual([server.unfinished(2), server.unfinished(3)], [false, false]);
    ask(2, 'cmd=init pmi_version=1 pmi_subversion=1');
    assert.deepEqual([server.unfinished(2), server.unfinished(3)], [true, false]);
    ask(2, 'cmd=abort exitcode=9', 'cmd=abort', 'cmd=abort exitcode=x');
    assert.deepEqual(ends.splice(0), [
      [2, 9],
      [2, 1],
      [2, 1],
    ]);
    ask(2, 'cmd=finalize');
    assert.equal(server.unfinished(2), false);
    assert.equal(ask(3, 'who are you?', 'cmd=finalize'), '');
    assert.deepEqual(ends.splice(0), [[3, '"who are you?" is no request that we know']]);
    assert.equal(server.unfinished(3), true);
    server.receive(2, 'x'.repeat(8193));
    assert.deepEqual(ends, [[2, 'a line without an end']]);
  });

  it('understands lines in whatever pieces they come', () => {
    const lines = 'cmd=init pmi_version=1 pmi_subversion=1\ncmd=get_my_kvsname\ncmd=finalize\n';
    const whole = serve();
    whole.server.receive(2, lines);
    for (let at = 0; at <= lines.length; at++) {
      const { server, said } = serve();
      server.receive(2, lines.slice(0, at));
      server.receive(2, lines.slice(at));
      assert.deepEqual(said, whole.said);
    }
  });

  it('lives through anything that a rank may say', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'cmd=',
        'put',
        'get',
        'barrier_in',
        'mcmd=x',
        'endcmd',
        'key=',
        'constructor',
        ' ',
        '\n',
      ),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const { server } = serve((puts) => server.fenced(puts));
        server.receive(2, words.join(''));
        server.receive(3, words.join(' '));
        server.receive(7, words.join(' '));
      }),
    );
  });

  it('is understood by our own client', () => {
    const { server, said, ends } = serve();
    /** Rank 3 is always at the barrier already. */
    const wire: Wire = {
      write: (text) => {
        if (text === 'cmd=barrier_in\n') server.receive(3, text);
        server.receive(2, text);
        if (text === 'cmd=barrier_in\n') server.fenced([['key-2', 'value']]);
      },
      readLine: () => {
        const at = said.findIndex(([rank]) => rank === 2);
        assert.ok(at >= 0, 'it waits for what never comes');
        return said.splice(at, 1)[0]?.[1].trimEnd() ?? '';
      },
      read: () => assert.fail('PMI-1 has lines alone'),
    };
    // A job's ID makes the client ask for PMI-2 first.
    const manager = connectPmi({ fd: 9, rank: 2, size: 4, job: '1.0' }, wire);
    assert.deepEqual([manager.rank, manager.size, manager.job], [2, 4, 'kvs_1']);
    manager.put('key-2', 'value');
    manager.fence();
    assert.deepEqual([manager.get('key-2'), manager.get('none')], ['value', undefined]);
    manager.finalize();
    manager.abort(3, 'why');
    assert.deepEqual(ends, [[2, 3]]);
  });
});
