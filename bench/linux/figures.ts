/** Figures: IP through sg, tcm_loop and TCMU, beside veth in the same machine. */

import type { Figure, Plan } from '../figure.ts';
import { ipFigures } from '../net/ip-figures.ts';
import { type Path, veth } from '../net/paths.ts';
import { measureCommands } from './commands.ts';
import { throughKernel } from './path.ts';

const mtu = 65280;
const [ours, theirs] = ['sg and TCMU', 'veth'];
const contenders: Readonly<Record<string, (plan: Plan) => Promise<Path>>> = {
  [ours]: (plan) => throughKernel(plan, mtu),
  [theirs]: (plan) => veth(plan, mtu),
};

/** In an emulated machine V8 compiles for many seconds, at a tenth of the speed that comes after. */
const warmUps = 4;

const commands: Figure = {
  name: 'commands',
  title: 'What a TCP stream takes in SCSI commands, SEND MESSAGE and GET MESSAGE',
  metrics: [
    { name: 'commands', unit: '1/s' },
    { name: 'datagrams in each', unit: '' },
    { name: 'data', unit: 'MB/s' },
  ],
  contenders: [{ name: ours, open: (plan) => measureCommands(plan, mtu) }],
  expectations: [],
};

const ip = ipFigures({
  over: 'sg, tcm_loop and TCMU',
  contenders,
  stream: [{ metric: 'iperf3', of: ours, to: theirs, atLeast: 0.25 }],
  ping: [{ metric: 'median', of: ours, to: theirs, atMost: 5 }],
  warmUps,
});

export const figures: readonly Figure[] = [...ip, commands];
