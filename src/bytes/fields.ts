/**
 * Fixed layouts, declared once as a table of named fields: the table gives the live view, the snapshot,
 * the encoder and the line in a trace. Numbers are big endian, as SCSI and IP have them; those of the kernel's own
 * layouts are not, and say so in their names.
 * Bit positions are numbered as the standards' tables number them. Not here: variable-length parts.
 */

/** One named field: where it lies and how it is read and written. */
export interface Field<T = number> {
  /** First byte. */
  readonly at: number;
  /** Bytes touched. */
  readonly size: number;
  /** The bits of its bytes that belong to it; fields that share a byte must not share a bit. */
  readonly mask: number;
  /** Says whether a value can be stored without loss. */
  fits(value: T): boolean;
  get(bytes: Uint8Array): T;
  set(bytes: Uint8Array, value: T): void;
}

export type Fields = Readonly<Record<string, Field<any>>>;
export type Values<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** The bytes are too few for the layout, or a value does not fit its field. */
export class LayoutError extends RangeError {
  override readonly name = 'LayoutError';
}

const unsigned = (bits: number) => (value: number) =>
  Number.isInteger(value) && value >= 0 && value < 2 ** bits;

/** A byte. */
export const u8 = (at: number): Field => ({
  at,
  size: 1,
  mask: 0xff,
  fits: unsigned(8),
  get: (b) => b[at]!,
  set: (b, x) => {
    b[at] = x;
  },
});

/** The bits `high` down to `low` of byte `at`. */
export const bits = (at: number, high: number, low = high): Field => {
  const mask = ((2 << (high - low)) - 1) << low;
  return {
    at,
    size: 1,
    mask,
    fits: unsigned(high - low + 1),
    get: (b) => (b[at]! & mask) >>> low,
    set: (b, x) => {
      b[at] = (b[at]! & ~mask) | ((x << low) & mask);
    },
  };
};

/** 16 bits, most significant byte first. */
export const u16 = (at: number): Field => ({
  at,
  size: 2,
  mask: 0xff,
  fits: unsigned(16),
  get: (b) => (b[at]! << 8) | b[at + 1]!,
  set: (b, x) => {
    b[at] = x >>> 8;
    b[at + 1] = x;
  },
});

/** 24 bits, most significant byte first. */
export const u24 = (at: number): Field => ({
  at,
  size: 3,
  mask: 0xff,
  fits: unsigned(24),
  get: (b) => (b[at]! << 16) | (b[at + 1]! << 8) | b[at + 2]!,
  set: (b, x) => {
    b[at] = x >>> 16;
    b[at + 1] = x >>> 8;
    b[at + 2] = x;
  },
});

/** 32 bits, most significant byte first. */
export const u32 = (at: number): Field => ({
  at,
  size: 4,
  mask: 0xff,
  fits: unsigned(32),
  get: (b) => ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0,
  set: (b, x) => {
    b[at] = x >>> 24;
    b[at + 1] = x >>> 16;
    b[at + 2] = x >>> 8;
    b[at + 3] = x;
  },
});

/** 64 bits, most significant byte first. */
export const u64 = (at: number): Field<bigint> => ({
  at,
  size: 8,
  mask: 0xff,
  fits: (x) => x >= 0n && x < 1n << 64n,
  get: (b) => (BigInt(u32(at).get(b)) << 32n) | BigInt(u32(at + 4).get(b)),
  set: (b, x) => {
    u32(at).set(b, Number((x >> 32n) & 0xffffffffn));
    u32(at + 4).set(b, Number(x & 0xffffffffn));
  },
});

/** 16 bits, least significant byte first. */
export const u16le = (at: number): Field => ({
  ...u16(at),
  get: (b) => b[at]! | (b[at + 1]! << 8),
  set: (b, x) => {
    b[at] = x;
    b[at + 1] = x >>> 8;
  },
});

/** 32 bits, least significant byte first. */
export const u32le = (at: number): Field => ({
  ...u32(at),
  get: (b) => (u16le(at).get(b) | (u16le(at + 2).get(b) << 16)) >>> 0,
  set: (b, x) => {
    u16le(at).set(b, x & 0xffff);
    u16le(at + 2).set(b, x >>> 16);
  },
});

/** 64 bits, least significant byte first. */
export const u64le = (at: number): Field<bigint> => ({
  ...u64(at),
  get: (b) => BigInt(u32le(at).get(b)) | (BigInt(u32le(at + 4).get(b)) << 32n),
  set: (b, x) => {
    u32le(at).set(b, Number(x & 0xffffffffn));
    u32le(at + 4).set(b, Number((x >> 32n) & 0xffffffffn));
  },
});

/** Text of a fixed width: printable ASCII, padded on the right with spaces, which reading takes off. */
export const ascii = (at: number, size: number): Field<string> => ({
  at,
  size,
  mask: 0xff,
  fits: (x) => x.length <= size && /^[\x20-\x7e]*$/.test(x),
  get: (b) => {
    let text = '';
    for (let i = at; i < at + size; i++) text += String.fromCharCode(b[i]!);
    return text.replace(/[ \0]+$/, '');
  },
  set: (b, x) => {
    for (let i = 0; i < size; i++) b[at + i] = i < x.length ? x.charCodeAt(i) & 0x7f : 0x20;
  },
});

/** Bytes of a fixed width; reading copies them. */
export const raw = (at: number, size: number): Field<Uint8Array> => ({
  at,
  size,
  mask: 0xff,
  fits: (x) => x.length === size,
  get: (b) => b.slice(at, at + size),
  set: (b, x) => b.set(x, at),
});

/** A fixed layout. */
export interface Struct<F extends Fields> {
  readonly title: string;
  /** Bytes. */
  readonly size: number;
  readonly fields: F;
  /** A live, zero-copy view; assigning to a field writes it, unchecked. @throws LayoutError when too short. */
  over(bytes: Uint8Array): Values<F>;
  /** A snapshot that may be kept. @throws LayoutError when too short. */
  decode(bytes: Uint8Array): Readonly<Values<F>>;
  /** Writes the values and zeros elsewhere. @throws LayoutError when a value does not fit. */
  encode(values: Partial<Values<F>>, into?: Uint8Array): Uint8Array;
}

function refuseOverlap(title: string, size: number, fields: Fields): void {
  const taken = new Uint8Array(size);
  for (const [name, { at, size: width, mask }] of Object.entries(fields)) {
    if (at + width > size) throw new LayoutError(`${title}: ${name} lies outside its ${size} bytes`);
    for (let i = at; i < at + width; i++) {
      if (taken[i]! & mask) throw new LayoutError(`${title}: ${name} overlaps another field in byte ${i}`);
      taken[i]! |= mask;
    }
  }
}

/** Declares a layout. @throws LayoutError when fields overlap or lie outside. */
export function struct<F extends Fields>(title: string, size: number, fields: F): Struct<F> {
  refuseOverlap(title, size, fields);
  class View {
    readonly bytes: Uint8Array;
    constructor(bytes: Uint8Array) {
      this.bytes = bytes;
    }
  }
  for (const [name, { get, set }] of Object.entries(fields)) {
    Object.defineProperty(View.prototype, name, {
      get(this: View) {
        return get(this.bytes);
      },
      set(this: View, value: unknown) {
        set(this.bytes, value);
      },
    });
  }
  const names = Object.keys(fields);
  const over = (bytes: Uint8Array): Values<F> => {
    if (bytes.length < size) throw new LayoutError(`${title}: needs ${size} bytes, got ${bytes.length}`);
    return new View(bytes) as unknown as Values<F>;
  };
  return {
    title,
    size,
    fields,
    over,
    decode(bytes) {
      const view = over(bytes);
      return Object.fromEntries(names.map((name) => [name, view[name]])) as Values<F>;
    },
    encode(values, into = new Uint8Array(size)) {
      const view = over(into);
      into.fill(0, 0, size);
      for (const [name, value] of Object.entries(values)) {
        const field = fields[name];
        if (!field?.fits(value)) throw new LayoutError(`${title}: ${name} cannot hold ${String(value)}`);
        (view as Record<string, unknown>)[name] = value;
      }
      return into;
    },
  };
}
