/** Logins of ours as a raw target takes them. */

import assert from 'node:assert/strict';
import { LoginError } from '../../../src/transport/iscsi/initiator-login.ts';
import type { loginResponse } from './pdus.ts';
import { called, caller, type Options } from './raw-target.ts';

/** The keys that an initiator with these wishes offers. */
export function offers(wishes: Options['wishes'] = {}): ReadonlyMap<string, string> {
  const { raw } = caller({ wishes: wishes ?? {} });
  raw.admit();
  return raw.expect('loginRequest').text;
}

/** The settings after these answers. */
export const settled = (keys: readonly string[], wishes: Options['wishes'] = {}) =>
  called(keys, { wishes: wishes ?? {} }).connection.settings;

/** These answers to what it offers end the login. */
export function leaves(keys: readonly string[], wishes: Options['wishes'] = {}): void {
  const { raw, told } = caller({ wishes: wishes ?? {} });
  raw.admit();
  raw.agree(keys);
  raw.closed();
  assert.deepEqual([told.ready, told.over instanceof Error], [false, true]);
}

/** It takes what the target offers, and answers it so. */
export function answers(offer: string, answer: string | undefined): void {
  const { raw, told } = caller({ target: undefined });
  raw.admit();
  raw.reply([offer], { transit: 0, nextStage: 0 });
  const key = String(offer.split('=')[0]);
  assert.equal(raw.reply([], { tsih: 1 }).text.get(key), answer);
  assert.ok(told.ready);
}

/** A login that these fields of the last response end. */
export function stops(values: Parameters<typeof loginResponse>[0], keys: readonly string[] = []): LoginError {
  const { raw, told } = caller();
  raw.admit();
  raw.reply(keys, values);
  raw.closed();
  assert.ok(told.over instanceof LoginError);
  return told.over;
}
