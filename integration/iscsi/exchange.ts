/** Data written to a disk of others and read back, in commands of many lengths. */

import assert from 'node:assert/strict';
import { type IscsiSession, type Settings, Status, type Wishes } from '../../src/iscsi.ts';

export const [read10, write10] = [0x28, 0x2a] as const;

/** READ(10) or WRITE(10) of so many blocks from an address on. */
export const access = (opcode: number, blocks: number, address = 9) =>
  Uint8Array.of(opcode, 0, 0, 0, address >>> 8, address & 0xff, 0, blocks >>> 8, blocks & 0xff, 0);

/** Blocks of 512 bytes that look like no others. */
export const pattern = (blocks: number, seed: number) =>
  new Uint8Array(512 * blocks).map((_, i) => (31 * i + seed) >>> 3);

export async function exchange(session: IscsiSession, lun: number): Promise<void> {
  await session.execute({ cdb: new Uint8Array(6), lun }); // takes the unit attention
  for (const blocks of [1, 8, 200, 2048]) {
    const data = pattern(blocks, blocks);
    const written = await session.execute({ cdb: access(write10, blocks), lun, dataOut: data });
    const read = await session.execute({ cdb: access(read10, blocks), lun, dataIn: data.length + 100 });
    assert.deepEqual(
      [written.status, written.residual, read.status, read.residual],
      [Status.good, 0, Status.good, 100],
    );
    assert.equal(Buffer.compare(read.dataIn, data), 0);
  }
}

/** Every combination of digests. */
export const digests = ['None', 'CRC32C'].flatMap((header) =>
  ['None', 'CRC32C'].map((data) => ({ HeaderDigest: [header], DataDigest: [data] })),
);

/** The digests that were agreed to are those that were wished for. */
export function assertDigests(
  { settings }: { readonly settings: Settings },
  { HeaderDigest, DataDigest }: Pick<Wishes, 'HeaderDigest' | 'DataDigest'>,
): void {
  assert.deepEqual([settings.HeaderDigest, settings.DataDigest], [HeaderDigest[0], DataDigest[0]]);
}
