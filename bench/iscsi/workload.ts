/** What is measured, as both initiators are told: "read:4096:32" is READs of 4096 bytes, 32 at once. */

export interface Workload {
  /** TEST UNIT READY moves nothing. */
  readonly kind: 'test' | 'read' | 'write';
  readonly bytes: number;
  readonly depth: number;
}

export const formatWorkload = ({ kind, bytes, depth }: Workload): string => `${kind}:${bytes}:${depth}`;

/** @throws RangeError */
export function parseWorkload(text: string): Workload {
  const [, kind, bytes, depth] = /^(test|read|write):(\d+):(\d+)$/.exec(text) ?? [];
  if (kind === undefined || Number(depth) < 1) throw new RangeError(`what is "${text}"?`);
  return { kind: kind as Workload['kind'], bytes: Number(bytes), depth: Number(depth) };
}
