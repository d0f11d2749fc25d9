/** Pairs of ports on one bus, both working, that don't hear each other: as when one session of many is down. */

export class DeafPairs {
  readonly #ports: number;
  readonly #byBus: Map<number, ReadonlySet<number>>;

  /** `ports`: how many the network has. */
  constructor(ports: number, from?: DeafPairs) {
    this.#ports = ports;
    this.#byBus = new Map(from ? from.#byBus : []);
  }

  /** Whether there are any on this bus. */
  on(bus: number): boolean {
    return this.#byBus.has(bus);
  }

  has(bus: number, one: number, other: number): boolean {
    return this.#byBus.get(bus)?.has(this.#key(one, other)) ?? false;
  }

  /** All of that bus, the lower port first. */
  of(bus: number): (readonly [one: number, other: number])[] {
    return [...(this.#byBus.get(bus) ?? [])].map((key) => [Math.floor(key / this.#ports), key % this.#ports]);
  }

  /** Replaces those of a bus; false: they are the same. */
  set(bus: number, pairs: Iterable<readonly [one: number, other: number]>): boolean {
    const next = new Set([...pairs].map(([one, other]) => this.#key(one, other)));
    const known = this.#byBus.get(bus);
    if (next.size === (known?.size ?? 0) && [...next].every((key) => known?.has(key))) return false;
    if (next.size === 0) this.#byBus.delete(bus);
    else this.#byBus.set(bus, next);
    return true;
  }

  #key(one: number, other: number): number {
    return Math.min(one, other) * this.#ports + Math.max(one, other);
  }
}
