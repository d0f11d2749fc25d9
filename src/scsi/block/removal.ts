/** A medium that can be taken out: START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL (SBC-3 §5.13, §5.24). Pure state and two handlers. */

import type { Nexus } from '../command.ts';
import { AdditionalSense, SenseKey } from '../sense.ts';
import type { Refusal } from '../sense-data.ts';
import * as cdb from './cdb.ts';
import type { Handler } from './disk.ts';

export const noMedium: Refusal = { key: SenseKey.notReady, code: AdditionalSense.mediumNotPresent };
const prevented: Refusal = { key: SenseKey.illegalRequest, code: AdditionalSense.mediumRemovalPrevented };

export class Removal {
  readonly removable: boolean;
  /** The medium is out. */
  ejected = false;
  /** Who wants it to stay in. */
  readonly preventing = new Set<Nexus>();

  constructor(removable: boolean) {
    this.removable = removable;
  }
}

export const startStopUnit: Handler = (task, { removal }) => {
  const { powerCondition, loadEject, start } = cdb.StartStopUnit.over(task.cdb);
  task.dataOutWanted = 0;
  if (removal.removable && loadEject && powerCondition === 0) {
    if (removal.preventing.size > 0) {
      task.refuse(prevented);
      return;
    }
    removal.ejected = !start;
  }
  task.good();
};

export const preventAllow: Handler = (task, { removal }, { nexus }) => {
  task.dataOutWanted = 0;
  if (cdb.PreventAllow.over(task.cdb).prevent & 1) removal.preventing.add(nexus);
  else removal.preventing.delete(nexus);
  task.good();
};
