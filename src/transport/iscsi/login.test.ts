import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { ChapAlgorithm } from './chap.ts';
import { type InitiatorChap, LoginError } from './initiator-login.ts';
import { defaultWishes } from './keys.ts';
import { LoginStatus, Stage } from './opcodes.ts';
import { LoginRequest, LoginResponse } from './pdu.ts';
import type { TargetNodeOptions } from './target-node.ts';
import { converse, Lab, RawInitiator, targetName } from './testing-wire.ts';
import { encodeText } from './text.ts';

const newLab = (options: Partial<TargetNodeOptions> = {}) => new Lab(new ScriptedTarget(), options);

const users = { alice: 'a secret of hers' };
const own = { name: 'the-target', secret: 'its very own one' };
const alice = { name: 'alice', secret: 'a secret of hers' };

/** Both ends of ours log in; gives the initiator's fate. */
function attempt(
  target: Partial<TargetNodeOptions>,
  initiator: Parameters<Lab<ScriptedTarget>['initiator']>[0] = {},
) {
  const lab = newLab(target);
  const { connection, told } = lab.initiator(initiator);
  const served = lab.connection();
  connection.start();
  converse(connection, served);
  return {
    lab,
    connection,
    served,
    told,
    status: told.over instanceof LoginError ? told.over.status : undefined,
  };
}

describe('login between two of ours (RFC 7143 §6)', () => {
  it('reaches full feature phase without authentication', () => {
    const { told, lab, connection, served } = attempt({});
    assert.deepEqual([told.ready, told.over], [true, undefined]);
    assert.deepEqual([...lab.node.sessions.keys()], ['iqn.2026-01.org.example:i,i,0x800102030000']);
    assert.equal(lab.device.established.length, 1);
    assert.equal(connection.settings.InitialR2T, false);
    assert.deepEqual(connection.settings, { ...served.session?.settings });
  });

  for (const [name, algorithm] of Object.entries(ChapAlgorithm)) {
    for (const mutual of [false, true]) {
      it(`reaches it with CHAP ${name}, ${mutual ? 'mutual' : 'one way'}`, () => {
        const chap: InitiatorChap = { ...alice, algorithms: [algorithm], ...(mutual ? { target: own } : {}) };
        const { told } = attempt({ chap: { users, own } }, { chap });
        assert.deepEqual([told.ready, told.over], [true, undefined]);
      });
    }
  }

  it('falls back to MD5 with a target that has nothing else', () => {
    assert.ok(attempt({ chap: { users, algorithms: [ChapAlgorithm.md5] } }, { chap: alice }).told.ready);
  });

  const { authenticationFailure, authorizationFailure, notFound, serviceUnavailable } = LoginStatus;
  const wrong: InitiatorChap = { name: 'alice', secret: 'not her secret' };
  const refusals: readonly (readonly [
    string,
    Partial<TargetNodeOptions>,
    Parameters<Lab<ScriptedTarget>['initiator']>[0],
    number,
  ])[] = [
    ['a wrong secret', { chap: { users } }, { chap: wrong }, authenticationFailure],
    ['a name unknown', { chap: { users } }, { chap: { ...alice, name: 'bob' } }, authenticationFailure],
    [
      'the name and secret of another node',
      { chap: { users, binds: (user, initiator) => initiator.endsWith(user) } },
      { chap: alice },
      authenticationFailure,
    ],
    ['no authentication where it is due', { chap: { users } }, {}, authenticationFailure],
    ['CHAP where there is none', {}, { chap: alice }, authenticationFailure],
    [
      'no common algorithm',
      { chap: { users, algorithms: [ChapAlgorithm.sha256] } },
      { chap: { ...alice, algorithms: [ChapAlgorithm.md5] } },
      authenticationFailure,
    ],
    ['an initiator not on the list', { allow: () => false }, {}, authorizationFailure],
    ['another target', {}, { target: 'iqn.2026-01.org.example:other' }, notFound],
    ['any initiator while there is no device', { device: undefined }, {}, serviceUnavailable],
  ];
  for (const [what, target, initiator, status] of refusals)
    it(`refuses ${what}`, () => {
      const result = attempt(target, initiator);
      assert.equal(result.status, status);
      assert.deepEqual(
        [result.told.ready, result.served.ended, result.lab.node.counters.failedLogins],
        [false, true, 1],
      );
    });

  it('is broken off by an initiator whose target does not prove who it is', () => {
    for (const target of [
      { name: 'the-target', secret: 'another secret' },
      { name: 'x', secret: own.secret },
    ]) {
      const { told } = attempt({ chap: { users, own } }, { chap: { ...alice, target } });
      assert.deepEqual([told.ready, told.over instanceof Error], [false, true]);
    }
  });

  it('needs two secrets for two directions', () => {
    assert.throws(() => newLab({ chap: { users, own: { name: 't', secret: users.alice } } }), RangeError);
    assert.throws(
      () => newLab().initiator({ chap: { ...alice, target: { ...alice, name: 't' } } }),
      RangeError,
    );
  });

  it('says where a target has moved', () => {
    const { told } = attempt({ redirect: { address: '192.0.2.9:3260,1' } });
    assert.ok(told.over instanceof LoginError);
    assert.deepEqual(
      [told.over.status, told.over.movedTo],
      [LoginStatus.movedTemporarily, '192.0.2.9:3260,1'],
    );
  });

  it('turns digests on when both want them', () => {
    const digests = { HeaderDigest: ['CRC32C'], DataDigest: ['CRC32C'] };
    const { connection } = attempt({}, { wishes: { ...defaultWishes, ...digests } });
    assert.deepEqual(
      [connection.settings.HeaderDigest, connection.settings.DataDigest],
      ['CRC32C', 'CRC32C'],
    );
  });

  it('discovers: SendTargets=All lists the target and its portals (Appendix C)', async () => {
    const { lab, connection, served } = attempt({}, { target: undefined });
    lab.node.portals = (local) => [`${local}:3260,1`];
    const asked = connection.ask([['SendTargets', 'All']]);
    converse(connection, served);
    assert.deepEqual(await asked, [
      ['TargetName', targetName],
      ['TargetAddress', '192.0.2.1:3260,1'],
    ]);
    assert.equal(lab.device.established.length, 0);
  });

  it('gives a long answer in parts', async () => {
    const { lab, connection, served } = attempt(
      {},
      { target: undefined, wishes: { ...defaultWishes, MaxRecvDataSegmentLength: 512 } },
    );
    lab.node.portals = () => Array.from({ length: 60 }, (_, i) => `192.0.2.${i}:3260,1`);
    const asked = connection.ask([['SendTargets', 'All']]);
    converse(connection, served);
    assert.equal((await asked).length, 61);
  });

  it('takes the place of the session of the same initiator port (§6.3.5)', () => {
    const { lab, served } = attempt({});
    const again = lab.initiator();
    const second = lab.connection();
    again.connection.start();
    converse(again.connection, second);
    assert.deepEqual([served.ended, second.ended, lab.node.sessions.size], [true, false, 1]);
    assert.deepEqual([lab.device.established.length, lab.device.lost.length], [2, 1]);
    assert.equal(lab.device.lost[0], lab.device.established[0]);
  });
});

describe('login with others', () => {
  const request = { opcode: 3, immediate: 1, tag: 1, isid: new Uint8Array(6) };
  const status = (
    lab: ReturnType<typeof newLab>,
    values: object,
    text: readonly (readonly [string, string])[],
  ) => {
    const [answer] = new RawInitiator(lab.connection()).say(
      LoginRequest,
      { ...request, ...values },
      encodeText(text),
    );
    return answer && LoginResponse.decode(answer.header).status;
  };
  const name = ['InitiatorName', 'iqn.2026-01.org.example:i'] as const;
  const target = ['TargetName', targetName] as const;

  it('refuses what makes no sense', () => {
    const full = { transit: 1, currentStage: Stage.operational, nextStage: Stage.fullFeature };
    const lab = newLab();
    assert.equal(status(lab, full, []), LoginStatus.missingParameter);
    assert.equal(status(lab, full, [name]), LoginStatus.missingParameter);
    assert.equal(
      status(lab, full, [name, target, ['SessionType', 'Odd']]),
      LoginStatus.unsupportedSessionType,
    );
    assert.equal(status(lab, { ...full, versionMin: 1 }, [name, target]), LoginStatus.unsupportedVersion);
    assert.equal(status(lab, { ...full, tsih: 7 }, [name, target]), LoginStatus.noSuchSession);
    assert.equal(status(lab, { ...full, continues: 1 }, [name, target]), LoginStatus.initiatorError);
    assert.equal(status(lab, { ...full, nextStage: 0 }, [name, target]), LoginStatus.initiatorError);
    assert.equal(status(lab, { ...full, currentStage: 3 }, [name, target]), LoginStatus.initiatorError);
    assert.equal(
      status(lab, full, [name, target, ['InitialR2T', 'No'], ['InitialR2T', 'No']]),
      LoginStatus.initiatorError,
    );
    assert.equal(lab.node.sessions.size, 0);
  });

  it('takes keys in pieces, under the C bit (§6.2)', () => {
    const connection = newLab().connection();
    const peer = new RawInitiator(connection);
    const text = encodeText([name, target, ['MaxBurstLength', '4096']]);
    const stages = { ...request, currentStage: Stage.operational, cmdSn: 1 };
    const [first] = peer.say(LoginRequest, { ...stages, continues: 1 }, text.subarray(0, 50));
    assert.deepEqual([first?.data.length, first && LoginResponse.decode(first.header).status], [0, 0]);
    const [second] = peer.say(LoginRequest, { ...stages, transit: 1, nextStage: 3 }, text.subarray(50));
    assert.ok(second);
    const { transit, nextStage, tsih } = LoginResponse.decode(second.header);
    assert.deepEqual([transit, nextStage, tsih > 0], [1, 3, true]);
    assert.match(new TextDecoder().decode(second.data), /MaxBurstLength=4096/);
    assert.equal(connection.session?.settings.MaxBurstLength, 4096);
  });

  it('ends when it takes too long, or begins with something else', () => {
    const lab = newLab();
    const slow = lab.connection();
    slow.receive(new Uint8Array(3));
    lab.clock.advance(14_000);
    slow.receive(new Uint8Array(3));
    slow.tick();
    assert.equal(slow.ended, false);
    lab.clock.advance(1_001);
    slow.tick();
    assert.equal(slow.ended, true);
    const rude = lab.connection();
    rude.receive(new Uint8Array(48));
    assert.equal(rude.ended, true);
    assert.equal(lab.node.counters.droppedConnections, 2);
  });
});
