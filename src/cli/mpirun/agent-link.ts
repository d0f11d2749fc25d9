/** The launcher's end of the way to an agent: the process that leads there, and what goes over its descriptors. */

import { type ChildProcess, spawn } from 'node:child_process';
import { Channel, type Descriptor, encodeFrame, FrameReader, GreetingReader } from './frames.ts';
import { say } from './job.ts';
import { launchFailure } from './launch-failure.ts';
import { encodeMessage, type FromAgent, parseFromAgent, type ToAgent } from './messages.ts';

export type Hello = FromAgent & { readonly is: 'hello' };

export interface LinkEvents {
  message(message: FromAgent): void;
  /** What a rank wrote. */
  data(rank: number, channel: Descriptor, bytes: Buffer): void;
  /** Nothing comes any more, and that was not to be. */
  lost(why: string): void;
}

/** An agent says something every few seconds. */
const beatMs = 5000;
/** Beats that may be missed: counted, not timed, so that a launcher that was stopped itself does not judge. */
const missedBeats = 6;
/** For an agent that was told to end. */
const endMs = 5000;
const longestSaid = 8192;

export class AgentLink {
  readonly host: string;
  readonly #command: readonly string[];
  readonly #child: ChildProcess;
  readonly #greeting = new GreetingReader();
  readonly #frames = new FrameReader();
  /** Its process has ended, and all that it wrote has been read. */
  readonly gone: Promise<void>;
  #greeted = false;
  #events: LinkEvents | undefined;
  #said = '';
  #how = 'the end of its output';
  /** It could not even be started. */
  #failed = false;
  /** Why we gave it up. */
  #why: string | undefined;
  #closing = false;
  /** Its last word, when it came before anybody listened. */
  #lastWord: FromAgent | undefined;
  /** Why nothing comes any more. */
  #lostWhy: string | undefined;
  #silentFor = 0;
  #beat: NodeJS.Timeout | undefined;
  #settle: { resolve(hello: Hello): void; reject(error: Error): void } | undefined;
  readonly hello: Promise<Hello>;

  /** Starts the agent; `hello` settles when it speaks, or can't. */
  constructor(host: string, command: readonly string[]) {
    this.host = host;
    this.#command = command;
    const [file = '', ...args] = command;
    // In a session of its own: a terminal's Ctrl-C is for us, and ssh asks nobody.
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.hello = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.gone = this.#watch();
    void this.gone.then(() => this.#ended());
  }

  /** From now on, what comes is told. */
  listen(events: LinkEvents): void {
    this.#events = events;
    if (this.#lastWord || this.#lostWhy !== undefined) {
      const lost = this.#lostWhy;
      setImmediate(() => this.#catchUp(events, lost)); // when whoever listens has all its crews
    }
    if (this.#lostWhy !== undefined) return;
    this.#beat = setInterval(() => {
      if (++this.#silentFor > missedBeats)
        this.#give(`nothing was heard of it for ${(beatMs * missedBeats) / 1000} s`);
    }, beatMs);
  }

  /** Tells what came before anybody listened. */
  #catchUp(events: LinkEvents, lost: string | undefined): void {
    if (this.#closing) return;
    if (this.#lastWord) events.message(this.#lastWord);
    if (lost !== undefined) events.lost(lost);
  }

  send(message: ToAgent): void {
    this.#child.stdin?.write(encodeMessage(message));
  }

  /** What rank 0 is to read; nothing at all: its end. */
  input(bytes: Buffer): void {
    this.#child.stdin?.write(encodeFrame({ channel: Channel.input, rank: 0, bytes }));
  }

  /** Lets the agent tidy up and end. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#beat);
    this.#child.stdin?.end();
    const insist = setTimeout(() => {
      this.#kill('SIGKILL');
      this.#child.stdout?.destroy(); // somebody in another session may hold it open
    }, endMs);
    await this.gone;
    clearTimeout(insist);
  }

  /** The same for one that may not have begun to speak. */
  abandon(): Promise<void> {
    this.hello.catch(() => undefined);
    this.#kill('SIGTERM');
    return this.close();
  }

  /** To its whole process group: what leads to an agent may be a script that starts others. */
  #kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // it has just ended
    }
  }

  /** Resolves when the process is gone and all that it wrote has been read. */
  #watch(): Promise<void> {
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => undefined); // its end is noticed where we read
    stderr?.setEncoding('utf8').on('data', (text: string) => this.#complains(text));
    stdout?.on('data', (bytes: Buffer) => this.#receive(bytes));
    // Its standard error may be held open by others: ssh leaves a master behind (ControlPersist).
    const read = new Promise<void>((resolve) => stdout?.once('close', () => resolve()));
    const exit = new Promise<void>((resolve) => {
      this.#child.on('error', (error) => {
        this.#failed = true;
        this.#how = error.message;
        resolve();
      });
      this.#child.once('exit', (code, signal) => {
        this.#how = signal ? `signal ${signal}` : `exit status ${code}`;
        resolve();
      });
    });
    return Promise.all([read, exit]).then(() => void stderr?.destroy());
  }

  #complains(text: string): void {
    if (!this.#events) this.#said = (this.#said + text).slice(-longestSaid);
    else for (const line of text.split('\n')) if (line.trim() !== '') say(`${this.host}: ${line}`);
  }

  #receive(bytes: Buffer): void {
    this.#silentFor = 0;
    try {
      const rest = this.#greeted ? bytes : this.#greeting.push(bytes);
      if (!rest) return;
      this.#greeted = true;
      for (const { channel, rank, bytes: piece } of this.#frames.push(rest)) {
        if (channel === Channel.message) this.#message(parseFromAgent(piece));
        else this.#events?.data(rank, channel, piece);
      }
    } catch (error) {
      this.#give((error as Error).message);
    }
  }

  #message(message: FromAgent): void {
    if (message.is === 'hello') this.#settle?.resolve(message);
    else if (this.#events) this.#events.message(message);
    else if (message.is === 'ending' || message.is === 'refused') this.#lastWord = message;
  }

  /** Gives the agent up. */
  #give(why: string): void {
    this.#why = why;
    clearInterval(this.#beat);
    this.#child.stdout?.removeAllListeners('data').resume();
    this.#kill('SIGKILL');
    this.#tell(why);
  }

  #ended(): void {
    clearInterval(this.#beat);
    const { host } = this;
    const said = `${this.#greeted ? '' : this.#greeting.noise}${this.#said}`;
    const how = this.#why ?? (this.#failed ? this.#how : `${this.#command[0]} ended with ${this.#how}`);
    this.#settle?.reject(launchFailure({ host, how, said }));
    this.#tell(`its agent, or the way to it, ended with ${this.#how}`);
  }

  #tell(why: string): void {
    if (this.#closing || this.#lostWhy !== undefined) return;
    this.#lostWhy = why;
    this.#events?.lost(why);
  }
}
