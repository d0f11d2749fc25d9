/** Prefix reductions where the ranks of each group follow each other: within the groups, between their last ranks, and what came before is added. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, type TypedArray } from '../typed.ts';
import { binomialBcast } from './binomial-bcast.ts';
import { doublingScan } from './doubling-scan.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';

/** As doublingScan(). */
export function* layeredScan(
  lane: Lane,
  layers: Layers,
  data: TypedArray,
  into: TypedArray,
  op: Op,
  exclusive: boolean,
): Steps {
  const local = layers.local(lane);
  const last = local.size - 1;
  const sum = arrayLike(data, data.length);
  yield* doublingScan(local, data, sum, op, false);
  const ours = exclusive ? yield* shifted(local, sum) : sum;
  const before = arrayLike(data, data.length);
  if (local.rank === last) {
    const between = layers.between(
      lane,
      layers.groups.map((ranks) => ranks.at(-1) as number),
    );
    yield* doublingScan(between, sum, before, op, true);
  }
  if (layers.mine > 0) {
    yield* binomialBcast(local, before, last);
    if (ours) op.apply(before, ours);
  }
  const result = ours ?? (layers.mine > 0 ? before : undefined);
  if (result) into.set(result as never);
}

/** What the rank before us has. */
function* shifted(local: Lane, sum: TypedArray): Steps<TypedArray | undefined> {
  const sends = local.rank + 1 < local.size ? [local.send(sum, local.rank + 1)] : [];
  const came = local.rank > 0 ? arrayLike(sum, sum.length) : undefined;
  if (came) yield* local.wait(local.recv(came, local.rank - 1));
  yield* local.waitAll(sends);
  return came;
}
