import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { busesOf } from '../../mpi/placement.ts';
import { version } from '../version.ts';
import { Agent } from './agent.ts';
import { Channel, encodeFrame, FrameReader, GreetingReader } from './frames.ts';
import { encodeMessage, type FromAgent, type JobDescription, parseFromAgent } from './messages.ts';

const job = (program: string, ...args: string[]): JobDescription => ({
  ...{ name: 'job', size: 4, ranks: [0, 3], universe: 4, mapping: '(vector,(0,1,4))' },
  ...{ program, args, directory: '/', environment: { GIVEN: 'it' }, bind: false },
});

/** An agent in this process, between pipes of ours. */
class Conversation {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly agent = new Agent(this.input, this.output);
  readonly ended: Promise<number>;
  readonly messages: FromAgent[] = [];
  readonly written = new Map<string, string>();
  readonly #greeting = new GreetingReader();
  readonly #frames = new FrameReader();
  #greeted = false;
  #news: () => void = () => undefined;

  constructor() {
    this.output.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.ended = this.agent.run().finally(() => this.agent.close());
  }

  #receive(bytes: Buffer): void {
    const rest = this.#greeted ? bytes : this.#greeting.push(bytes);
    if (!rest) return;
    this.#greeted = true;
    for (const { channel, rank, bytes: piece } of this.#frames.push(rest)) {
      const key = `${rank}.${channel}`;
      if (channel === Channel.message) this.messages.push(parseFromAgent(piece));
      else this.written.set(key, (this.written.get(key) ?? '') + piece.toString());
    }
    this.#news();
  }

  /** Waits until it has been told so. */
  async hears(what: () => boolean): Promise<void> {
    while (!what())
      await new Promise<void>((resolve) => {
        this.#news = resolve;
      });
  }

  /** Kinds of messages, without what comes by the clock. */
  get kinds(): string[] {
    return this.messages.map(({ is }) => is).filter((is) => is !== 'seen' && is !== 'alive');
  }

  ofKind<K extends FromAgent['is']>(is: K): (FromAgent & { is: K })[] {
    return this.messages.filter((message): message is FromAgent & { is: K } => message.is === is);
  }
}

/** Directories of jobs that this process has made. */
const ours = () => {
  const parent = busesOf(process.geteuid?.() ?? 0);
  return existsSync(parent) ? readdirSync(parent).filter((name) => name === `mpi-${process.pid}`) : [];
};

describe('an agent', () => {
  it('says who it is, runs its ranks, and ends when it is let go', async () => {
    const talk = new Conversation();
    const tell =
      'echo "$PMI_RANK of $PMI_SIZE, $MPI_LOCALRANKID of $MPI_LOCALNRANKS, $GIVEN"; exit $PMI_RANK';
    talk.input.write(encodeMessage({ is: 'job', job: job('sh', '-c', tell) }));
    await talk.hears(() => talk.ofKind('ended').length === 2);
    assert.deepEqual(talk.kinds, ['hello', 'started', 'ended', 'ended']);
    assert.equal(talk.ofKind('hello')[0]?.version, version());
    assert.deepEqual(
      talk
        .ofKind('ended')
        .map(({ rank, code, how }) => [rank, code, how])
        .sort(),
      [
        [0, 0, 'exit status 0'],
        [3, 3, 'exit status 3'],
      ],
    );
    assert.equal(talk.written.get('0.1'), '0 of 4, 0 of 2, it\n');
    assert.equal(talk.written.get('3.1'), '3 of 4, 1 of 2, it\n');
    assert.equal(ours().length, 1);
    talk.input.end();
    assert.equal(await talk.ended, 0);
    assert.deepEqual(ours(), []);
  });

  it('that is cut off in mid-word starts nothing, at whatever byte', async () => {
    const words = encodeMessage({ is: 'job', job: job('sleep', '60') });
    for (let at = 0; at < words.length; at++) {
      const talk = new Conversation();
      talk.input.end(words.subarray(0, at));
      assert.equal(await talk.ended, 0);
      assert.deepEqual(talk.kinds, ['hello']);
    }
  });

  it('that is cut off later ends its ranks, deaf ones too, and takes all away', async () => {
    const words = encodeMessage({
      is: 'job',
      job: job('sh', '-c', "trap '' TERM; echo up; while :; do sleep 1; done"),
    });
    const more = encodeFrame({ channel: Channel.input, rank: 0, bytes: Buffer.from('input') });
    for (const at of [0, 5, more.length - 1]) {
      const talk = new Conversation();
      talk.input.write(words);
      await talk.hears(() => ['0.1', '3.1'].every((key) => talk.written.get(key) === 'up\n'));
      talk.input.end(more.subarray(0, at));
      assert.equal(await talk.ended, 0);
      assert.deepEqual(
        talk.ofKind('ended').map(({ how }) => how),
        ['signal SIGKILL', 'signal SIGKILL'],
      );
      assert.deepEqual(ours(), []);
    }
  });

  it('that is cut off does not wait for what its ranks have left in other sessions', async () => {
    const talk = new Conversation();
    const leave = "[ $PMI_RANK = 0 ] && setsid sh -c 'echo $$; exec sleep 20' & exec sleep 20";
    talk.input.write(encodeMessage({ is: 'job', job: job('sh', '-c', leave) }));
    await talk.hears(() => talk.written.has('0.1'));
    const left = Number(talk.written.get('0.1'));
    try {
      talk.input.end();
      assert.equal(await talk.ended, 0);
      assert.match(readFileSync(`/proc/${left}/cmdline`, 'utf8'), /sleep/); // it lives
    } finally {
      process.kill(left, 'SIGKILL');
    }
    assert.deepEqual(
      talk.ofKind('ended').map(({ how }) => how),
      ['signal SIGTERM', 'signal SIGTERM'],
    );
    assert.deepEqual(ours(), []);
  });

  it('that is told nonsense says so, and ends', async () => {
    const nonsense = [
      Buffer.from('GET / HTTP/1.0\r\n\r\n'),
      encodeFrame({ channel: Channel.message, rank: 0, bytes: Buffer.from('{"is":"job"}') }),
      encodeFrame({ channel: Channel.message, rank: 0, bytes: Buffer.from('nothing') }),
    ];
    for (const first of [Buffer.alloc(0), encodeMessage({ is: 'job', job: job('sleep', '60') })])
      for (const words of nonsense) {
        const talk = new Conversation();
        talk.input.write(Buffer.concat([first, words]));
        assert.equal(await talk.ended, 1);
        assert.match(talk.ofKind('refused')[0]?.why ?? '', /is no (?:frame|message)/);
        assert.deepEqual(ours(), []);
      }
  });

  it('refuses a job that it has no directory for', async () => {
    const talk = new Conversation();
    talk.input.write(encodeMessage({ is: 'job', job: { ...job('true'), directory: '/no/such' } }));
    assert.equal(await talk.ended, 2);
    assert.deepEqual(talk.kinds, ['hello', 'refused']);
    assert.match(talk.ofKind('refused')[0]?.why ?? '', /there is no directory \/no\/such; .*--wdir/);
  });

  it('reads on from a rank when what it wrote is taken, and not before', async () => {
    const talk = new Conversation();
    const flood = 'test $PMI_RANK = 3 || exec head -c 1000000 /dev/zero';
    talk.input.write(encodeMessage({ is: 'job', job: job('sh', '-c', flood) }));
    const length = () => talk.written.get('0.1')?.length ?? 0;
    await talk.hears(() => length() > 0 && talk.ofKind('ended').length === 1);
    // One piece of it, however long it has been waited for the other rank's end.
    const before = length();
    assert.ok(before <= 65_536, `${before}`);
    while (talk.ofKind('ended').length < 2) {
      const had = length();
      talk.input.write(encodeMessage({ is: 'taken', rank: 0, descriptor: Channel.output }));
      await talk.hears(() => length() > had || talk.ofKind('ended').length === 2);
    }
    assert.equal(length(), 1_000_000);
    talk.input.end();
    await talk.ended;
  });

  it('tells of its own end when it gets a signal', async () => {
    const talk = new Conversation();
    talk.input.write(encodeMessage({ is: 'job', job: job('sleep', '60') }));
    await talk.hears(() => talk.ofKind('started').length === 1);
    talk.agent.stop('SIGHUP');
    await talk.ended;
    assert.deepEqual(talk.kinds, ['hello', 'started', 'ending', 'ended', 'ended']);
    assert.deepEqual(ours(), []);
  });
});
