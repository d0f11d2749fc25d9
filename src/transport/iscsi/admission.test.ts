import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { Admission } from './admission.ts';
import { converse, Lab } from './testing-wire.ts';

describe('whose connection a target takes', () => {
  it('one host that says nothing leaves room for others', () => {
    const { node } = new Lab(new ScriptedTarget());
    const admission = new Admission(node, () => []);
    const admitted = (host: string, tries: number) =>
      Array.from({ length: tries }, () => admission.admit(host, '192.0.2.1')).filter(Boolean).length;
    assert.equal(admitted('192.0.2.7', 100), 16);
    assert.equal(admitted('::ffff:192.0.2.7', 1), 0, 'the same host');
    assert.equal(node.counters.crowded, 85);
    assert.deepEqual(
      ['192.0.2.8', 'fd00::9', '192.0.2.10'].map((host) => admitted(host, 17)),
      [16, 16, 16],
    );
    assert.equal(node.counters.crowded, 88);
    assert.equal(admitted('192.0.2.11', 1), 0, 'all in all there are enough');
    assert.deepEqual([node.counters.crowded, node.counters.droppedConnections], [88, 89]);
  });

  it('a discovery session that answers all pings ends nevertheless', () => {
    const lab = new Lab(new ScriptedTarget());
    const { connection, told } = lab.initiator({ target: undefined });
    const target = lab.connection();
    connection.start();
    converse(connection, target);
    assert.ok(told.ready);
    for (let seconds = 0; seconds < 60; seconds += 10) {
      assert.ok(!target.ended);
      assert.ok(target.due <= 60_001, 'it wakes for that');
      lab.clock.advance(10_000);
      target.tick();
      converse(target, connection);
    }
    lab.clock.advance(1);
    target.tick();
    assert.ok(target.ended);
    assert.equal(lab.node.counters.droppedConnections, 1);
  });
});
