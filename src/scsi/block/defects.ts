/** READ DEFECT DATA (SBC-3 §5.17, §5.18): memory has no defects to list. */

import { bits, struct } from '../../bytes/fields.ts';
import * as cdb from './cdb.ts';
import type { Handler } from './disk.ts';

const listFlags = struct('defect list header', 4, {
  primary: bits(1, 4),
  grown: bits(1, 3),
  format: bits(1, 2, 0),
});

export const readDefectData10: Handler = (task) => {
  const { primary, grown, format, length } = cdb.ReadDefectData10.over(task.cdb);
  task.dataOutWanted = 0;
  task.allocation = length;
  task.good(listFlags.encode({ primary, grown, format }));
};

export const readDefectData12: Handler = (task) => {
  const { primary, grown, format, length } = cdb.ReadDefectData12.over(task.cdb);
  task.dataOutWanted = 0;
  task.allocation = length;
  task.good(listFlags.encode({ primary, grown, format }, new Uint8Array(8)));
};
