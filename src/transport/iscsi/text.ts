/** Text keys (RFC 7143 §6.1): "key=value" pairs, each ended by a zero byte; numbers and binary values. */

/** A key and its value. */
export type Pair = readonly [key: string, value: string];

/** Text that breaks the rules of the format. */
export class TextError extends Error {
  override readonly name = 'TextError';
}

/** Longest key name (RFC 7143 §6.1). */
const maxKeyLength = 63;

export function encodeText(pairs: readonly Pair[]): Uint8Array {
  return new TextEncoder().encode(pairs.map(([key, value]) => `${key}=${value}\0`).join(''));
}

/** The pairs of a complete text. @throws TextError */
export function decodeText(bytes: Uint8Array): Pair[] {
  const text = new TextDecoder().decode(bytes);
  if (text === '') return [];
  const items = text.endsWith('\0') ? text.slice(0, -1).split('\0') : text.split('\0');
  return items.filter((item) => item !== '').map(pair);
}

function pair(item: string): Pair {
  const equals = item.indexOf('=');
  const key = item.slice(0, equals);
  if (equals < 1 || key.length > maxKeyLength || !/^[A-Za-z0-9.\-+@_/]+$/.test(key))
    throw new TextError(`not a key: ${JSON.stringify(item.slice(0, maxKeyLength + 1))}`);
  return [key, item.slice(equals + 1)];
}

/** A number, decimal or hexadecimal (RFC 7143 §6.1, numerical-value); undefined for anything else. */
export function parseNumber(text: string): number | undefined {
  if (!/^(0[xX][0-9a-fA-F]{1,14}|[0-9]{1,15})$/.test(text)) return undefined;
  return Number(text);
}

/** A binary value: 0x and hexadecimal digits, or 0b and base64 (RFC 7143 §6.1); undefined for anything else. */
export function parseBinary(text: string): Uint8Array | undefined {
  const digits = text.slice(2);
  if (/^0[xX]([0-9a-fA-F]{2})+$/.test(text)) return new Uint8Array(Buffer.from(digits, 'hex'));
  if (/^0[xX]([0-9a-fA-F]{2})*[0-9a-fA-F]$/.test(text))
    return new Uint8Array(Buffer.from(`0${digits}`, 'hex'));
  if (/^0[bB][A-Za-z0-9+/]+={0,2}$/.test(text)) return new Uint8Array(Buffer.from(digits, 'base64'));
  return undefined;
}

export const formatBinary = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

/** Text that comes in pieces, under the C bit (RFC 7143 §6.2). */
export class TextGatherer {
  readonly #limit: number;
  #pieces: Uint8Array[] = [];
  #size = 0;

  /** `limit`: bytes in all. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a piece; the pairs once the last one is there. @throws TextError */
  add(piece: Uint8Array, continues: boolean): Pair[] | undefined {
    this.#size += piece.length;
    if (this.#size > this.#limit) throw new TextError(`more than ${this.#limit} bytes of text`);
    this.#pieces.push(piece.slice());
    if (continues) return undefined;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    return decodeText(whole);
  }
}
