import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  checkId,
  parseAddress,
  parseCount,
  parseGuard,
  parseHostName,
  parseId,
  parseInterfaceName,
  parseLogLevel,
  parseLun,
  parseMtu,
  parseNetns,
  parsePin,
  parsePingBytes,
  parseSeconds,
  parseWidth,
  widths,
} from './arguments.ts';
import { ExitCode } from './exit-codes.ts';
import { CliError, failureLine } from './failure.ts';

/** What a refused argument makes the program say. */
function complaint(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof CliError, String(error));
    assert.equal(error.exitCode, ExitCode.usage);
    return failureLine(error);
  }
  assert.fail('accepted');
}

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  parseAddress,
  parseCount,
  parseGuard,
  parseHostName,
  parseId,
  parseInterfaceName,
  parseLogLevel,
  parseLun,
  parseMtu,
  parseNetns,
  parsePin,
  parsePingBytes,
  parseSeconds,
  parseWidth,
};

describe('arguments', () => {
  for (const [name, parse] of Object.entries(parsers))
    it(`${name} returns or throws a usage error, whatever it is given`, () => {
      const texts = fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.nat(70_000).map(String),
        fc.ipV6(),
      );
      fc.assert(
        fc.property(texts, (text) => {
          try {
            parse(text);
          } catch (error) {
            assert.ok(error instanceof CliError && error.exitCode === ExitCode.usage, String(error));
          }
        }),
      );
    });

  it('takes whole numbers within their bounds and no others', () => {
    for (const [parse, least, most] of [
      [parseId, 0, 255],
      [parseLun, 0, 7],
      [parseMtu, 68, 65521],
      [parsePingBytes, 0, 65535],
    ] as const) {
      fc.assert(fc.property(fc.integer({ min: least, max: most }), (n) => assert.equal(parse(String(n)), n)));
      for (const text of [`${least - 1}`, `${most + 1}`, '', ' 70', '70.0', '0x46', '1e2', '-1'])
        assert.throws(() => parse(text), CliError, text);
    }
  });

  it('knows the widths that buses have', () => {
    assert.deepEqual(
      widths.map((width) => parseWidth(String(width))),
      [8, 16, 32, 64, 128, 256],
    );
    assert.equal(
      complaint(() => parseWidth('12')),
      'ipscsi: width "12" is not valid; expected one of 8, 16, 32, 64, 128, 256',
    );
  });

  it('holds an ID against the width', () => {
    checkId(7, 8);
    assert.equal(
      complaint(() => checkId(8, 8)),
      'ipscsi: SCSI ID 8 does not exist on a bus of width 8; expected 0 to 7; a wider bus is chosen by --width, the same for all its hosts',
    );
  });

  it('says what is wrong with an MTU', () => {
    assert.equal(
      complaint(() => parseMtu('65522')),
      'ipscsi: MTU "65522" is not valid; expected a whole number from 68 to 65521; the default, 65280, suits most',
    );
  });

  it('takes names of interfaces as Linux does', () => {
    for (const name of ['scsi0', 'a', 'fifteen-bytes-x', 'é'.repeat(7)])
      assert.equal(parseInterfaceName(name), name);
    for (const name of ['', '.', '..', 'a/b', 'a b', 'a:b', 'a%d', 'sixteen-bytes-xy', 'é'.repeat(8), 'a\n'])
      assert.match(
        complaint(() => parseInterfaceName(name)),
        /can't name an interface; expected 1 to 15 bytes/,
      );
  });

  it('takes addresses with their prefix lengths, and writes them canonically', () => {
    assert.equal(parseAddress('10.90.0.3/24'), '10.90.0.3/24');
    assert.equal(parseAddress('FD90:0:0::3/64'), 'fd90::3/64');
    assert.equal(
      complaint(() => parseAddress('10.90.0.3')),
      'ipscsi: address "10.90.0.3" is malformed: no prefix length; expected ADDRESS/PREFIX, IPv4 or IPv6; for example 10.90.0.3/24 or fd90::3/64',
    );
    assert.match(
      complaint(() => parseAddress('10.90.0.3/33')),
      /malformed: prefix length not 0 to 32;/,
    );
    assert.match(
      complaint(() => parseAddress('10.90.0/24')),
      /malformed: neither an IPv4 nor an IPv6 address;/,
    );
  });

  it('takes pins', () => {
    assert.deepEqual(parsePin('3=10.90.0.3'), [3, '10.90.0.3']);
    assert.deepEqual(parsePin('255=FD90::0'), [255, 'fd90::']);
    for (const pin of ['', '3', '3=', '=10.0.0.1', '256=10.0.0.1', '3=10.0.0.1/24', '3=host'])
      assert.match(
        complaint(() => parsePin(pin)),
        /pin .* is not valid; expected ID=ADDRESS/,
      );
  });

  it('takes seconds as milliseconds', () => {
    assert.equal(parseSeconds('0.5'), 500);
    assert.equal(parseSeconds('3600'), 3_600_000);
    for (const text of ['', '-1', '.5', '1s', '3601', 'NaN'])
      assert.throws(() => parseSeconds(text), CliError, text);
  });

  it('takes namespaces by name or path', () => {
    assert.equal(parseNetns('lab3'), 'lab3');
    assert.equal(parseNetns('/proc/1/ns/net'), '/proc/1/ns/net');
    for (const text of ['', 'a/b', '..', '../x']) assert.throws(() => parseNetns(text), CliError, text);
  });
});
