/**
 * Frames between the launcher and an agent: what a rank reads and writes, and messages as JSON. Pure. In front of its first frame an
 * agent says who it is, so that what a login shell prints before can be told from it.
 */

import { struct, u8, u16, u32 } from '../../bytes/fields.ts';

/** What a frame carries. */
export const Channel = { input: 0, output: 1, error: 2, message: 3 } as const;
export type Channel = (typeof Channel)[keyof typeof Channel];
/** Channels that are a rank's descriptors. */
export type Descriptor = Exclude<Channel, 3>;

export const FrameHeader = struct('AGENT FRAME', 8, {
  mark: u8(0),
  channel: u8(1),
  /** 0 in messages. */
  rank: u16(2),
  /** Bytes that follow. */
  length: u32(4),
});

const mark = 0xf5;
/** The keys of a whole job come as one message. */
const longestMessage = 64 << 20;
const longestPiece = 1 << 20;

export interface Frame {
  readonly channel: Channel;
  readonly rank: number;
  readonly bytes: Buffer;
}

/** The other side does not speak as we do. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

export function encodeFrame({ channel, rank, bytes }: Frame): Buffer {
  const header = FrameHeader.encode({ mark, channel, rank, length: bytes.length });
  return Buffer.concat([header, bytes]);
}

const isChannel = (channel: number): channel is Channel => channel <= Channel.message;

/** Puts frames together from pieces of any size. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes that have to be there before anything can be done. */
  #need: number = FrameHeader.size;

  /** True between two frames. */
  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** The frames that are whole now. @throws ProtocolError */
  push(piece: Buffer): Frame[] {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    const frames: Frame[] = [];
    while (this.#bytes >= this.#need) {
      const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
      const { channel, rank, length } = readHeader(all);
      const end = FrameHeader.size + length;
      this.#need = end;
      this.#pieces = [all];
      if (all.length < end) break;
      frames.push({ channel, rank, bytes: all.subarray(FrameHeader.size, end) });
      this.#pieces = [all.subarray(end)];
      this.#bytes = all.length - end;
      this.#need = FrameHeader.size;
    }
    return frames;
  }
}

function readHeader(bytes: Buffer): { channel: Channel; rank: number; length: number } {
  const { mark: first, channel, rank, length } = FrameHeader.decode(bytes);
  if (first !== mark || !isChannel(channel))
    throw new ProtocolError(`${JSON.stringify(bytes.toString('latin1', 0, 64))} is no frame`);
  if (length > (channel === Channel.message ? longestMessage : longestPiece))
    throw new ProtocolError(`a frame of ${length} bytes is too long`);
  return { channel, rank, length };
}

/** What an agent says first. Its number is the protocol's version. */
export const greeting: Buffer = Buffer.from('\0ipscsi mpi-agent 1\n');
const mostNoise = 1 << 16;

/** Waits for an agent's greeting. */
export class GreetingReader {
  #seen: Buffer = Buffer.alloc(0);

  /** What was said in its place so far. */
  get noise(): string {
    return this.#seen.toString('utf8');
  }

  /** What comes after the greeting; undefined: it has not come. @throws ProtocolError when too much else has */
  push(piece: Buffer): Buffer | undefined {
    this.#seen = Buffer.concat([this.#seen, piece]);
    const at = this.#seen.indexOf(greeting);
    if (at >= 0) return this.#seen.subarray(at + greeting.length);
    if (this.#seen.length <= mostNoise) return undefined;
    throw new ProtocolError('it says a lot, and nothing that an agent would say');
  }
}
