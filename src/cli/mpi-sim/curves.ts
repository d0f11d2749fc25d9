/** An SVG of collectives' times over the size of the message, both on logarithmic scales; the bound is dashed. */

import type { CollectiveTime } from './collectives.ts';

const [width, height] = [640, 420];
const frame = { left: 70, top: 40, right: 120, bottom: 46 };
const palette = ['#1b6ca8', '#d9a441', '#3a8f5c', '#8a4fa8', '#b9483b'];

type Scale = (value: number) => number;

/** Whole powers of ten around the values, and where each value lies. */
function scaleOf(
  values: readonly number[],
  from: number,
  to: number,
): { readonly at: Scale; readonly ticks: number[] } {
  const least = Math.floor(Math.log10(Math.min(...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...values))));
  const at = (value: number) => from + ((Math.log10(value) - least) / (most - least)) * (to - from);
  return { at, ticks: Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i)) };
}

const text = (x: number, y: number, content: string, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${more}>${content}</text>`;

/** A line through the points, in the order given. */
function line(points: readonly (readonly [number, number])[], colour: string, more = ''): string {
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  return `<path d="${path}" fill="none" stroke="${colour}"${more}/>`;
}

/** `title` is ours; no text of a file gets in. */
export function curves(title: string, times: readonly CollectiveTime[]): string {
  const drawn = times.filter(({ size }) => size > 0);
  const names = [...new Set(drawn.map(({ collective }) => collective))];
  const x = scaleOf(
    drawn.map(({ size }) => size),
    frame.left,
    width - frame.right,
  );
  const y = scaleOf(
    drawn.flatMap(({ time, bound }) => [time, bound]),
    height - frame.bottom,
    frame.top,
  );
  const grid = [
    ...x.ticks.map((tick) =>
      text(x.at(tick), height - frame.bottom + 16, String(tick), ' text-anchor="middle"'),
    ),
    ...y.ticks.map((tick) => text(frame.left - 6, y.at(tick) + 4, String(tick), ' text-anchor="end"')),
    ...y.ticks.map((tick) =>
      line(
        [
          [frame.left, y.at(tick)],
          [width - frame.right, y.at(tick)],
        ],
        '#ddd',
      ),
    ),
  ];
  const lines = names.flatMap((name, i) => {
    const own = drawn.filter(({ collective }) => collective === name);
    const colour = palette[i % palette.length] ?? '#888';
    const points = (key: 'time' | 'bound') => own.map((one) => [x.at(one.size), y.at(one[key])] as const);
    const label = text(width - frame.right + 8, frame.top + 16 * i, name, ` fill="${colour}"`);
    return [
      line(points('time'), colour, ' stroke-width="2"'),
      line(points('bound'), colour, ' stroke-dasharray="3 3"'),
      label,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(16, 22, title, ' font-size="16"'),
    ...grid,
    text(frame.left, height - 10, 'bytes'),
    text(16, frame.top - 6, 'µs; dashed: the lower bound'),
    ...lines,
    '</svg>\n',
  ].join('\n');
}
