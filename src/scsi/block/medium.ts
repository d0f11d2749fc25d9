/** A RAM disk's medium: blocks of bytes, each mapped or not (SBC-3 §4.7, logical block provisioning). */

export class Medium {
  readonly blockLength: number;
  readonly blocks: number;
  readonly physicalExponent: number;
  readonly bytes: Uint8Array;
  /** One byte a block: 1 when mapped. */
  readonly #mapped: Uint8Array;

  /** @throws RangeError */
  constructor(blocks: number, blockLength: number, physicalExponent: number) {
    if (!Number.isInteger(blocks) || blocks < 1)
      throw new RangeError(`a disk has 1 block or more, not ${blocks}`);
    if (![512, 1024, 2048, 4096].includes(blockLength))
      throw new RangeError(`a block has 512, 1024, 2048 or 4096 bytes, not ${blockLength}`);
    this.blocks = blocks;
    this.blockLength = blockLength;
    this.physicalExponent = physicalExponent;
    this.bytes = new Uint8Array(blocks * blockLength);
    this.#mapped = new Uint8Array(blocks);
  }

  write(lba: number, data: Uint8Array): void {
    this.bytes.set(data, lba * this.blockLength);
    this.#mapped.fill(1, lba, lba + data.length / this.blockLength);
  }

  /** The blocks themselves, not a copy. */
  read(lba: number, count: number): Uint8Array {
    return this.bytes.subarray(lba * this.blockLength, (lba + count) * this.blockLength);
  }

  /** Forgets blocks: they read as zeros. */
  unmap(lba: number, count: number): void {
    this.read(lba, count).fill(0);
    this.#mapped.fill(0, lba, lba + count);
  }

  isMapped(lba: number): boolean {
    return this.#mapped[lba] === 1;
  }

  /** How many blocks from `lba` on are as that one is. */
  run(lba: number): number {
    const other = this.#mapped[lba] === 1 ? 0 : 1;
    const end = this.#mapped.indexOf(other, lba);
    return (end < 0 ? this.blocks : end) - lba;
  }
}
