import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Plan, planFabric } from './fabrics.ts';
import { type FabricOptions, TcmuError, type TcmuOptions, type TcmuPeer } from './options.ts';

const root = '/t';

function plan(fabric: FabricOptions, peers: readonly TcmuPeer[]): Plan {
  const options: TcmuOptions = { bus: 'Lab_1', id: 1, width: 8, fabric, peers };
  return planFabric(
    root,
    options,
    peers.map((peer) => ({ peer, backstore: `/t/core/user_2143/${peer.id}` })),
  );
}

/** A plan's steps as lines. */
const lines = ({ prepare, link }: Plan): readonly string[] =>
  [...prepare, ...link].map((step) => {
    if (step.do === 'mkdir') return step.path;
    return step.do === 'write' ? `${step.path} = ${step.text}` : `${step.path} -> ${step.to}`;
  });

const refused = { name: 'TcmuError', fault: 'bad-option' };

describe('what a fabric needs in configfs', () => {
  it('loopback, vhost: a port for each peer, names of their own that stay the same', () => {
    for (const kind of ['loopback', 'vhost'] as const) {
      const { ports, ...rest } = plan({ kind }, [{ id: 0 }, { id: 4 }]);
      const [first = '', second = ''] = ports;
      assert.match(first, new RegExp(`^/t/${kind}/naa\\.3[0-9a-f]{15}$`));
      assert.notEqual(first, second);
      assert.deepEqual(ports, plan({ kind }, [{ id: 0 }, { id: 4 }]).ports);
      const all = lines({ ports, ...rest });
      assert.equal(all.filter((line) => / = naa\.3[0-9a-f]{15}$/.test(line)).length, 2);
      assert.deepEqual(all.slice(-2), [
        `${first}/tpgt_1/lun/lun_0/ipscsi -> /t/core/user_2143/0`,
        `${second}/tpgt_1/lun/lun_0/ipscsi -> /t/core/user_2143/4`,
      ]);
    }
  });

  it('iscsi: anybody may come to the only device', () => {
    const made = plan({ kind: 'iscsi', portals: ['0.0.0.0:3260', '[::1]:3260'] }, [{ id: 0 }]);
    const group = '/t/iscsi/iqn.2026-01.org.ipscsi:lab-1.1/tpgt_1';
    assert.deepEqual(lines(made), [
      '/t/iscsi/iqn.2026-01.org.ipscsi:lab-1.1',
      group,
      `${group}/np/0.0.0.0:3260`,
      `${group}/np/[::1]:3260`,
      `${group}/attrib/authentication = 0`,
      `${group}/attrib/generate_node_acls = 1`,
      `${group}/attrib/cache_dynamic_acls = 1`,
      `${group}/attrib/demo_mode_write_protect = 0`,
      `${group}/lun/lun_0`,
      `${group}/lun/lun_0/ipscsi -> /t/core/user_2143/0`,
      `${group}/enable = 1`,
    ]);
  });

  it('iscsi: each initiator on the list finds its own device as LUN 0', () => {
    const made = plan({ kind: 'iscsi', portals: [], name: 'iqn.2026-01.org.example:t' }, [
      { id: 0, initiator: 'iqn.2026-01.org.example:a' },
      { id: 4, initiator: 'iqn.2026-01.org.example:b', chap: { user: 'b', secret: 'twelve bytes' } },
    ]);
    const group = '/t/iscsi/iqn.2026-01.org.example:t/tpgt_1';
    const all = lines(made);
    for (const line of [
      `${group}/attrib/authentication = 1`,
      `${group}/attrib/generate_node_acls = 0`,
      `${group}/acls/iqn.2026-01.org.example:b/auth/password = twelve bytes`,
      `${group}/acls/iqn.2026-01.org.example:a/lun_0/ipscsi -> ${group}/lun/lun_0`,
      `${group}/acls/iqn.2026-01.org.example:b/lun_0/ipscsi -> ${group}/lun/lun_1`,
    ])
      assert.ok(all.includes(line), line);
    assert.ok(!all.some((line) => line.includes('org.example:a/auth')));
  });

  it('adapters: the access list, then the switch where there is one', () => {
    const wwn = '20:00:aa:bb:cc:dd:ee:ff';
    const peers = [{ id: 0, initiator: '20:00:aa:bb:cc:dd:ee:01' }];
    assert.ok(!lines(plan({ kind: 'fc', name: wwn }, peers)).some((line) => line.includes('enable')));
    assert.equal(
      lines(plan({ kind: 'qla2xxx', name: wwn }, peers)).at(-1),
      `/t/qla2xxx/${wwn}/tpgt_1/enable = 1`,
    );
    const srpt = lines(
      plan({ kind: 'srpt', name: '5054:00ff:fe12:3456' }, [{ id: 0, initiator: '10.0.2.15' }]),
    );
    assert.equal(srpt.at(-1), '/t/srpt/5054:00ff:fe12:3456/5054:00ff:fe12:3456/enable = 1');
  });

  it('refuses peers that could not be told apart, and names that are none', () => {
    const portals: string[] = [];
    assert.throws(() => plan({ kind: 'iscsi', portals }, [{ id: 0 }, { id: 4 }]), refused);
    assert.throws(() => plan({ kind: 'iscsi', portals }, [{ id: 0, initiator: '../x' }]), refused);
    assert.throws(() => plan({ kind: 'iscsi', portals, name: 'a/b' }, [{ id: 0 }]), refused);
    assert.throws(() => plan({ kind: 'fc', name: '20:00' }, [{ id: 0 }]), refused);
    assert.throws(() => plan({ kind: 'usb_gadget', name: 'naa.1' }, [{ id: 0 }, { id: 4 }]), TcmuError);
  });
});
