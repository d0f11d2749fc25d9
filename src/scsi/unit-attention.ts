/** Unit attention conditions of one I_T_L nexus (SAM-5 §5.14). */

import { AdditionalSense } from './sense.ts';

/** The reset conditions, gravest first; all others come after them, in the order in which they arose. */
const resets: readonly AdditionalSense[] = [
  AdditionalSense.powerOnResetOrBusDeviceResetOccurred,
  AdditionalSense.powerOnOccurred,
  AdditionalSense.scsiBusResetOccurred,
  AdditionalSense.busDeviceResetFunctionOccurred,
];

const rank = (code: AdditionalSense) => (resets.includes(code) ? resets.indexOf(code) : resets.length);

/** A queue by precedence. */
export class UnitAttentions {
  #pending: AdditionalSense[] = [];

  get pending(): boolean {
    return this.#pending.length !== 0;
  }

  /** Establishes a condition, unless it is pending already. A reset makes all lesser news stale: they are dropped. */
  raise(code: AdditionalSense): void {
    if (this.#pending.includes(code)) return;
    const place = rank(code);
    const graver = this.#pending.filter((other) => rank(other) < place);
    const rest = resets.includes(code) ? [] : this.#pending.filter((other) => rank(other) >= place);
    this.#pending = [...graver, ...rest, code];
  }

  /** The gravest, which is thereby reported and cleared. */
  take(): AdditionalSense | undefined {
    return this.#pending.shift();
  }
}
