/** Pairs of ports on one bus, both working, that don't hear each other: as when one session of many is down. */

export class DeafPairs {
  readonly #ports: number;
  readonly #byBus: Map<number, Set<number>>;

  /** `ports`: how many the network has. */
  constructor(ports: number, from?: DeafPairs) {
    this.#ports = ports;
    this.#byBus = new Map();
    for (const [bus, pairs] of from ? from.#byBus : []) this.#byBus.set(bus, new Set(pairs));
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

  /** False: that was known. */
  set(bus: number, one: number, other: number, deaf: boolean): boolean {
    if (this.has(bus, one, other) === deaf) return false;
    const pairs = this.#byBus.get(bus) ?? new Set();
    if (deaf) this.#byBus.set(bus, pairs.add(this.#key(one, other)));
    else if (pairs.delete(this.#key(one, other)) && pairs.size === 0) this.#byBus.delete(bus);
    return true;
  }

  #key(one: number, other: number): number {
    return Math.min(one, other) * this.#ports + Math.max(one, other);
  }
}
