import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  encodeAnswer,
  parsePingAnswer,
  parseRequest,
  parseStatusAnswer,
  Refusal,
  refuse,
} from './protocol.ts';

const refused = (line: string, code: string) =>
  assert.throws(
    () => parseRequest(line),
    (error) => error instanceof Refusal && error.code === code,
    line,
  );

describe('control requests', () => {
  it('are read', () => {
    assert.deepEqual(parseRequest('{"do":"status"}'), { do: 'status' });
    assert.deepEqual(parseRequest('{"version":1,"do":"status","more":true}'), { do: 'status' });
    assert.deepEqual(parseRequest('{"do":"ping","target":5,"count":10,"interval":0.5,"bytes":64}'), {
      do: 'ping',
      target: 5,
      count: 10,
      interval: 0.5,
      bytes: 64,
    });
    assert.deepEqual(parseRequest('{"do":"ping","target":5}'), {
      do: 'ping',
      target: 5,
      count: 1,
      interval: 0,
      bytes: 0,
    });
  });

  it('are refused when they make no sense', () => {
    for (const line of [
      '',
      '{',
      'null',
      '[]',
      '3',
      '{}',
      '{"do":"stop"}',
      '{"do":"toString"}',
      '{"do":["status"]}',
    ])
      refused(line, 'bad-request');
    for (const ping of ['', '"target":256', '"target":-1', '"target":"5"', '"target":1.5', '"target":null'])
      refused(`{"do":"ping"${ping && `,${ping}`}}`, 'bad-request');
    for (const more of [
      '"count":0',
      '"count":10001',
      '"bytes":65536',
      '"interval":1e400',
      '"count":1000,"interval":61',
    ])
      refused(`{"do":"ping","target":5,${more}}`, 'bad-request');
    refused('{"version":2,"do":"status"}', 'version');
  });

  it('are accepted or refused, whatever the line holds', () => {
    const requests = fc.record(
      {
        version: fc.oneof(fc.constant(1), fc.anything()),
        do: fc.oneof(fc.constantFrom('ping', 'status'), fc.anything()),
        target: fc.anything(),
        count: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const lines = fc.oneof(
      fc.string(),
      fc.json(),
      requests.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(lines, (line) => {
        try {
          assert.ok(['ping', 'status'].includes(parseRequest(line).do));
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error));
        }
      }),
    );
  });
});

describe('control answers', () => {
  it('carry a refusal', () => {
    const line = encodeAnswer(refuse(new Refusal('busy', 'later')));
    assert.equal(line, '{"version":1,"ok":false,"error":{"code":"busy","message":"later"}}\n');
    assert.throws(() => parseStatusAnswer(line), { name: 'Refusal', message: 'later' });
  });

  it('are not believed unseen', () => {
    const parsers = [parseStatusAnswer, parsePingAnswer];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.json().map((value) => `{"ok":true,"status":${value},"ping":${value}}`),
        ),
        (line) => {
          for (const parse of parsers)
            try {
              parse(line);
            } catch (error) {
              assert.ok(error instanceof SyntaxError || error instanceof Refusal, String(error));
            }
        },
      ),
    );
    assert.throws(() => parsePingAnswer('{"ok":true,"ping":{"sent":1,"received":1}}'), SyntaxError);
  });
});
