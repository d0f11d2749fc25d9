/** Logins as a raw initiator takes them step by step. */

import assert from 'node:assert/strict';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { Stage } from '../../../src/transport/iscsi/opcodes.ts';
import type { TargetNodeOptions } from '../../../src/transport/iscsi/target-node.ts';
import type { Lab } from '../../../src/transport/iscsi/testing-wire.ts';
import { encodeText, type Pair } from '../../../src/transport/iscsi/text.ts';
import { loginRequest } from './pdus.ts';
import type { Heard } from './peer.ts';
import { strangers, who } from './raw-initiator.ts';
import { pairOf } from './suite.ts';

type Values = Parameters<typeof loginRequest>[0];

/** From operational stage to full feature phase. */
export const toFull = { transit: 1, currentStage: Stage.operational, nextStage: Stage.fullFeature };
/** From security to operational stage. */
export const toOperational = { transit: 1, currentStage: Stage.security, nextStage: Stage.operational };

/** A connection to a target of ours, and how a login request is said on it. */
export function visitor(options: Partial<TargetNodeOptions> = {}, lab?: Lab<ScriptedTarget>) {
  const all = strangers(new ScriptedTarget(), options, lab);
  const { raw } = all;
  const bytes = (data: Uint8Array, values: Values = {}): Heard<'loginResponse'> => {
    raw.send(loginRequest({ cmdSn: 1, expStatSn: raw.expStatSn, ...values }, data));
    return raw.expect('loginResponse');
  };
  /** Says these keys; the first time, who we are as well. */
  let greeting: readonly Pair[] = who;
  const say = (keys: readonly string[], values: Values = {}): Heard<'loginResponse'> => {
    const pairs = [...greeting, ...keys.map(pairOf)];
    greeting = [];
    return bytes(encodeText(pairs), values);
  };
  return { ...all, say, bytes };
}

/** A login in one request: what the target answers to a key. */
export function answered(key: string, options: Partial<TargetNodeOptions> = {}): string | undefined {
  const response = visitor(options).say([key], toFull);
  assert.equal(response.status, 0);
  return response.text.get(pairOf(key)[0]);
}

/** A login with these keys, in one request, ends with this status. */
export function refused(keys: readonly string[], status: number, values: Values = {}): void {
  const { say, raw, lab } = visitor();
  assert.equal(say(keys, { ...toFull, ...values }).status, status);
  raw.closed();
  assert.equal(lab.node.sessions.size, 0);
}
