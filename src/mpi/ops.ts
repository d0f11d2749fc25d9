/** Reduction operations (MPI-4.0 §6.9.2, §6.9.4, §6.9.5). */

import { MpiError } from './errors.ts';
import { type BigIntArray, part, type TypedArray } from './typed.ts';

/** Combines element by element: `inout[i] = input[i] op inout[i]`. */
export type Combine = (input: TypedArray, inout: TypedArray) => void;

export class Op {
  readonly name: string;
  readonly commutative: boolean;
  /** Elements that belong together: 2 for values with their place. */
  readonly width: number;
  readonly #combine: Combine;

  constructor(name: string, combine: Combine, commutative = true, width = 1) {
    this.name = name;
    this.#combine = combine;
    this.commutative = commutative;
    this.width = width;
  }

  /** `inout = input op inout`. */
  apply(input: TypedArray, inout: TypedArray): void {
    this.#combine(input, inout);
  }

  /** `input = input op inout`, for algorithms that hold the later part of the order in `inout`. */
  applyLeft(input: TypedArray, inout: TypedArray): void {
    const later = inout.slice() as TypedArray;
    this.#combine(input, later);
    input.set(later as never);
  }

  /** Combines a part of each. */
  applyPart(input: TypedArray, inout: TypedArray, from: number, length: number): void {
    this.#combine(part(input, 0, length), part(inout, from, length));
  }
}

// Typed arrays share their arithmetic whatever their elements are, big integers too; Float64Array stands for all.
type Any = Float64Array;

function sum(input: TypedArray, inout: TypedArray): void {
  if (input instanceof Float64Array && inout instanceof Float64Array) {
    sumDoubles(input, inout);
    return;
  }
  const [a, b] = [input as Any, inout as Any];
  for (let i = 0; i < b.length; i++) b[i] = (a[i] as number) + (b[i] as number);
}

/** The most frequent case alone, so that it is compiled for its class; eight at a time, as V8 looks for interruptions in each round. */
function sumDoubles(a: Float64Array, b: Float64Array): void {
  const { length } = b;
  let i = 0;
  for (const last = length - 7; i < last; i += 8) {
    b[i] = (a[i] as number) + (b[i] as number);
    b[i + 1] = (a[i + 1] as number) + (b[i + 1] as number);
    b[i + 2] = (a[i + 2] as number) + (b[i + 2] as number);
    b[i + 3] = (a[i + 3] as number) + (b[i + 3] as number);
    b[i + 4] = (a[i + 4] as number) + (b[i + 4] as number);
    b[i + 5] = (a[i + 5] as number) + (b[i + 5] as number);
    b[i + 6] = (a[i + 6] as number) + (b[i + 6] as number);
    b[i + 7] = (a[i + 7] as number) + (b[i + 7] as number);
  }
  for (; i < length; i++) b[i] = (a[i] as number) + (b[i] as number);
}

function product(input: TypedArray, inout: TypedArray): void {
  const [a, b] = [input as Any, inout as Any];
  if (inout instanceof Int32Array || inout instanceof Uint32Array) {
    // A double would lose the low bits of a product of more than 53.
    for (let i = 0; i < b.length; i++) b[i] = Math.imul(a[i] as number, b[i] as number);
    return;
  }
  for (let i = 0; i < b.length; i++) b[i] = (a[i] as number) * (b[i] as number);
}

function greatest(input: TypedArray, inout: TypedArray): void {
  const [a, b] = [input as Any, inout as Any];
  for (let i = 0; i < b.length; i++) if ((a[i] as number) > (b[i] as number)) b[i] = a[i] as number;
}

function least(input: TypedArray, inout: TypedArray): void {
  const [a, b] = [input as Any, inout as Any];
  for (let i = 0; i < b.length; i++) if ((a[i] as number) < (b[i] as number)) b[i] = a[i] as number;
}

const isBig = (array: TypedArray): array is BigIntArray =>
  array instanceof BigInt64Array || array instanceof BigUint64Array;

const logical =
  (f: (a: boolean, b: boolean) => boolean): Combine =>
  (input, inout) => {
    const [no, yes] = (isBig(inout) ? [0n, 1n] : [0, 1]) as [never, never];
    for (let i = 0; i < inout.length; i++) inout[i] = f(Boolean(input[i]), Boolean(inout[i])) ? yes : no;
  };

const bitwise =
  (f: (a: number, b: number) => number): Combine =>
  (input, inout) => {
    if (inout instanceof Float64Array || inout instanceof Float32Array)
      throw new MpiError('ERR_OP', 'bits of floating-point numbers are not combined');
    const [a, b] = [input as Any, inout as unknown as Any];
    for (let i = 0; i < b.length; i++) b[i] = f(a[i] as number, b[i] as number);
  };

/** Pairs of a value and its place; of equal values the lower place (§6.9.4). */
const located =
  (better: (a: number, b: number) => boolean): Combine =>
  (input, inout) => {
    const [a, b] = [input as Any, inout as Any];
    for (let i = 0; i + 1 < b.length; i += 2) {
      const [mine, theirs] = [b[i] as number, a[i] as number];
      const lower = theirs === mine && (a[i + 1] as number) < (b[i + 1] as number);
      if (!better(theirs, mine) && !lower) continue;
      b[i] = theirs;
      b[i + 1] = a[i + 1] as number;
    }
  };

export const SUM = new Op('SUM', sum);
export const PROD = new Op('PROD', product);
export const MAX = new Op('MAX', greatest);
export const MIN = new Op('MIN', least);
export const LAND = new Op(
  'LAND',
  logical((a, b) => a && b),
);
export const LOR = new Op(
  'LOR',
  logical((a, b) => a || b),
);
export const LXOR = new Op(
  'LXOR',
  logical((a, b) => a !== b),
);
export const BAND = new Op(
  'BAND',
  bitwise((a, b) => a & b),
);
export const BOR = new Op(
  'BOR',
  bitwise((a, b) => a | b),
);
export const BXOR = new Op(
  'BXOR',
  bitwise((a, b) => a ^ b),
);
export const MAXLOC = new Op(
  'MAXLOC',
  located((a, b) => a > b),
  true,
  2,
);
export const MINLOC = new Op(
  'MINLOC',
  located((a, b) => a < b),
  true,
  2,
);
/**
 * An operation of the user's own: associative, and commutative unless said otherwise. `width` elements belong together;
 * what is combined at once is a part of the arrays, a whole number of them.
 */
export const createOp = (combine: Combine, commutative = true, name = 'user operation', width = 1): Op =>
  new Op(name, combine, commutative, width);
