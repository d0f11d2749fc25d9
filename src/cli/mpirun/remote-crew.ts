/** Ranks on another host, as its agent tells of them. */

import type { Sighting } from '../../mpi/job-page.ts';
import type { AgentLink, LinkEvents } from './agent-link.ts';
import type { Crew, CrewEvents } from './crew.ts';
import { Channel, type Descriptor, ProtocolError } from './frames.ts';
import type { HostShare } from './mapping.ts';
import type { FromAgent, JobDescription, Puts } from './messages.ts';
import type { Output } from './output.ts';

/** Of a rank that nothing has been heard of. */
const unseen: Sighting = {
  operation: 'init',
  peer: -1,
  tag: 0,
  bytes: 0,
  calls: 0,
  blocked: false,
  finalized: false,
  lost: -1,
  waitsFor: [],
  at: '',
};

export interface RemoteEvents extends CrewEvents {
  /** The first of its ranks is at the barrier. */
  waiting(): void;
  /** All its ranks are. */
  fence(crew: RemoteCrew, puts: Puts): void;
  /** Rank 0 takes more input. */
  thirsty(): void;
}

export class RemoteCrew implements Crew, LinkEvents {
  readonly ranks: readonly number[];
  readonly host: string;
  readonly link: AgentLink;
  readonly #output: Output;
  readonly #events: RemoteEvents;
  readonly #running: Set<number>;
  readonly #sightings = new Map<number, Sighting>();

  constructor(share: HostShare, link: AgentLink, output: Output, events: RemoteEvents) {
    this.ranks = share.ranks;
    this.host = share.name;
    this.link = link;
    this.#output = output;
    this.#events = events;
    this.#running = new Set(share.ranks);
    link.listen(this);
  }

  start(job: JobDescription): void {
    this.link.send({ is: 'job', job });
  }

  isRunning(rank: number): boolean {
    return this.#running.has(rank);
  }

  sighting(rank: number): Sighting {
    return this.#sightings.get(rank) ?? unseen;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#running.size > 0) this.link.send({ is: 'signal', signal });
  }

  close(): Promise<void> {
    return this.link.close();
  }

  data(rank: number, channel: Descriptor, bytes: Buffer): void {
    this.#check(rank);
    if (channel === Channel.input) throw new ProtocolError('an agent has no input for us');
    this.#output.write(rank, channel, bytes, () =>
      this.link.send({ is: 'taken', rank, descriptor: channel }),
    );
  }

  lost(why: string): void {
    if (this.#running.size > 0) this.#lose(1, why);
  }

  message(message: FromAgent): void {
    if (message.is === 'ended') this.#ended(message);
    else if (message.is === 'seen')
      for (const [rank, sighting] of message.sightings) this.#saw(rank, sighting);
    else if (message.is === 'waiting') this.#events.waiting();
    else if (message.is === 'fence') this.#events.fence(this, message.puts);
    else if (message.is === 'aborted') {
      this.#check(message.rank);
      this.#events.aborted(message.rank, message.code, message.why);
    } else if (message.is === 'taken') this.#events.thirsty();
    else if (message.is === 'ending') this.#lose(1, message.why);
    else if (message.is === 'refused') this.#lose(message.code, message.why);
  }

  #ended({ rank, code, how, unfinished, sighting }: FromAgent & { is: 'ended' }): void {
    this.#saw(rank, sighting);
    if (!this.#running.delete(rank)) return;
    this.#output.finish(rank);
    this.#events.ended({ rank, code, how, unfinished });
  }

  #saw(rank: number, sighting: Sighting): void {
    this.#check(rank);
    this.#sightings.set(rank, sighting);
  }

  #lose(status: number, why: string): void {
    this.#running.clear();
    this.#events.lost(this, status, `host ${this.host}: ${why}`);
  }

  #check(rank: number): void {
    if (!this.ranks.includes(rank)) throw new ProtocolError(`rank ${rank} is none of its own`);
  }
}
