/** Figures: IP over SCSI over iSCSI, beside the veth below it. */

import type { Figure, Plan } from '../figure.ts';
import { ipFigures } from '../net/ip-figures.ts';
import { type Path, veth } from '../net/paths.ts';
import { ipOverIscsi } from './ip-path.ts';

const [ours, safe, theirs] = ['IP over iSCSI', 'with digests', 'veth'];
const contenders: Readonly<Record<string, (plan: Plan) => Promise<Path>>> = {
  [ours]: (plan) => ipOverIscsi(plan),
  [safe]: (plan) => ipOverIscsi(plan, { digests: 'on' }),
  [theirs]: (plan) => veth(plan, 1500),
};

export const ipOver: readonly Figure[] = ipFigures({
  over: 'iSCSI, MTU 65280',
  contenders,
  stream: [
    { metric: 'iperf3', of: ours, to: theirs, atLeast: 0.5 },
    { metric: 'Node stream', of: ours, to: theirs },
    { metric: 'iperf3', of: safe, to: ours, atLeast: 0.85 },
  ],
  ping: [
    { metric: 'median', of: ours, to: theirs, atMost: 3 },
    { metric: 'p99', of: ours, to: theirs },
  ],
});
