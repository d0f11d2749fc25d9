/** A host from "ready" to its end, what the other commands say of it meanwhile, and how little it does when idle. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { configure } from './lab/configure.ts';
import { Lab, noLab, program } from './lab/lab.ts';
import { missing, noRoot, Process, run } from './lab/processes.ts';
import { pingAll, reach } from './lab/sockets.ts';
import { span, until } from './lab/until.ts';

const names = (lab: Lab, place = lab.place()) =>
  configure(place, (netlink) => netlink.links().map(({ name }) => name));

type Facts = Readonly<Record<string, unknown>>;

/** Each of the fields has the type that is named. */
function hasFields(facts: Facts, types: Readonly<Record<string, string>>): void {
  for (const [name, type] of Object.entries(types)) {
    const value = facts[name];
    assert.equal(Array.isArray(value) ? 'array' : typeof value, type, `${name} of ${JSON.stringify(facts)}`);
  }
}

describe('the life of a host', { skip: noLab }, () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    it(`${signal} ends it cleanly, and nothing is left`, async () => {
      await using lab = await Lab.open();
      const [first, second] = await lab.hosts([{ id: 1 }, { id: 2 }]);
      assert.ok(first && second);
      await reach(first.place, second.ipv4);
      assert.deepEqual(names(lab, first.place), ['lo', 'scsi0']);
      assert.deepEqual(await first.stop(signal), { code: 0, signal: null });
      assert.deepEqual([first.err, names(lab, first.place)], ['', ['lo']]);
      await until('the other one knows', async () => (await second.status()).peers.length === 0);
      assert.deepEqual(await second.stop(signal), { code: 0, signal: null });
      assert.deepEqual([names(lab, second.place), existsSync(lab.directory)], [['lo'], false]);
    });

  it('signals that come together, as npm and the kernel send them, are one', async () => {
    await using lab = await Lab.open();
    const host = await lab.host({ id: 1 });
    host.kill('SIGINT');
    assert.deepEqual(await host.stop('SIGTERM'), { code: 0, signal: null });
    assert.ok(!existsSync(lab.directory));
  });

  it('says that it is ready once, with all that matters', async () => {
    await using lab = await Lab.open();
    const host = await lab.host({ id: 3, mtu: 9000, name: 'bus0' });
    const { out } = host;
    assert.equal(out.trimEnd().split('\n').length, 1);
    const { mac, ...facts } = JSON.parse(out) as Facts;
    assert.deepEqual(facts, {
      event: 'ready',
      interface: 'bus0',
      id: 3,
      bus: lab.bus,
      mtu: 9000,
      addresses: ['10.90.0.3/24', 'fd90::3/64'],
      pid: host.pid,
    });
    const link = configure(host.place, (netlink) => netlink.link('bus0'));
    assert.deepEqual([link.mac, link.mtu, link.running], [mac, 9000, true]);
    assert.match(String(mac), /^02:53:43:[0-9a-f]{2}:[0-9a-f]{2}:03$/);
  });

  it('a namespace may be given by its name', { skip: noRoot || missing('ip') }, async () => {
    const name = `it-${process.pid}`;
    assert.equal((await run(['ip', 'netns', 'add', name])).code, 0);
    try {
      await using lab = await Lab.open();
      const options = ['--bus', lab.bus, '--id', '3', '--address', '10.90.0.3/24', '--netns', name];
      const host = lab.keep(new Process([process.execPath, program, 'up', ...options]));
      await host.says(new RegExp(`^scsi0 in ${name} is ready: ID 3 on ${lab.bus}, .*, pid ${host.pid}\n`));
      const other = await lab.host({ id: 4 });
      assert.deepEqual(pingAll(other.place, ['10.90.0.3']), []);
    } finally {
      await run(['ip', 'netns', 'delete', name]);
    }
  });

  it('scan, status and ping describe a live bus', async () => {
    await using lab = await Lab.open();
    const [first, second] = await lab.hosts([{ id: 3 }, { id: 5 }]);
    assert.ok(first && second);
    await reach(first.place, second.ipv4);
    await reach(second.place, first.ipv6);

    const scan = await lab.ipscsi('scan');
    const devices = scan.json['devices'] as readonly Facts[];
    const common = {
      lun: 0,
      type: 9,
      typeName: 'comms',
      vendor: 'IPSCSI',
      product: 'IP over SCSI',
      revision: '0.1',
    };
    assert.deepEqual(
      devices.map(({ addresses, ...rest }) => rest),
      [first, second].map(({ id, mac }) => ({ id, hostName: `lab${id}`, mac, ...common })),
    );
    const [, { addresses = [] } = {}] = devices;
    assert.ok((addresses as readonly string[]).includes(second.ipv4));

    const status = await lab.ipscsi('status');
    assert.deepEqual([status.code, status.json['bus']], [0, lab.bus]);
    const hosts = status.json['hosts'] as readonly {
      state: string;
      status: Facts & { peers: readonly Facts[] };
    }[];
    assert.deepEqual(
      hosts.map(({ state }) => state),
      ['up', 'up'],
    );
    const own = hosts[0]?.status ?? assert.fail('no status');
    hasFields(own, { bus: 'string', id: 'number', width: 'number', pid: 'number', hostName: 'string' });
    hasFields(own, {
      interface: 'string',
      mac: 'string',
      mtu: 'number',
      addresses: 'array',
      guard: 'string',
    });
    hasFields(own, { since: 'number', counters: 'object', peers: 'array' });
    const [peer = {}] = own.peers;
    hasFields(peer, {
      id: 'number',
      hostName: 'string',
      mac: 'string',
      extensions: 'array',
      state: 'string',
      commandSet: 'string',
      addresses: 'array',
    });
    hasFields(peer, { since: 'number', queued: 'number', counters: 'object' });
    hasFields(peer['counters'] as Facts, { txPackets: 'number', txBytes: 'number', rxPackets: 'number' });
    assert.deepEqual([peer['id'], peer['mac'], peer['hostName']], [5, second.mac, 'lab5']);

    for (const options of [['--id', '3', '5', '-s', '4096'], ['5']]) {
      const { code, json } = await lab.ipscsi('ping', ...options, '-c', '3', '-i', '0');
      assert.equal(code, 0);
      hasFields(json, { bus: 'string', id: 'number', bytes: 'number', minUs: 'number', medianUs: 'number' });
      assert.deepEqual([json['target'], json['sent'], json['received'], json['lossPercent']], [5, 3, 3, 0]);
      assert.equal((json['roundTripsUs'] as readonly number[]).length, 3);
    }
  });

  it('an idle host uses less than 0.5 % of a processor', async () => {
    await using lab = await Lab.open();
    const hosts = await lab.hosts([1, 2, 3].map((id) => ({ id })));
    const [first] = hosts;
    assert.ok(first);
    for (const { ipv4 } of hosts.slice(1)) await reach(first.place, ipv4);
    const sample = () => hosts.map((host) => host.processorTime());
    // Duplicate address detection, router solicitations and the like: not idle yet.
    const share = await until(
      'all hosts use less than 0.5 %',
      async () => {
        const before = sample();
        const start = performance.now();
        await span(3000);
        const nanoseconds = 1e6 * (performance.now() - start);
        const shares = sample().map((time, i) => (time - (before[i] ?? 0)) / nanoseconds);
        return shares.every((each) => each < 0.005) && shares;
      },
      20_000,
    );
    assert.equal(share.length, 3);
  });
});
