/** Rank 0 asks its process manager all that PMI-1 has, and prints the talk; the others come to the barrier alone. */

import { writeSync } from 'node:fs';
import { DescriptorWire } from '../../../src/mpi/pmi/wire.ts';

const first = process.env['PMI_RANK'] === '0';
const wire = new DescriptorWire(Number(process.env['PMI_FD']));

function ask(line: string): string {
  wire.write(`${line}\n`);
  const answer = wire.readLine();
  if (first) writeSync(1, `> ${line.replaceAll('\n', '|')}\n< ${answer}\n`);
  return answer;
}

ask('cmd=init pmi_version=1 pmi_subversion=1');
ask('cmd=get_maxes');
ask('cmd=get_appnum');
ask('cmd=get_universe_size');
const name = ask('cmd=get_my_kvsname').replace(/.*kvsname=/, '');
if (first) {
  ask(`cmd=get kvsname=${name} key=PMI_process_mapping`);
  ask(`cmd=put kvsname=${name} key=a value=b`);
  ask(`cmd=put kvsname=${name} key=a value=c=d`);
  ask(`cmd=get kvsname=${name} key=a`);
}
ask('cmd=barrier_in');
ask(`cmd=get kvsname=${name} key=a`);
ask(`cmd=get kvsname=${name} key=z`);
ask('cmd=finalize');
