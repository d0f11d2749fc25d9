/** A diagnosis as text. */

import type { Colours } from '../colours.ts';
import { type Column, tableLines } from '../table.ts';
import type { Diagnosis, Verdict } from './transports.ts';

const adapterColumns: readonly Column[] = [
  { title: 'PLACE' },
  { title: 'IDS' },
  { title: 'KIND' },
  { title: 'DRIVER' },
  { title: 'TARGET FABRIC' },
];

function adapterLines({ adapters }: Diagnosis, colours: Colours): string[] {
  if (adapters.length === 0) return ['no adapter'];
  const rows = adapters.map(({ place, ids, kind, driver, fabric }) => [
    place,
    ids ?? '-',
    kind,
    driver ?? 'no driver',
    fabric ?? 'none',
  ]);
  return tableLines(adapterColumns, rows, colours);
}

/** The verdict, and below it what is lacking. */
function verdictLines({ name, verdict, findings }: Verdict, width: number, colours: Colours): string[] {
  const head = name.padEnd(width);
  if (verdict === 'ready')
    return [`${head}  ${colours.green('ready')}: ${findings.map(({ what }) => what).join(', ')}`];
  const lacking = findings.filter(({ state }) => state !== 'met');
  const lines = lacking.map(({ what, remedy }) => `  ${what}${remedy ? `: ${remedy}` : ''}`);
  return [`${head}  ${verdict === 'possible' ? 'possible, after' : colours.red(verdict)}`, ...lines];
}

function moduleLines({ modules }: Diagnosis): string[] {
  const states = [...new Set(Object.values(modules))];
  return states.map((state) => {
    const names = Object.entries(modules).filter(([, its]) => its === state);
    return `modules ${state}: ${names.map(([name]) => name).join(' ')}`;
  });
}

export function reportLines(diagnosis: Diagnosis, colours: Colours): string[] {
  const { transports } = diagnosis;
  const width = Math.max(...transports.map(({ name }) => name.length));
  const can = Object.entries(diagnosis.capabilities).filter(([, has]) => has);
  return [
    `kernel ${diagnosis.kernel}`,
    ...moduleLines(diagnosis),
    `capabilities: ${can.map(([name]) => name).join(' ') || 'none that we may need'}`,
    '',
    ...adapterLines(diagnosis, colours),
    '',
    ...transports.flatMap((one) => verdictLines(one, width, colours)),
  ];
}
