import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CliError } from '../failure.ts';
import { parseHostfile, parseHostList } from './hosts.ts';

const refuses = (act: () => unknown, message: RegExp) =>
  assert.throws(act, (error) => {
    assert.ok(error instanceof CliError);
    assert.equal(error.exitCode, 2);
    assert.match(`${error.message}; ${error.expected}; ${error.hint}`, message);
    return true;
  });

describe('a hostfile', () => {
  it('has a host on each line, with slots and addresses', () => {
    const text =
      '# ours\nnode1 slots=4 10.0.0.1 fd00::1\n\n  me@node-2.lab\t# one slot\nfd00::3 10.1.0.3 slots=2\n';
    assert.deepEqual(parseHostfile(text, 'hosts'), [
      { name: 'node1', slots: 4, addresses: ['10.0.0.1', 'fd00::1'] },
      { name: 'me@node-2.lab', slots: 1, addresses: [] },
      { name: 'fd00::3', slots: 2, addresses: ['10.1.0.3'] },
    ]);
  });

  it('adds up what it says of one host', () => {
    assert.deepEqual(parseHostfile('a\nb slots=2\na 10.0.0.1\na slots=3 10.0.0.1', 'hosts'), [
      { name: 'a', slots: 5, addresses: ['10.0.0.1'] },
      { name: 'b', slots: 2, addresses: [] },
    ]);
  });

  it('that is wrong is refused, with the line', () => {
    const wrong = (text: string, message: RegExp) => refuses(() => parseHostfile(text, 'hosts'), message);
    wrong('a\n-oProxyCommand=evil', /hosts, line 2: "-oProxyCommand=evil" can't name a host/);
    wrong('a slots=0', /line 1: "0" slots can't be had; a number from 1 to 9999/);
    wrong('a slots=many', /"many" slots/);
    wrong('a slots=1 slots=2', /slots are given twice/);
    wrong('a slot=2', /"slot=2" is neither slots=N nor an address; .*node1 slots=4/);
    wrong('a 10.0.0.256', /"10.0.0.256" is neither/);
    wrong('a:4', /"a:4" can't name a host; .*slots=4/);
    wrong('a:b:x', /can't name a host/);
    wrong('# nobody\n\n', /hosts names no host/);
  });

  it('is read or refused, whatever it is', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('a', 'slots=2', '10.0.0.1', '#', '\n', ' '));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          for (const { name, slots } of parseHostfile(words.join(' '), 'hosts'))
            assert.ok(slots >= 1 && !name.startsWith('-') && !/[\s#]/.test(name));
        } catch (error) {
          assert.ok(error instanceof CliError);
        }
      }),
    );
  });
});

describe('--host', () => {
  it('lists hosts with their slots', () => {
    assert.deepEqual(parseHostList('a:2,b,[fd00::1]:3,[fd00::2],a'), [
      { name: 'a', slots: 3, addresses: [] },
      { name: 'b', slots: 1, addresses: [] },
      { name: 'fd00::1', slots: 3, addresses: [] },
      { name: 'fd00::2', slots: 1, addresses: [] },
    ]);
  });

  it('that is wrong is refused', () => {
    refuses(() => parseHostList('a,,b'), /"" can't name a host/);
    refuses(() => parseHostList('a:x'), /"x" slots can't be had/);
    refuses(() => parseHostList('fd00::1'), /"fd00::1" can't be read; .*stands in brackets/);
    refuses(() => parseHostList('[fd00::1'), /"\[fd00::1" can't be read; .*stands in brackets/);
    refuses(() => parseHostList('-x:2'), /"-x" can't name a host/);
  });
});
