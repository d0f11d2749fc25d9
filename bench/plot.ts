/** An SVG of bars: a panel for each metric, a bar for each contender, a whisker from the least to the greatest. */

import { formatNumber, type Summary } from './statistics.ts';

interface Bar extends Summary {
  readonly label: string;
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
}

const columns = 2;
const width = 460;
const labelWidth = 120;
const barWidth = 220;
const line = 20;
const head = 30;
const top = 44;
const palette = ['#1b6ca8', '#8a8d91', '#b9bcc0', '#d9a441'];

const escaped = (text: string) => text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
const text = (x: number, y: number, content: string, more = '') =>
  `<text x="${x}" y="${y}"${more}>${escaped(content)}</text>`;

function bar({ label, median, min, max }: Bar, y: number, scale: number, colour: string): string {
  const [x, middle] = [labelWidth, y + line / 2 - 2];
  const at = (value: number) => (x + value * scale).toFixed(1);
  return [
    text(x - 6, middle + 4, label, ' text-anchor="end"'),
    `<rect x="${x}" y="${y}" width="${(median * scale).toFixed(1)}" height="${line - 5}" fill="${colour}"/>`,
    `<path d="M${at(min)} ${middle}H${at(max)}" stroke="#222"/>`,
    text(Math.round(x + max * scale + 6), middle + 4, formatNumber(median)),
  ].join('');
}

function panel({ title, unit, bars }: Panel, x: number, y: number): string {
  const greatest = Math.max(...bars.map(({ max }) => max), Number.MIN_VALUE);
  const drawn = bars.map((each, i) =>
    bar(each, head + i * line - 8, barWidth / greatest, palette[i % palette.length] ?? '#888'),
  );
  const heading = text(0, 10, `${title}, ${unit}`, ' font-weight="bold"');
  return `<g transform="translate(${x} ${y})">${heading}${drawn.join('')}</g>`;
}

const heightOf = ({ bars }: Panel) => head + bars.length * line + 16;

/** Panels in two columns, row by row. */
export function plot(title: string, subtitle: string, panels: readonly Panel[]): string {
  const drawn: string[] = [];
  let y = top;
  for (let first = 0; first < panels.length; first += columns) {
    const row = panels.slice(first, first + columns);
    row.forEach((each, i) => {
      drawn.push(panel(each, 16 + i * width, y + 16));
    });
    y += Math.max(...row.map(heightOf));
  }
  const size = `width="${columns * width + 16}" height="${y + 16}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(16, 22, title, ' font-size="16"'),
    text(16, 40, subtitle, ' fill="#555"'),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}
