/**
 * An agent: on one host of a job it starts the ranks, is their process manager (PMI-1), and passes on what they read, write and do.
 * It lives between the descriptors that the launcher holds: when they close, it ends its ranks, takes all away and ends.
 */

import { hostname } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { Sighting } from '../../mpi/job-page.ts';
import { describeFailure } from '../failure.ts';
import { version } from '../version.ts';
import { AgentRanks } from './agent-ranks.ts';
import { Channel, encodeFrame, FrameReader, greeting } from './frames.ts';
import {
  encodeMessage,
  type FromAgent,
  type JobDescription,
  parseToAgent,
  type ToAgent,
} from './messages.ts';

/** Between SIGTERM and SIGKILL. */
const graceMs = 2000;
/** Between SIGKILL and the end of our patience: less than the launcher's. */
const lastMs = 1000;
const lookMs = 250;
const beatMs = 5000;

export class Agent {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #frames = new FrameReader();
  #ranks: AgentRanks | undefined;
  #ending = false;
  #status = 0;
  #killer: NodeJS.Timeout | undefined;
  #over: () => void = () => undefined;
  readonly #told = new Map<number, Sighting>();

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
  }

  /** Until the launcher has had enough, or is gone. Gives the exit status. */
  async run(): Promise<number> {
    const over = new Promise<void>((resolve) => {
      this.#over = resolve;
    });
    this.#output.write(greeting);
    this.#send({ is: 'hello', version: version(), node: process.version, host: hostname() });
    this.#input.on('data', (bytes: Buffer) => this.#receive(bytes));
    for (const event of ['end', 'close', 'error']) this.#input.once(event, () => this.#end());
    this.#output.on('error', () => this.#end());
    const look = setInterval(() => this.#look(), lookMs);
    const beat = setInterval(() => this.#send({ is: 'alive' }), beatMs);
    await over;
    clearInterval(look);
    clearInterval(beat);
    clearTimeout(this.#killer);
    return this.#status;
  }

  /** A signal to the agent itself. */
  stop(signal: string): void {
    this.#send({ is: 'ending', why: `its agent was told to end (${signal})` });
    this.#end();
  }

  #send(message: FromAgent): void {
    if (!this.#output.writableEnded && !this.#output.destroyed) this.#output.write(encodeMessage(message));
  }

  #receive(bytes: Buffer): void {
    if (this.#ending) return;
    try {
      for (const { channel, rank, bytes: piece } of this.#frames.push(bytes)) {
        if (channel === Channel.message) this.#message(parseToAgent(piece));
        else if (channel === Channel.input && rank === 0) this.#ranks?.feed(piece);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    const { exitCode, message, expected, hint } = describeFailure(error);
    const why = [message, expected && `expected ${expected}`, hint].filter((part) => part).join('; ');
    this.#status = exitCode;
    this.#send({ is: 'refused', code: exitCode, why });
    this.#end();
  }

  #message(message: ToAgent): void {
    if (message.is === 'job') this.#start(message.job);
    else if (message.is === 'taken') this.#ranks?.taken(message.rank, message.descriptor);
    else if (message.is === 'fenced') this.#ranks?.fenced(message.puts);
    else this.#ranks?.kill(message.signal === 'SIGKILL' ? 'SIGKILL' : 'SIGTERM');
  }

  #start(job: JobDescription): void {
    if (this.#ranks) return;
    this.#ranks = new AgentRanks(job, {
      data: (rank, channel, bytes) => void this.#output.write(encodeFrame({ channel, rank, bytes })),
      fed: () => this.#send({ is: 'taken' }),
      waiting: () => this.#send({ is: 'waiting' }),
      fence: (puts) => this.#send({ is: 'fence', puts }),
      aborted: (rank, code, why) => this.#send({ is: 'aborted', rank, code, why }),
      ended: (end, sighting) => {
        this.#send({ is: 'ended', ...end, sighting });
        if (this.#ending && this.#ranks?.running === 0) this.#over();
      },
    });
    this.#send({ is: 'started' });
  }

  /** Tells what ranks are seen to do, where that is not what they did before. */
  #look(): void {
    const sightings = (this.#ranks?.sightings() ?? []).filter(
      ([rank, sighting]) => !isDeepStrictEqual(this.#told.get(rank), sighting),
    );
    for (const [rank, sighting] of sightings) this.#told.set(rank, sighting);
    if (sightings.length > 0) this.#send({ is: 'seen', sightings });
  }

  /** Ends the ranks, then the agent. */
  #end(): void {
    if (this.#ending) return;
    this.#ending = true;
    const ranks = this.#ranks;
    if (!ranks || ranks.running === 0) {
      this.#over();
      return;
    }
    ranks.discard();
    ranks.kill('SIGTERM');
    this.#killer = setTimeout(() => this.#insist(ranks), graceMs);
  }

  #insist(ranks: AgentRanks): void {
    ranks.kill('SIGKILL');
    ranks.letGo();
    this.#killer = setTimeout(() => this.#over(), lastMs);
  }

  /** Takes all away. */
  close(): void {
    this.#ranks?.close();
  }
}
