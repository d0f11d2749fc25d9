/** What wrappers of a port share: a port of the same shape, whose nexuses and target are wrapped likewise. */

import type { Target, TaskManagement, TaskManagementResponse } from '../scsi/command.ts';
import type { Task } from './task.ts';
import type { InitiatorNexus, Limits, Port, PortListener } from './transport.ts';

/** How a port is wrapped. What is absent passes unchanged. */
export interface Wrapping<N extends InitiatorNexus = InitiatorNexus> {
  nexus?(inner: InitiatorNexus): N;
  target?(inner: Target): Target;
  /** Does what is due of the wrapper's own; returns how many. */
  poll?(): number;
  /** Milliseconds until poll() above has something to do; infinity for never. */
  due?(): number;
  /** The port closes: ends what the wrapper keeps. */
  close?(): void;
}

/** Wraps a port. Do it before the port's listener, target and nexuses are used. */
export function wrapPort(inner: Port, wrapping: Wrapping): Port {
  return new WrappedPort(inner, wrapping);
}

class WrappedPort implements Port {
  listener: PortListener | undefined = undefined;
  readonly #inner: Port;
  readonly #wrapping: Wrapping;
  readonly #targets = new Map<number, InitiatorNexus>();
  #target: Target | undefined = undefined;

  constructor(inner: Port, wrapping: Wrapping) {
    this.#inner = inner;
    this.#wrapping = wrapping;
    if (inner.target) this.target = inner.target;
    for (const nexus of inner.targets.values()) this.#wrap(nexus);
    inner.listener = {
      appeared: (nexus) => {
        const outer = this.#wrap(nexus);
        this.listener?.appeared(outer);
      },
      vanished: (nexus) => {
        const outer = this.#targets.get(nexus.target);
        this.#targets.delete(nexus.target);
        if (outer) this.listener?.vanished(outer);
      },
    };
  }

  get id(): number {
    return this.#inner.id;
  }

  get width(): number {
    return this.#inner.width;
  }

  get bus(): string {
    return this.#inner.bus;
  }

  get fd(): number {
    return this.#inner.fd;
  }

  get fds(): readonly number[] {
    return this.#inner.fds ?? [this.#inner.fd];
  }

  get targets(): ReadonlyMap<number, InitiatorNexus> {
    return this.#targets;
  }

  get target(): Target | undefined {
    return this.#target;
  }

  set target(target: Target | undefined) {
    this.#target = target;
    this.#inner.target = target && (this.#wrapping.target?.(target) ?? target);
  }

  lossOf(id: number): string | undefined {
    return this.#inner.lossOf?.(id);
  }

  poll(): number {
    return this.#inner.poll() + (this.#wrapping.poll?.() ?? 0);
  }

  wait(timeoutMs: number): boolean {
    const due = this.#due();
    if (due <= 0) return true;
    return this.#inner.wait(Math.min(timeoutMs, due)) || this.#due() <= 0;
  }

  /** While the wrapper keeps something back there is no sleeping on `fd`, which knows nothing of it. */
  arm(completions: boolean): boolean {
    return this.#due() === Number.POSITIVE_INFINITY && this.#inner.arm(completions);
  }

  disarm(ready?: number): void {
    this.#inner.disarm(ready);
  }

  allocate(bytes: number): Uint8Array {
    return this.#inner.allocate(bytes);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
    this.#targets.clear();
    this.#wrapping.close?.();
  }

  #due(): number {
    return this.#wrapping.due?.() ?? Number.POSITIVE_INFINITY;
  }

  #wrap(nexus: InitiatorNexus): InitiatorNexus {
    const outer = this.#wrapping.nexus?.(nexus) ?? nexus;
    this.#targets.set(nexus.target, outer);
    return outer;
  }
}

/** A nexus that passes everything on, and sees each task's end before its owner does. */
export abstract class WrappedNexus implements InitiatorNexus {
  protected readonly inner: InitiatorNexus;
  readonly #dones = new Map<Task, Task['done']>();
  readonly #done = (task: Task): void => {
    task.done = this.#dones.get(task) ?? task.done;
    this.#dones.delete(task);
    this.ended(task);
  };

  constructor(inner: InitiatorNexus) {
    this.inner = inner;
  }

  /** A task ended; calls its `done`, now or later. */
  protected abstract ended(task: Task): void;

  get target(): number {
    return this.inner.target;
  }

  get limits(): Limits {
    return this.inner.limits;
  }

  get queued(): number {
    return this.inner.queued;
  }

  get alive(): boolean {
    return this.inner.alive;
  }

  submit(task: Task): boolean {
    const { done } = task;
    if (done === this.#done) throw new Error(`target ${this.target}: the task is under way already`);
    task.done = this.#done;
    let taken = false;
    try {
      taken = this.inner.submit(task);
    } finally {
      if (taken) this.#dones.set(task, done);
      else task.done = done;
    }
    return taken;
  }

  kick(): void {
    this.inner.kick();
  }

  abort(task: Task): void {
    this.inner.abort(task);
  }

  manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse> {
    return this.inner.manage(what, lun, task);
  }
}
