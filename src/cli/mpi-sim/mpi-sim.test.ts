import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { noColours } from '../colours.ts';
import { CliError } from '../failure.ts';
import { mpiSim } from './mpi-sim.ts';
import { parseTopology, TopologyError } from './topology-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipscsi-mpi-sim-'));
after(() => rmSync(folder, { recursive: true }));

const carriers = `[carriers.slim]
alpha = 1
beta = 0.5
[carriers.fat]
alpha = 11
beta = 0.25
`;
const lab = `${carriers}[[bus]]
name = "one"
carrier = "slim"
nodes = ["a", "b"]
[[bus]]
carrier = "fat"
nodes = ["a", "b", "c"]
`;
const generated = (lines: string) => `[carriers.shm]\nalpha = 0.4\nbeta = 0.0001\n[generate]\n${lines}\n`;

function run(content: string, json = false) {
  const file = join(folder, 'lab.toml');
  writeFileSync(file, content);
  const out: string[] = [];
  const complaints: string[] = [];
  const output = { colours: noColours, line: (line: string) => void out.push(line) };
  const code = mpiSim({ file, json }, output, (line) => void complaints.push(line.replace(`${folder}/`, '')));
  return { code, out, complaints };
}

describe('mpi-sim', () => {
  it('prints the table by classes of pairs, with the sizes at which the way changes', () => {
    const { code, out, complaints } = run(lab);
    assert.equal(code, 0);
    assert.deepEqual(complaints, []);
    assert.equal(out[0], '3 nodes, 2 buses, 5 ports; 6 pairs, all of them looked at, in 2 classes');
    assert.match(out[2] ?? '', /^ +4 {2}a > c +0 B +1 {2}fat +11\.0 µs +0\.25 +32\.0 Mbit\/s$/);
    assert.match(out[3] ?? '', /^ +2 {2}a > b +0 B +1 {2}slim +1\.0 µs +0\.5 +16\.0 Mbit\/s$/);
    assert.match(out[4] ?? '', /^ +40 B +1 {2}fat +11\.0 µs/); // 1 + 0.5 n = 11 + 0.25 n
  });

  it('prints the same as JSON', () => {
    const { out } = run(lab, true);
    const { ok, nodes, looked, classes } = JSON.parse(out.join('\n'));
    assert.deepEqual(
      { ok, nodes, looked, count: classes.length },
      { ok: true, nodes: 3, looked: 6, count: 2 },
    );
    assert.deepEqual(classes[1], {
      pairs: 2,
      example: ['a', 'b'],
      routes: [
        { least: 0, hops: 1, carriers: ['slim'], alpha: 1, beta: 0.5 },
        { least: 40, hops: 1, carriers: ['fat'], alpha: 11, beta: 0.25 },
      ],
    });
  });

  const kinds: readonly (readonly [lines: string, head: RegExp])[] = [
    ['kind = "bus"\nnodes = 8', /^8 nodes, 1 buses, 8 ports; 56 pairs, .* in 1 classes$/],
    ['kind = "chain"\nnodes = 5', /^5 nodes, 4 buses, .* in 4 classes$/],
    ['kind = "ring"\nnodes = 6', /^6 nodes, 6 buses, .* in 3 classes$/],
    ['kind = "two-rails"\nnodes = 4', /^4 nodes, 2 buses, 8 ports; .* in 1 classes$/],
    ['kind = "star-of-stars"\nside = 8', /^64 nodes, 9 buses, 72 ports; .* in 3 classes$/],
    ['kind = "hypercube"\ndimensions = 4', /^16 nodes, 32 buses, .* in 4 classes$/],
    ['kind = "random"\nnodes = 12\nseed = 3', /^12 nodes, 17 buses, 34 ports/],
    ['kind = "star-of-stars"\nside = 32', /^1024 nodes, 33 buses, .* in 3 classes$/],
  ];
  for (const [lines, head] of kinds)
    it(`makes ${lines.replaceAll('\n', ', ')}`, () => assert.match(run(generated(lines)).out[0] ?? '', head));

  it('runs the collectives and draws them', () => {
    const file = join(folder, 'ring.toml');
    const svg = join(folder, 'ring.svg');
    writeFileSync(file, generated('kind = "ring"\nnodes = 6'));
    const out: string[] = [];
    const output = { colours: noColours, line: (line: string) => void out.push(line) };
    mpiSim({ file, json: true, collectives: true, svg }, output, assert.fail);
    const { collectives } = JSON.parse(out.join(''));
    assert.equal(collectives.length, 4 * 4 + 1);
    for (const { time, bound } of collectives) assert.ok(time >= bound * (1 - 1e-9) && bound > 0);
    const drawn = readFileSync(svg, 'utf8');
    assert.equal(drawn.match(/stroke-width="2"/g)?.length, 4);
    assert.doesNotMatch(drawn, /NaN|Infinity/);
    out.length = 0;
    mpiSim({ file, json: false, collectives: true }, output, assert.fail);
    assert.match(out.at(-1) ?? '', /^allgather +1\.0 MiB +30 /);
    const nowhere = { file, json: false, collectives: true, svg: join(folder, 'none', 'x.svg') };
    assert.throws(() => mpiSim(nowhere, output, assert.fail), CliError);
  });

  it('refuses collectives on a network in parts, and on too great a one', () => {
    const file = join(folder, 'parts.toml');
    const output = { colours: noColours, line: () => undefined };
    writeFileSync(
      file,
      `${carriers}[[bus]]\ncarrier="fat"\nnodes=["a","b"]\n[[bus]]\ncarrier="fat"\nnodes=["c","d"]\n`,
    );
    assert.throws(
      () => mpiSim({ file, json: false, collectives: true }, output, assert.fail),
      /no way from a to c/,
    );
    writeFileSync(file, generated('kind = "bus"\nnodes = 4096'));
    assert.throws(() => mpiSim({ file, json: false, collectives: true }, output, assert.fail), /too long/);
  });

  it('says where there is no way', () => {
    const { out } = run(
      `${carriers}[[bus]]\ncarrier="fat"\nnodes=["a","b"]\n[[bus]]\ncarrier="fat"\nnodes=["c","d"]\n`,
    );
    assert.match(out[2] ?? '', /^ +8 {2}a > c +no way$/);
  });

  const wrong: readonly (readonly [text: string, line: number, message: RegExp])[] = [
    ['x = ', 1, /not TOML/],
    [
      '[carriers.a]\nalpha = 0\nbeta = 1\n[generate]\nkind = "bus"\nnodes = 2',
      2,
      /"alpha" of carriers\.a is not right/,
    ],
    ['[carriers.a]\nalpha = 1\n[generate]\nkind = "bus"\nnodes = 2', 1, /"beta" of carriers\.a is missing/],
    [carriers, 1, /there is no network/],
    ['[generate]\nkind = "bus"\nnodes = 2', 1, /there is no carrier/],
    [generated('kind = "rings"\nnodes = 3'), 5, /there is no kind "rings"/],
    [generated('kind = "ring"\nnodes = 2'), 6, /"nodes" of generate is 2/],
    [generated('kind = "ring"\nside = 3'), 4, /"nodes" of generate is missing/],
    [generated('kind = "bus"\nnodes = 3\nseed = 1'), 7, /"seed" of generate is unknown/],
    [`${lab}[generate]\nkind = "bus"\nnodes = 2\ncarrier = "fat"`, 7, /exclude each other/],
    [`${carriers}[[bus]]\ncarrier = "fatt"\nnodes = ["a", "b"]`, 8, /there is no carrier "fatt"/],
    [`${carriers}[[bus]]\nnodes = ["a", "b"]`, 7, /"carrier" of bus is missing/],
    [`${carriers}[[bus]]\ncarrier = "fat"\nnodes = ["a"]`, 7, /fewer than two nodes/],
    [`${carriers}[[bus]]\ncarrier = "fat"\nnodes = ["a", "b", "a"]`, 9, /"a" stands twice/],
    [`${carriers}[bus]\ncarrier = "fat"\nnodes = ["a", "b"]`, 7, /"bus" is no list/],
    [`${lab}[[bus]]\nname = "one"\ncarrier = "fat"\nnodes = ["a", "b"]`, 15, /another bus "one"/],
  ];
  for (const [text, line, message] of wrong)
    it(`tells by line: ${message.source}`, () => {
      try {
        parseTopology(text);
        assert.fail('nothing was wrong');
      } catch (error) {
        assert.ok(error instanceof TopologyError, String(error));
        assert.ok(
          error.mistakes.some((one) => one.line === line && message.test(one.message)),
          JSON.stringify(error.mistakes),
        );
      }
    });

  it('complains by line, ends with the code for usage, and says so in JSON too', () => {
    const text = generated('kind = "rings"\nnodes = 3');
    const { code, out, complaints } = run(text);
    assert.deepEqual([code, out], [2, []]);
    assert.match(
      complaints[0] ?? '',
      /^lab\.toml:5: there is no kind "rings"; expected one of .*; did you mean ring\?$/,
    );
    assert.equal(JSON.parse(run(text, true).out[0] ?? '').mistakes[0].line, 5);
  });

  it('needs a file', () => {
    const output = { colours: noColours, line: () => undefined };
    for (const file of [join(folder, 'none.toml'), folder])
      assert.throws(() => mpiSim({ file, json: false }, output, () => undefined), CliError);
  });
});
