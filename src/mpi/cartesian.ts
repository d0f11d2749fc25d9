/** Cartesian topologies (MPI-4.0 §8.5). */

import { Communicator } from './communicator.ts';
import { PROC_NULL, UNDEFINED } from './constants.ts';
import { MpiError } from './errors.ts';

/** Splits `size` ranks over dimensions as evenly as it goes; dimensions that are not 0 stay (MPI_Dims_create). */
export function dimsCreate(size: number, dims: readonly number[]): number[] {
  if (dims.some((dim) => !Number.isInteger(dim) || dim < 0))
    throw new MpiError('ERR_DIMS', `dimensions ${dims.join(' × ')}`);
  const given = dims.reduce((product, dim) => product * (dim || 1), 1);
  if (size % given !== 0) throw new MpiError('ERR_DIMS', `${size} ranks do not divide by ${given}`);
  const free = dims.filter((dim) => dim === 0).length;
  const found = new Array<number>(free).fill(1);
  for (const prime of primes(size / given)) {
    const least = found.indexOf(Math.min(...found));
    found[least] = (found[least] as number) * prime;
  }
  if (free === 0 && given !== size) throw new MpiError('ERR_DIMS', `${given} places for ${size} ranks`);
  found.sort((a, b) => b - a);
  return dims.map((dim) => dim || (found.shift() as number));
}

/** Prime factors, the greatest first. */
function primes(n: number): number[] {
  const factors: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p++)
    while (rest % p === 0) {
      factors.unshift(p);
      rest /= p;
    }
  if (rest > 1) factors.unshift(rest);
  return factors;
}

/** A communicator whose ranks lie on a grid, the last dimension varying fastest. */
export class CartesianCommunicator extends Communicator {
  readonly dims: readonly number[];
  readonly periodic: readonly boolean[];

  constructor(
    from: Communicator,
    ranks: readonly number[],
    context: number,
    dims: readonly number[],
    periodic: readonly boolean[],
  ) {
    super(from.engine, ranks, context);
    this.dims = dims;
    this.periodic = periodic;
    this.errorHandler = from.errorHandler;
  }

  /** The same grid, with contexts of its own. */
  override dup(): CartesianCommunicator {
    return super.dup() as CartesianCommunicator;
  }

  protected override twin(context: number): CartesianCommunicator {
    return new CartesianCommunicator(this, this.ranks, context, this.dims, this.periodic);
  }

  /** Where a rank lies. */
  coords(rank: number = this.rank): number[] {
    if (!(rank >= 0 && rank < this.size)) this.raise('ERR_RANK', `rank ${rank} is not on the grid`);
    let rest = rank;
    const coords: number[] = [];
    for (let i = this.dims.length - 1; i >= 0; i--) {
      const dim = this.dims[i] as number;
      coords.unshift(rest % dim);
      rest = Math.floor(rest / dim);
    }
    return coords;
  }

  /** Who lies there; coordinates wrap in periodic dimensions, and lead to PROC_NULL beyond the others. */
  rankAt(coords: readonly number[]): number {
    if (coords.length !== this.dims.length)
      this.raise('ERR_ARG', `${coords.length} coordinates on a grid of ${this.dims.length} dimensions`);
    let rank = 0;
    for (const [i, dim] of this.dims.entries()) {
      let at = coords[i] as number;
      if (this.periodic[i]) at = ((at % dim) + dim) % dim;
      if (at < 0 || at >= dim) return PROC_NULL;
      rank = rank * dim + at;
    }
    return rank;
  }

  /** Source and destination of a shift by `by` along a dimension (§8.5.6). */
  shift(dimension: number, by = 1): { readonly source: number; readonly dest: number } {
    if (this.dims[dimension] === undefined) this.raise('ERR_DIMS', `there is no dimension ${dimension}`);
    const moved = (distance: number) => {
      const coords = this.coords();
      coords[dimension] = (coords[dimension] as number) + distance;
      return this.rankAt(coords);
    };
    return { source: moved(-by), dest: moved(by) };
  }

  /** The grid's slice through us that keeps these dimensions. */
  sub(keep: readonly boolean[]): CartesianCommunicator {
    const coords = this.coords();
    let color = 0;
    let key = 0;
    for (const [i, dim] of this.dims.entries()) {
      if (keep[i]) key = key * dim + (coords[i] as number);
      else color = color * dim + (coords[i] as number);
    }
    const made = this.split(color, key) as Communicator;
    const kept = <T>(list: readonly T[]) => list.filter((_, i) => keep[i]);
    return new CartesianCommunicator(this, made.ranks, made.context, kept(this.dims), kept(this.periodic));
  }
}

/** Lays the first ranks of a communicator out on a grid; undefined for those left over (MPI_Cart_create). */
export function cartCreate(
  from: Communicator,
  dims: readonly number[],
  periodic: readonly boolean[] = dims.map(() => false),
): CartesianCommunicator | undefined {
  if (dims.some((dim) => !Number.isInteger(dim) || dim < 1) || periodic.length !== dims.length)
    from.raise(
      'ERR_DIMS',
      `a grid of ${dims.join(' × ')}, ${periodic.length} of them said to be periodic or not`,
    );
  const places = dims.reduce((product, dim) => product * dim, 1);
  if (places > from.size) from.raise('ERR_TOPOLOGY', `a grid of ${dims.join(' × ')} for ${from.size} ranks`);
  const made = from.split(from.rank < places ? 0 : UNDEFINED, from.rank);
  return made && new CartesianCommunicator(from, made.ranks, made.context, dims, periodic);
}
