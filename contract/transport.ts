/**
 * The contract of a transport (design D4), as tests: whatever carries SCSI commands passes them all.
 * `transportContract('shared memory', open)` in a test file declares them for node:test. Needs fast-check.
 * Not here: speed, and what only one transport promises.
 */

import { describe } from 'node:test';
import type { Target } from '../src/scsi/command.ts';
import type { InitiatorNexus, Port } from '../src/transport/transport.ts';
import type { Lacks } from './abilities.ts';
import { abortTests } from './abort.ts';
import { commandTests } from './commands.ts';
import { dataTests } from './data.ts';
import { initiatorLifeTests } from './initiator-life.ts';
import { managementTests } from './management.ts';
import { propertyTests } from './property.ts';
import { queueTests } from './queue.ts';
import { targetLifeTests } from './target-life.ts';
import { waitTests } from './wait.ts';

/** How a port joins. */
export interface JoinOptions {
  /** SCSI ID; any free one when absent. */
  readonly id?: number;
  /** Answers commands; absent: an initiator only. */
  readonly target?: Target;
}

/** Two ports on a bus of their own, made for one test. */
export interface TransportHarness extends AsyncDisposable {
  readonly initiator: Port;
  readonly target: Port;
  /** The initiator's nexus to the target, present when the harness is handed out; it takes four commands at once or more. */
  readonly nexus: InitiatorNexus;
  /**
   * One round: polls every port once, closed ones too, and lets time pass: moves a virtual clock to what comes next, or
   * waits a millisecond or so for something to come when there was nothing to do.
   */
  drive(): void | Promise<void>;
  /** Attaches another port, which `drive` then polls too. Absent: tests that need a third port are skipped. */
  join?(options: JoinOptions): Port | Promise<Port>;
  /** What it cannot do by its nature; the tests that need it are skipped. */
  readonly lacks?: Lacks;
  /** Ends the target the hard way, as SIGKILL would, without its port's dispose. Absent: that test is skipped. */
  crashTarget?(): void | Promise<void>;
}

/** Opens a harness whose target port answers with `target`, set before that port's first poll. */
export type OpenTransport = (target: Target) => TransportHarness | Promise<TransportHarness>;

/** Declares the contract's tests for one transport. */
export function transportContract(name: string, open: OpenTransport): void {
  describe(`transport contract: ${name}`, () => {
    describe('commands', () => commandTests(open));
    describe('data', () => dataTests(open));
    describe('queue', () => queueTests(open));
    describe('abort', () => abortTests(open));
    describe('task management', () => managementTests(open));
    describe('life of a target', () => targetLifeTests(open));
    describe('life of an initiator', () => initiatorLifeTests(open));
    describe('waiting', () => waitTests(open));
    describe('in general', () => propertyTests(open));
  });
}
