/** Ranks that meet through their process manager alone: each puts, all meet, each gets what all have put; several times. */

import { writeSync } from 'node:fs';
import { connectPmi, pmiEnvironment } from '../../../src/mpi/pmi/connect.ts';

const [, , rounds = '1', bytes = '10', end = 'finalize'] = process.argv;
const environment = pmiEnvironment(process.env);
if (!environment) throw new Error('no process manager');
const pmi = connectPmi(environment);

const value = (rank: number, round: number) => `${rank}.${round}.`.padEnd(Number(bytes), 'x');
for (let round = 0; round < Number(rounds); round++) {
  pmi.put(`${round}-${pmi.rank}`, value(pmi.rank, round));
  pmi.put('last', value(pmi.rank, round));
  pmi.fence();
  for (let rank = 0; rank < pmi.size; rank++)
    if (pmi.get(`${round}-${rank}`) !== value(rank, round)) throw new Error(`nothing of rank ${rank}`);
  if (pmi.get('last') === undefined || pmi.get('never') !== undefined) throw new Error('keys are mixed up');
}
if (end === 'abort' && pmi.rank === pmi.size - 1) pmi.abort(9, 'as asked');
if (end === 'leave' && pmi.rank === pmi.size - 1) process.exit(0);
if (end !== 'finalize') pmi.fence(); // which nobody leaves
pmi.finalize();
writeSync(1, `rank ${pmi.rank} of ${pmi.size} met all\n`);
