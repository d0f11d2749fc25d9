/** Buffers: typed arrays are what MPI's basic datatypes are in C, and move without conversion. */

import { MpiError } from './errors.ts';

type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;
export type BigIntArray = BigInt64Array | BigUint64Array;
/** Any typed array. */
export type TypedArray = NumberArray | BigIntArray;

/** A class of typed arrays. */
export interface TypedArrayClass<T extends TypedArray = TypedArray> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): T;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

/** The class of an array's elements: Uint8Array for a Buffer. */
export function classOf<T extends TypedArray>(array: T): TypedArrayClass<T> {
  const made = array.constructor as unknown as TypedArrayClass<T>;
  return (Buffer.isBuffer(array) ? Uint8Array : made) as unknown as TypedArrayClass<T>;
}

/** An array of the same class. */
export const arrayLike = <T extends TypedArray>(array: T, length: number): T => new (classOf(array))(length);

/** Part of an array: a view. */
export const part = <T extends TypedArray>(array: T, from: number, length: number): T =>
  from === 0 && length === array.length ? array : (array.subarray(from, from + length) as T);

/** An array's bytes. @throws MpiError ERR_BUFFER when it is no typed array */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  if (array instanceof Uint8Array) return array;
  if (ArrayBuffer.isView(array)) return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  throw new MpiError('ERR_BUFFER', `a typed array is needed, not ${typeof array}`);
}

/** Remembers the view of the last array, so that a loop that sends the same one makes no view. */
export class ViewCache {
  #array: ArrayBufferView | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  bytesOf(array: ArrayBufferView): Uint8Array {
    if (array === this.#array) return this.#bytes;
    const bytes = bytesOf(array);
    this.#array = array;
    this.#bytes = bytes;
    return bytes;
  }
}

/**
 * Remembers the words of the last bytes, if they begin on a word's boundary, so that a loop that sends the same memory
 * copies words. The view is made when the same bytes come a second time.
 */
export class WordCache {
  #bytes: Uint8Array | undefined;
  #words: Int32Array | undefined;

  wordsOf(bytes: Uint8Array): Int32Array | undefined {
    if (bytes === this.#bytes) return this.#words ?? this.#make(bytes);
    this.#bytes = bytes;
    this.#words = undefined;
    return undefined;
  }

  #make({ buffer, byteOffset, length }: Uint8Array): Int32Array | undefined {
    if (byteOffset % 4 === 0) this.#words = new Int32Array(buffer, byteOffset, length >>> 2);
    return this.#words;
  }
}

/** Below this a loop is faster than making a view to copy from. */
const shortCopy = 96;

/** Copies bytes; makes a view for long copies only. */
export function copy(to: Uint8Array, at: number, from: Uint8Array, offset: number, length: number): void {
  if (length > shortCopy) {
    to.set(offset === 0 && length === from.length ? from : from.subarray(offset, offset + length), at);
    return;
  }
  for (let i = 0; i < length; i++) to[at + i] = from[offset + i] as number;
}

/** Below this many elements a loop is faster than the method. */
const shortSet = 16;

/** Copies an array to the beginning of another of its class. */
export function set(to: TypedArray, from: TypedArray): void {
  if (from.length > shortSet) to.set(from as never);
  else for (let i = 0; i < from.length; i++) to[i] = from[i] as never;
}
