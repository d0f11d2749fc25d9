/** Numbers as people read them. */

function scaled(value: number, step: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  // 999.95 would be printed as 1000.0, so it goes on to the next unit.
  while (rest >= step - 0.05 && unit < units.length - 1) {
    rest /= step;
    unit++;
  }
  const number = unit === 0 && Number.isInteger(value) ? String(value) : rest.toFixed(1);
  return `${number}${units[unit]}`;
}

/** "1.5 MiB". */
export const formatBytes = (bytes: number): string =>
  scaled(bytes, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB']);

/** "12.3k". */
export const formatCount = (count: number): string =>
  count < 10_000 && Number.isInteger(count) ? String(count) : scaled(count, 1000, ['', 'k', 'M', 'G', 'T']);

/** "9.4 Gbit/s" from bytes per second. */
export const formatBitRate = (bytesPerSecond: number): string =>
  scaled(8 * bytesPerSecond, 1000, [' bit/s', ' kbit/s', ' Mbit/s', ' Gbit/s', ' Tbit/s']);

/** "12.3 µs", "1.2 ms". */
export function formatMicroseconds(us: number): string {
  if (us < 999.95) return `${us.toFixed(1)} µs`;
  return scaled(us / 1000, 1000, [' ms', ' s']).replace(/^(\d+) /, '$1.0 ');
}

/** "3 min 2 s": the two greatest units. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}
