/** LUNs as eight bytes of which the first two count (SAM-5 §4.7): peripheral addressing below 256, flat space above. */

const flat = 0x4000;

/** The first two bytes of a LUN. */
export const encodeLun = (lun: number): number => (lun < 0x100 ? lun : flat | lun);

/** The LUN of a header's bytes 8 to 15; -1, where there is never a unit, for other addressing or deeper levels. */
export function decodeLun(header: Uint8Array): number {
  const first = ((header[8] ?? 0) << 8) | (header[9] ?? 0);
  for (let i = 10; i < 16; i++) if (header[i] !== 0) return -1;
  if (first < 0x100) return first;
  return (first & 0xc000) === flat ? first & 0x3fff : -1;
}
