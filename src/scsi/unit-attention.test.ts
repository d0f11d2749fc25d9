import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AdditionalSense } from './sense.ts';
import { UnitAttentions } from './unit-attention.ts';

const {
  powerOnOccurred: powerOn,
  scsiBusResetOccurred: busReset,
  busDeviceResetFunctionOccurred: unitReset,
  commandsClearedByAnotherInitiator: cleared,
  inquiryDataHasChanged: changed,
} = AdditionalSense;

function drain(...raised: AdditionalSense[]): AdditionalSense[] {
  const attentions = new UnitAttentions();
  for (const code of raised) attentions.raise(code);
  const taken: AdditionalSense[] = [];
  for (let code = attentions.take(); code !== undefined; code = attentions.take()) taken.push(code);
  assert.equal(attentions.pending, false);
  return taken;
}

describe('unit attentions', () => {
  it('come in the order in which they arose', () =>
    assert.deepEqual(drain(cleared, changed), [cleared, changed]));
  it('come once, however often they arose', () =>
    assert.deepEqual(drain(cleared, changed, cleared), [cleared, changed]));
  it('come by precedence: resets first', () => {
    assert.deepEqual(drain(powerOn, unitReset), [powerOn, unitReset]);
    assert.deepEqual(drain(busReset, cleared), [busReset, cleared]);
  });
  it('a reset makes lesser ones stale', () => {
    assert.deepEqual(drain(cleared, unitReset, busReset), [busReset]);
    assert.deepEqual(drain(busReset, changed, unitReset), [busReset, unitReset]);
  });
  it('are as many as there are codes, at most', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(powerOn, busReset, unitReset, cleared, changed)), (codes) => {
        const taken = drain(...codes);
        assert.equal(new Set(taken).size, taken.length);
        assert.ok(codes.length === 0 || taken.length > 0);
      }),
    ));
});
