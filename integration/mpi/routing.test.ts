import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { noNamespaces } from '../../src/sys/lab.ts';
import { missing } from '../lab/processes.ts';
import { span, until } from '../lab/until.ts';
import { commandLine, example, examples, mpirun, type Outcome, program, run } from './job.ts';
import { Machines } from './machines.ts';
import { Networks } from './networks.ts';
import { noSlurm, Slurm } from './slurm.ts';

const files = mkdtempSync(join(tmpdir(), 'ipscsi-routing-'));
after(() => rmSync(files, { recursive: true }));
process.env['XDG_CACHE_HOME'] = files; // what is measured here is nobody else's affair

const isWell = ({ status, stderr, left }: Outcome) => assert.deepEqual([status, stderr, left], [0, '', []]);

/** The launcher may say what it waits for when others keep the machine busy. */
const calm = (stderr: string) => stderr.replace(/^ipscsi: waiting for .*\n/gm, '');
const words = (text: string) => text.split(' ').filter((word) => word !== '');

describe('ranks of one machine', () => {
  for (const [carriers, together] of [
    ['iscsi', 1],
    ['shm,iscsi', 4],
  ] as const) {
    it(`by ${carriers}: every kind of call`, async () => {
      const shared = ['-x', `SHARED=${together}`];
      const ran = await mpirun(['--carriers', carriers, ...shared, '-n', '4', program('everything')]);
      isWell(ran);
      assert.equal(ran.stdout, 'all well with 4\n');
    });
    for (const name of examples)
      it(`by ${carriers}: example ${name}`, async () =>
        isWell(await mpirun(['--carriers', carriers, '-n', '4', example(name)])));
  }

  it('are told which carriers there are', async () => {
    const { status, stderr } = await mpirun(['--carriers', 'pigeon', example('pi')]);
    assert.equal(status, 2);
    assert.match(stderr, /"pigeon" carries no messages; expected shm or iscsi/);
  });

  it('--explain prints a file that --route and mpi-sim take', async () => {
    const explained = await mpirun(words('--explain --carriers shm,iscsi -n 3').concat(example('ring')));
    assert.equal(explained.status, 0);
    assert.match(explained.stderr, /^# 3 ranks, 0 forwarders, 2 buses; costs: measured .*\n# PAIRS /);
    const route = join(files, 'explained.toml');
    writeFileSync(route, explained.stderr);
    const again = await mpirun(['--explain', '--route', route, '-n', '3', example('ring')]);
    assert.equal(again.status, 0);
    const tables = (text: string) => text.slice(text.indexOf('\n'));
    assert.equal(tables(again.stderr), tables(explained.stderr));
    const simulated = await run(process.execPath, [commandLine, 'mpi-sim', route]);
    assert.match(simulated.stdout, /^3 nodes, 2 buses, 6 ports; 6 pairs/);
    const wrong = await mpirun(['--route', route, '-n', '4', example('ring')]);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /rank 3 is on no bus/);
  });
});

/** Stars of ranks whose hubs are on a bus between them, as in RFC 2143 §5. */
function starOfStars(stars: number, ranks: number): string {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  const bus = (name: string, nodes: readonly string[]) =>
    `[[bus]]\nname = "${name}"\nnodes = ${JSON.stringify(nodes)}\n`;
  const file = join(files, `${stars}-stars.toml`);
  const hubs = numbers(stars).map((star) => `hub${star}`);
  const lines = [
    '[carriers.shm]\nalpha = 3\nbeta = 0.0001\n[forwarders]',
    ...hubs.map((hub, star) => `${hub} = ${star * ranks}`),
    bus('middle', hubs),
    ...hubs.map((hub, star) =>
      bus(`star${star}`, [hub, ...numbers(ranks).map((i) => String(star * ranks + i))]),
    ),
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}

/** Seconds of processor time that processes have taken so far. */
function processorTime(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / 100;
}

const processes = (output: string) =>
  new Map(
    [...output.matchAll(/^rank (\d+) is process (\d+)$/gm)].map(([, rank, pid]) => [
      Number(rank),
      Number(pid),
    ]),
  );

describe('a star of stars', () => {
  it('lets 4 ranks pass all kinds of messages through forwarders', async () => {
    const route = starOfStars(2, 2);
    const args = ['--route', route, '-x', 'SHARED=2', '-n', '4'];
    isWell(await mpirun([...args, program('everything')]));
    isWell(await mpirun([...args, program('rounds'), '20', '50000']));
  });

  it('of 64 ranks is right, and ranks that wait leave the processors alone', async (test) => {
    const route = starOfStars(8, 8);
    const patient = ['--timeout', '300', '--watchdog', '0', '--route', route, '-n', '64'];
    const done = await mpirun([...patient, program('rounds'), '3', '5000']);
    isWell(done);
    assert.match(done.stdout, /3 rounds are over/);
    const file = join(files, 'go');
    let share = Number.NaN;
    const idle = await mpirun([...patient, program('idle'), file], (_, output) => {
      void until('all ranks wait', () => processes(output()).size === 64, 280_000)
        .then(async () => {
          const pids = [...processes(output()).values()];
          await span(500); // the first of them may still give their processors away
          const before = processorTime(pids);
          const start = performance.now();
          await span(3000);
          share = ((processorTime(pids) - before) * 1000) / (performance.now() - start) / pids.length;
        })
        .finally(() => writeFileSync(file, ''));
    });
    isWell(idle);
    test.diagnostic(`a rank that waits takes ${(100 * share).toFixed(2)} % of a processor`);
    assert.ok(share < 0.02, `${share} of a processor for each`);
  });
});

describe('hosts', { skip: noNamespaces || missing('nsenter') }, () => {
  it('that share a network run every kind of call and the examples', async () => {
    using machines = new Machines('a', 'b');
    using _ = new Networks(machines, [[0, 1]]);
    const all = await machines.mpirun(2, ['-x', 'SHARED=2', program('everything')]);
    assert.deepEqual([all.status, calm(all.stderr), all.stdout], [0, '', 'all well with 4\n']);
    for (const name of ['heat', 'sample-sort', 'fft-2d']) {
      const { status, stderr } = await machines.mpirun(2, [example(name)]);
      assert.deepEqual([status, calm(stderr)], [0, '']);
    }
  });

  it('that share none are joined by the one between', async () => {
    using machines = new Machines('a', 'b', 'c');
    using _ = new Networks(machines, [
      [0, 1],
      [1, 2],
    ]);
    const { status, stderr } = await machines.mpirun(1, ['--explain', program('rounds'), '5', '50000']);
    assert.equal(status, 0);
    assert.match(stderr, /0 > 2 +0 B +2 +iscsi iscsi/);
  });

  it('go on over the other network while one is cut, and use it again', async () => {
    using machines = new Machines('a', 'b', 'c');
    using networks = new Networks(machines, [
      [0, 1, 2],
      [0, 1, 2],
    ]);
    const { status, stdout, stderr } = await machines.mpirun(
      1,
      [program('rounds'), '200', '30000'],
      (pid, output) => {
        const round = (count: number) =>
          until(`round ${count}`, () => output().includes(`round ${count}\n`), 50_000);
        round(10)
          .then(() => networks.cable(0, 0, false))
          .then(() => round(80))
          .then(() => networks.cable(0, 0, true))
          .then(() => round(120))
          .then(() => networks.cable(1, 0, false))
          .catch(() => process.kill(pid, 'SIGQUIT')); // a job that stands still says in what
      },
    );
    assert.deepEqual([status, calm(stderr)], [0, '']);
    assert.match(stdout, /200 rounds are over/);
  });

  it('run the examples while cables are pulled and plugged in', async () => {
    using machines = new Machines('a', 'b', 'c');
    using networks = new Networks(machines, [
      [0, 1, 2],
      [0, 1, 2],
    ]);
    let pulled = 0;
    const pull = setInterval(() => {
      const [machine, up] = [Math.floor(pulled / 2) % 3, pulled % 2 === 1];
      networks.cable(0, machine, up);
      pulled++;
    }, 300);
    try {
      for (const name of examples) {
        const { status, stderr } = await machines.mpirun(name === 'cannon' ? 3 : 2, [
          ...(name === 'cannon' ? ['-n', '9'] : []),
          example(name),
        ]);
        assert.deepEqual([name, status, calm(stderr)], [name, 0, '']);
      }
    } finally {
      clearInterval(pull);
    }
    assert.ok(pulled > 3);
  });

  it('end the job in order when the rank that forwards is killed', async () => {
    using machines = new Machines('a', 'b', 'c');
    using _ = new Networks(machines, [
      [0, 1],
      [1, 2],
    ]);
    const { status, stderr } = await machines.mpirun(
      1,
      [program('rounds'), '100000', '1000'],
      (_, output) => {
        void until('round 5', () => output().includes('round 5\n'), 50_000).then(() =>
          process.kill(processes(output()).get(1) ?? 0, 'SIGKILL'),
        );
      },
    );
    assert.equal(status, 137);
    assert.match(stderr, /rank 1 ended with signal SIGKILL/);
  });

  it('end the job in order when the last way is cut, and say what was', async () => {
    using machines = new Machines('a', 'b');
    using networks = new Networks(machines, [[0, 1]]);
    const { status, stderr, left } = await machines.mpirun(
      1,
      ['-x', 'IPSCSI_MPI_PATIENCE=1', program('rounds'), '100000', '1000'],
      (_, output) => {
        void until('round 5', () => output().includes('round 5\n'), 50_000).then(() =>
          networks.cable(0, 1, false),
        );
      },
    );
    assert.notEqual(status, 0);
    assert.match(stderr, /no way to it for 1 s, since these have failed: 10\.77\.0\.0\/24/);
    assert.deepEqual(left, []);
  });

  it('that nothing joins are told so', async () => {
    using machines = new Machines('a', 'b');
    const { status, stderr } = await machines.mpirun(1, [example('pi')]);
    assert.notEqual(status, 0);
    assert.match(stderr, /no address by which other hosts could reach it/);
  });
});

describe('hosts under Hydra', { skip: noNamespaces || missing('nsenter', 'mpiexec.hydra') }, () => {
  it('find each other by its key-value space', async () => {
    const hosts = ['10.77.0.1', '10.77.0.2'] as const;
    using machines = new Machines(...hosts);
    using _ = new Networks(machines, [[0, 1]]);
    const enter = join(machines.files, 'enter');
    const launch = join(machines.files, 'launch');
    // What Hydra takes for rsh: a host, and words for its shell.
    const script = `#!/bin/sh\nhost=$1\nshift\nexec sh ${enter} "$host" sh -c "$*"\n`;
    writeFileSync(launch, script, { mode: 0o755 });
    const { status, stdout, stderr } = await run('sh', [
      ...[enter, hosts[0], 'mpiexec.hydra', '-launcher', 'rsh', '-launcher-exec', launch, '-iface', 'net0'],
      ...['-hosts', hosts.join(','), '-n', '4', '-ppn', '2', '-genv', 'SHARED', '2'],
      ...[process.execPath, program('everything')],
    ]);
    assert.deepEqual([status, stdout, stderr], [0, 'all well with 4\n', '']);
  });
});

describe('srun --mpi=pmi2', { skip: noSlurm }, () => {
  it('starts ranks that speak by iSCSI alone', async () => {
    await using slurm = await Slurm.open();
    const variables = ['IPSCSI_MPI_CARRIERS=iscsi', 'SHARED=1'];
    const { status, stdout, stderr } = await slurm.run(
      ...(['srun', '--mpi=pmi2', '-n', '4', 'env', ...variables] as const),
      ...[process.execPath, program('everything')],
    );
    assert.deepEqual([status, stdout, stderr], [0, 'all well with 4\n', '']);
  });
});
