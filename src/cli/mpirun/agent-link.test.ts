import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { CliError } from '../failure.ts';
import { AgentLink } from './agent-link.ts';
import { Channel, encodeFrame, greeting } from './frames.ts';
import { encodeMessage } from './messages.ts';
import { Output } from './output.ts';
import { RemoteCrew } from './remote-crew.ts';

const hello = encodeMessage({ is: 'hello', version: '0.1.0', node: 'v20', host: 'b' });
const started = encodeMessage({ is: 'started' });
const idle = { channel: Channel.output, rank: 0, bytes: Buffer.from('hi') } as const;

describe('the way to an agent', () => {
  let files = '';
  let count = 0;
  before(() => {
    files = mkdtempSync(join(tmpdir(), 'ipscsi-link-'));
  });
  after(() => rmSync(files, { recursive: true }));

  /** A process that says these bytes, and then does that. */
  const link = (words: readonly Uint8Array[], then = 'exec cat >/dev/null') => {
    const file = join(files, String(++count));
    writeFileSync(file, Buffer.concat(words));
    return new AgentLink('b', ['sh', '-c', `cat ${file}; ${then}`]);
  };

  /** What is told of a link until it is lost. */
  const listen = (to: AgentLink) => {
    const told: unknown[] = [];
    const lost = new Promise<string>((resolve) =>
      to.listen({
        message: ({ is }) => told.push(is),
        data: (rank, channel, bytes) => told.push([rank, channel, bytes.toString()]),
        lost: resolve,
      }),
    );
    return { told, lost };
  };

  it('is clear when it has greeted, whatever a login shell says before', async () => {
    const way = link([Buffer.from('Welcome!\n'), greeting, hello]);
    assert.equal((await way.hello).version, '0.1.0');
    await way.close();
  });

  it('tells what came, and then of its end', async () => {
    const way = link([greeting, hello], 'read line; exit 3');
    await way.hello;
    const { told, lost } = listen(way);
    way.input(Buffer.from('\n'));
    assert.equal(await lost, 'its agent, or the way to it, ended with exit status 3');
    assert.deepEqual(told, []);
    const other = link([greeting, hello, started, encodeFrame(idle)], 'exit 0');
    const heard = listen(other);
    await heard.lost;
    assert.deepEqual(heard.told, ['started', [0, 1, 'hi']]);
  });

  it('tells of an end that came before anybody listened', async () => {
    const last = encodeMessage({ is: 'ending', why: 'so' });
    const way = link([greeting, hello, last], 'exit 3');
    await way.hello;
    await way.gone;
    const { told, lost } = listen(way);
    assert.equal(await lost, 'its agent, or the way to it, ended with exit status 3');
    assert.deepEqual(told, ['ending']);
  });

  it('that leads nowhere is an error with what was said there', async () => {
    const fails = async (way: AgentLink, message: RegExp) => {
      const error = await way.hello.then(
        () => assert.fail('it greeted'),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof CliError);
      assert.equal(error.exitCode, 5);
      assert.match(error.message, message);
    };
    await fails(
      link([Buffer.from('node: not found\n')], 'echo really >&2; exit 127'),
      /status 127: node: not found \| really/,
    );
    await fails(link([greeting], 'exit 1'), /started: sh ended with exit status 1$/);
    await fails(link([Buffer.alloc(70_000, 0x41)]), /says a lot, and nothing that an agent would say/);
    await fails(link([greeting, Buffer.from('Hello, I am a shell')]), /"Hello, I am a shell" is no frame/);
    await fails(new AgentLink('b', ['/no/such/program']), /ENOENT/);
  });

  it('that leads to nonsense is cut', async () => {
    for (const words of [
      'and so on',
      encodeMessage({ is: 'signal', signal: 'SIGTERM' }).toString('latin1'),
    ]) {
      const file = join(files, 'nonsense');
      writeFileSync(file, words, 'latin1');
      const way = link([greeting, hello], `read line; cat ${file}; exec sleep 60`);
      await way.hello;
      const { lost } = listen(way);
      way.input(Buffer.from('\n'));
      assert.match(await lost, /is no (?:frame|message)$/);
      await way.close();
    }
  });

  it('leads to ranks of that host alone', async () => {
    const quiet = { [Channel.output]: process.stdout, [Channel.error]: process.stderr };
    for (const words of [
      encodeFrame({ ...idle, rank: 2 }),
      encodeFrame({ ...idle, channel: Channel.input }),
      encodeMessage({ is: 'aborted', rank: 2, code: 1, why: '' }),
    ]) {
      const way = link([greeting, hello, words], 'exec sleep 60');
      const why = await new Promise<string>((resolve) => {
        const never = () => assert.fail('that was not to be');
        new RemoteCrew({ name: 'b', slots: 1, addresses: [], ranks: [0] }, way, new Output(false, quiet), {
          ...{ ended: never, aborted: never, waiting: never, fence: never, thirsty: never },
          lost: (_, status, reason) => resolve(`${status} ${reason}`),
        });
      });
      assert.match(why, /^1 host b: (?:rank 2 is none of its own|an agent has no input for us)$/);
      await way.close();
    }
  });

  it('passes on why a rank has to end the job', async () => {
    const quiet = { [Channel.output]: process.stdout, [Channel.error]: process.stderr };
    const words = encodeMessage({ is: 'aborted', rank: 0, code: 1, why: 'it talks nonsense' });
    const way = link([greeting, hello, words], 'exec sleep 60');
    const told = await new Promise<unknown>((resolve) => {
      const never = () => assert.fail('that was not to be');
      new RemoteCrew({ name: 'b', slots: 1, addresses: [], ranks: [0] }, way, new Output(false, quiet), {
        ...{ ended: never, lost: never, waiting: never, fence: never, thirsty: never },
        aborted: (...what) => resolve(what),
      });
    });
    assert.deepEqual(told, [0, 1, 'it talks nonsense']);
    await way.close();
  });

  /** Runs a script as the way, and gives the process that it has started beside itself. */
  const withChild = async (child: string, then: string) => {
    const fifo = join(files, String(++count));
    execFileSync('mkfifo', [fifo]);
    const way = link([greeting, hello], `${child} ${fifo} & ${then}`);
    return { way, pid: Number(await readFile(fifo, 'utf8')) };
  };

  it('ends with all that a script has started for it', async () => {
    const { way, pid } = await withChild("sh -c 'echo $$ >$0; exec sleep 60'", 'wait');
    const gone = way.gone;
    await way.abandon();
    await gone; // its output was held open by that child
    assert.throws(() => readlinkSync(`/proc/${pid}/exe`), { code: 'ENOENT' });
  });

  it('is not waited for where somebody in another session holds it open', async () => {
    const { way, pid } = await withChild("setsid sh -c 'echo $$ >$0; exec sleep 60'", 'exec cat >/dev/null');
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const closed = way.close();
      mock.timers.tick(5000);
      await closed;
      assert.match(readlinkSync(`/proc/${pid}/exe`), /./); // it lives
    } finally {
      mock.timers.reset();
      process.kill(pid, 'SIGKILL');
    }
  });

  it('on which nothing is heard any more is given up', async () => {
    const way = link([greeting, hello], 'exec sleep 60');
    await way.hello;
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const { lost } = listen(way);
      mock.timers.tick(35_000);
      assert.equal(await lost, 'nothing was heard of it for 30 s');
    } finally {
      mock.timers.reset();
    }
    await way.close();
  });
});
