/** What collectives do for ranks that lie so in groups: for `--explain`. */

import { choose, flat, type Size } from './choice.ts';
import { type Collective, collectives, groupRanks, type Shape, shapeOf, type Topology } from './topology.ts';

/** An algorithm and the bytes from which on it is taken. */
export interface Choice {
  readonly least: number;
  readonly hierarchical: boolean;
  readonly algorithm: string;
}

const most = 1 << 30;
const unit = 8;

function at(collective: Collective, shape: Shape, units: number): Omit<Choice, 'least'> {
  const size: Size = { bytes: units * unit, units, commutes: true };
  const layered = choose(collective, shape, size);
  if (layered !== undefined) return { hierarchical: true, algorithm: layered };
  const ranks = shape.sizes.reduce((sum, one) => sum + one, 0);
  const rule: (size: Size, ranks: number) => string = flat[collective];
  return { hierarchical: false, algorithm: rule(size, ranks) };
}

/** By rising size, for arrays of doubles and operations that commute. */
export function choicesOf(collective: Collective, shape: Shape): Choice[] {
  const name = (units: number) => {
    const { hierarchical, algorithm } = at(collective, shape, units);
    return `${hierarchical} ${algorithm}`;
  };
  const found: Choice[] = [{ least: 0, ...at(collective, shape, 0) }];
  for (let [low, high] = [0, 1]; high * unit <= most; [low, high] = [high, high * 2]) {
    // Between two powers of two lies one threshold at most.
    if (name(low) === name(high)) continue;
    let [below, from] = [low, high];
    while (from - below > 1) {
      const middle = (below + from) >>> 1;
      if (name(middle) === name(low)) below = middle;
      else from = middle;
    }
    found.push({ least: from * unit, ...at(collective, shape, from) });
  }
  return found;
}

/** For the world: `groups` by rank, as the engine gets them. */
export function explainCollectives({ groups = [], collectives: manners }: Topology) {
  const shape = shapeOf(groupRanks([...groups.keys()], groups), manners);
  return collectives.map((collective) => ({ collective, choices: choicesOf(collective, shape) }));
}
