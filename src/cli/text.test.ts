import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { coloursFor, noColours } from './colours.ts';
import { jsonLogger } from './log.ts';
import { printable, tableLines } from './table.ts';
import { formatBitRate, formatBytes, formatCount, formatDuration, formatMicroseconds } from './units.ts';

describe('units', () => {
  it('prints what people read', () => {
    assert.deepEqual([0, 999, 1023, 1024, 1536, 1_048_575, 2 ** 40].map(formatBytes), [
      '0 B',
      '999 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '1.0 MiB',
      '1.0 TiB',
    ]);
    assert.deepEqual([0, 9999, 10_000, 1_234_567, 0.25].map(formatCount), [
      '0',
      '9999',
      '10.0k',
      '1.2M',
      '0.3',
    ]);
    assert.deepEqual([0, 125, 1.25e9].map(formatBitRate), ['0 bit/s', '1.0 kbit/s', '10.0 Gbit/s']);
    assert.deepEqual([0.4, 12, 999.9, 999.96, 1e6, 1.5e6].map(formatMicroseconds), [
      '0.4 µs',
      '12.0 µs',
      '999.9 µs',
      '1.0 ms',
      '1.0 s',
      '1.5 s',
    ]);
    assert.deepEqual([-5, 0, 59_999, 62_000, 3_600_000, 90_061_000].map(formatDuration), [
      '0 s',
      '0 s',
      '59 s',
      '1 min 2 s',
      '1 h',
      '1 d 1 h',
    ]);
  });

  it('never prints a number of five digits or more', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (n) =>
        assert.doesNotMatch(formatBytes(n), /\d{5}/),
      ),
    );
  });
});

describe('tables', () => {
  it('aligns columns and leaves no trailing space', () => {
    const columns = [{ title: 'ID', align: 'right' }, { title: 'HOST' }, { title: 'MAC' }] as const;
    assert.deepEqual(
      tableLines(columns, [
        ['3', 'lab3', 'x'],
        ['12', 'a'],
      ]),
      ['ID  HOST  MAC', ' 3  lab3  x', '12  a'],
    );
  });

  it('lets nothing through that a terminal would act on', () => {
    assert.equal(printable('a\x1b[2Jb\nc\u009bd\u202ee'), 'a?[2Jb?c?d?e');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}]/u),
      ),
    );
  });
});

describe('colours', () => {
  it('are for terminals that want them', () => {
    const terminal = { isTTY: true };
    assert.equal(coloursFor(terminal, {}).bold('x'), '\x1b[1mx\x1b[22m');
    assert.equal(coloursFor(terminal, { NO_COLOR: '1' }), noColours);
    assert.equal(coloursFor(terminal, { TERM: 'dumb' }), noColours);
    assert.equal(coloursFor({}, {}), noColours);
    assert.equal(noColours.red('x'), 'x');
  });
});

describe('log', () => {
  it('writes a JSON object a line, of the level asked for and above', () => {
    const lines: string[] = [];
    const logger = jsonLogger('warn', (line) => lines.push(line));
    logger.log('info', 'quiet');
    logger.log('error', 'loud', { id: 3, error: new Error('why') });
    assert.equal(lines.length, 1);
    const { time, ...rest } = JSON.parse(lines[0] ?? '');
    assert.ok(!Number.isNaN(Date.parse(time)));
    assert.deepEqual(rest, { level: 'error', event: 'loud', id: 3, error: 'why' });
  });
});
