import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { ChapAlgorithm } from './chap.ts';
import { LoginError, withMd5Alone } from './initiator-login.ts';
import type { TargetNodeOptions } from './target-node.ts';
import { converse, Lab } from './testing-wire.ts';

const chap = { name: 'alice', secret: 'a secret of hers' };

/** Why a login with these fails. */
function failure(options: Partial<TargetNodeOptions>, ours = chap): LoginError {
  const lab = new Lab(new ScriptedTarget(), options);
  const { connection, told } = lab.initiator({ chap: ours });
  connection.start();
  converse(connection, lab.connection());
  assert.ok(told.over instanceof LoginError);
  return told.over;
}
/** One that does not take our answer by this algorithm. */
const refusing = (algorithm: number): Partial<TargetNodeOptions> => ({
  chap: { users: { alice: 'what it knows of her' }, algorithms: [algorithm] },
});

describe('after a refused login', () => {
  it('MD5 alone is tried where the target chose SHA-256 and did not take the answer, as tgt does', () => {
    const error = failure(refusing(ChapAlgorithm.sha256));
    assert.deepEqual(withMd5Alone(chap, error), { ...chap, algorithms: [ChapAlgorithm.md5] });
  });

  it('it is not tried after any other refusal, or when the algorithms were chosen', () => {
    const sha256 = failure(refusing(ChapAlgorithm.sha256));
    const others = [
      failure(refusing(ChapAlgorithm.sha3256)),
      failure(refusing(ChapAlgorithm.md5)),
      failure({}), // it wants no CHAP
      failure({ allow: () => false }),
    ];
    for (const error of others) assert.equal(withMd5Alone(chap, error), undefined, error.message);
    assert.equal(withMd5Alone({ ...chap, algorithms: [8, 7, 5] }, sha256), undefined);
    assert.equal(withMd5Alone(undefined, sha256), undefined);
  });
});
