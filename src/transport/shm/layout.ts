/**
 * How a region is laid out. A region is one file, written by the host that owns it and read by all others:
 *
 *   header | one block per peer: indexes, submission queue, completion queue | reply slots | memory for allocate()
 *
 * All numbers are 32-bit words in the machine's own order; offsets are in words unless they say bytes. What a peer's
 * region says is input: it is copied, checked, and only then believed.
 */

/** "IPSC", little endian, and the version of this layout. */
export const magic = 0x43535049;
export const version = 3;

/** Words of the header. */
export const Header = {
  magic: 0,
  version: 1,
  width: 2,
  id: 3,
  /** A random number, not 0, that is another one each time the ID is claimed. */
  incarnation: 4,
  pid: 5,
  /** Entries of each queue; a power of two. */
  depth: 6,
  /** Bytes of the whole region. */
  size: 7,
  /** Bytes of the host's name, in UTF-8, from `hostName` on. */
  hostNameLength: 8,
  hostName: 9,
  /** Where the owner sees this region in its own memory: low word, high word. */
  address: 26,
  /** How deep the owner sleeps (`Sleep`), plus 4 for each time it woke. A line of its own. */
  doze: 32,
} as const;

/** The low bits of `Header.doze`. */
export const Sleep = {
  awake: 0,
  /** Ring the bell after posting commands, or answers to tasks that want to be noticed. */
  commands: 1,
  /** Ring it after posting any answer. */
  completions: 3,
} as const;

export const hostNameBytes = 64;
export const headerBytes = 4096;

/** Words of a block's indexes; each group that one side polls has a line of its own. */
export const Block = {
  /** The peer's incarnation that this block is meant for; 0: none. */
  peer: 0,
  /** 1: the owner fetches data-out from outside the peer's region, too. */
  reach: 1,
  /** What it takes, in picoseconds per byte: from the region, from outside it. */
  nearPace: 2,
  farPace: 3,
  /** Answers that we posted. */
  answered: 32,
  /** Answers of the peer that we took. */
  collected: 48,
} as const;
const blockHeaderBytes = 256;

/** Words of a submission queue entry, which has two lines. */
export const Submission = {
  tag: 0,
  /** Kind in bits 0-7, CDB length in 8-15, flags in 16-23, attribute or function in 24-31. */
  head: 1,
  /** One more than the number of entries before it: written last, so it shows that the entry is there. */
  serial: 2,
  dataOutOffset: 3,
  dataOutLength: 4,
  dataInLength: 5,
  /** Tag of the task that a task management function means; of far data-out: the high word of its address. */
  about: 6,
  lun: 7,
  cdb: 8,
  /** Data-out itself, if it is short. */
  inline: 16,
} as const;
export const submissionBytes = 128;
/** Bytes of data-out that fit an entry. */
export const maxInline = 64;
/**
 * Words of an entry that holds a brief command: LUN 0, simple, no data-in. Its CDB and its data-out follow at once, so that
 * small data are in the same line as the serial number that the target looks at.
 */
export const Brief = {
  /** Kind in bits 0-7, CDB length in 8-15, flags in 16-23, bytes of data-out in 24-31. */
  head: 1,
  serial: 2,
  /** Three words. */
  cdb: 3,
  data: 6,
} as const;
/** Bytes of data-out that fit a brief command, and of its CDB. */
export const maxBrief: number = submissionBytes - 4 * Brief.data;
export const maxBriefCdb = 12;
/** Flags in a submission's head. */
export const Flag = { notify: 0x10000, inline: 0x20000, far: 0x40000 } as const;

/** Words of a completion queue entry. */
export const Completion = {
  tag: 0,
  /** Kind in bits 0-7, status or response in 8-15, length of sense data in 16-31. */
  head: 1,
  dataInOffset: 2,
  dataInLength: 3,
  /** Data-out asked for, which the initiator turns into the residual. */
  dataOutWanted: 4,
  /** Data-in that there was to send. */
  dataInWanted: 5,
  senseOffset: 6,
} as const;
export const completionBytes = 32;

/** `run` ends several commands, from the one with the serial number that stands in place of the tag; their number is in bits 8-23 of the head. */
export const Kind = {
  command: 1,
  management: 2,
  answer: 3,
  abandoned: 4,
  response: 5,
  run: 6,
  brief: 7,
} as const;

/** A reply slot holds the data-in and then the sense data of one answer, or data-out that was not in allocated memory. */
export const maxData = 131072;
/** Data-out of one command that is fetched from outside the region. */
export const maxFar = 1 << 20;
export const replySlotBytes = maxData + 4096;

/** What a region's size depends on. */
export interface Shape {
  /** IDs on the bus. */
  readonly width: number;
  /** Entries of each queue. */
  readonly depth: number;
  /** Number of reply slots. */
  readonly replySlots: number;
  /** Bytes for allocate(). */
  readonly memory: number;
}

export const pageBytes = 4096;
const toPages = (bytes: number) => Math.ceil(bytes / pageBytes) * pageBytes;

/** Bytes of one peer's block. */
export const blockBytes = (depth: number): number =>
  toPages(blockHeaderBytes + depth * (submissionBytes + completionBytes));

/** First byte of the block meant for peer `id`. */
export const blockAt = (id: number, depth: number): number => headerBytes + id * blockBytes(depth);

/** First word of the submission queue within a block, counted from the block. */
export const submissionsAt: number = blockHeaderBytes / 4;

/** First word of the completion queue within a block, counted from the block. */
export const completionsAt = (depth: number): number => (blockHeaderBytes + depth * submissionBytes) / 4;

/** First byte behind all blocks. */
export const repliesAt = (shape: Pick<Shape, 'width' | 'depth'>): number => blockAt(shape.width, shape.depth);

/** First byte of the memory for allocate(). */
export const memoryAt = (shape: Shape): number => repliesAt(shape) + shape.replySlots * replySlotBytes;

/** Bytes of the whole region. */
export const regionBytes = (shape: Shape): number => toPages(memoryAt(shape) + shape.memory);

/** A region that we are ready to look at: width and depth that make sense and fit into its size. */
export function isSane(header: Int32Array, fileBytes: number): boolean {
  const depth = header[Header.depth] ?? 0;
  const width = header[Header.width] ?? 0;
  const size = header[Header.size] ?? 0;
  return (
    header[Header.magic] === magic &&
    header[Header.version] === version &&
    header[Header.incarnation] !== 0 &&
    depth >= 2 &&
    depth <= 4096 &&
    (depth & (depth - 1)) === 0 &&
    width >= 2 &&
    width <= 256 &&
    size > 0 &&
    size <= fileBytes &&
    repliesAt({ width, depth }) <= size
  );
}
