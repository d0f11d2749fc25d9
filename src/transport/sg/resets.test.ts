import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { Task } from '../task.ts';
import { Resets, resetFor } from './resets.ts';

/** A reset of one task's logical unit, under way. */
function begin() {
  const task = new Task();
  const underWay = new Set([task]);
  const resets = new Resets((one) => underWay.has(one));
  let response: TaskManagementResponse | undefined;
  let end: (worked: boolean) => void = () => undefined;
  const kernel = new Promise<boolean>((resolve) => {
    end = resolve;
  });
  void resets
    .begin([[task, 7]], () => kernel)
    .then((said) => {
      response = said;
    });
  const kernelEnds = async (worked = true) => {
    end(worked);
    await turn();
  };
  const taskEnds = async () => {
    underWay.clear();
    resets.poll();
    await turn();
  };
  return { resets, kernelEnds, taskEnds, response: () => response };
}

describe('resets through sg', () => {
  it('end when the kernel is through, and the tasks are, whichever comes last', async () => {
    const one = begin();
    await one.kernelEnds();
    assert.equal(one.response(), undefined, 'the task is still under way');
    await one.taskEnds();
    assert.equal(one.response(), TaskManagementResponse.complete);
    assert.equal(one.resets.pending, false);

    const other = begin();
    await other.taskEnds();
    assert.equal(other.response(), undefined, 'the kernel is not through');
    await other.kernelEnds();
    assert.equal(other.response(), TaskManagementResponse.complete, 'without another poll');
    assert.equal(other.resets.pending, false);
  });

  it('are rejected when the kernel could not', async () => {
    const { kernelEnds, response } = begin();
    await kernelEnds(false);
    assert.equal(response(), TaskManagementResponse.rejected);
  });

  it('are of logical units and targets alone', () => {
    assert.notEqual(resetFor(TaskManagement.logicalUnitReset), resetFor(TaskManagement.targetReset));
    assert.equal(resetFor(TaskManagement.abortTask), undefined);
  });
});
