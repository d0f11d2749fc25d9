/** Mode pages of a RAM disk (SPC-4 §7.5, SBC-3 §6.4): caching, control, informational exceptions; one set for all initiators. */

/** PAGE CONTROL. */
export const PageControl = { current: 0, changeable: 1, default: 2, saved: 3 } as const;

interface Page {
  readonly code: number;
  readonly initial: readonly number[];
  /** The bits that MODE SELECT may change. */
  readonly changeable: readonly number[];
}

const zeros = (count: number) => new Array<number>(count).fill(0);

const pages: readonly Page[] = [
  // Caching: WCE, changeable and without effect, as memory has no slower place behind it.
  { code: 0x08, initial: [0x04, ...zeros(17)], changeable: [0x04, ...zeros(17)] },
  // Control: SWP changeable; busy timeout unlimited.
  { code: 0x0a, initial: [0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], changeable: [0, 0, 0x08, ...zeros(7)] },
  // Informational exceptions control: none.
  { code: 0x1c, initial: zeros(10), changeable: zeros(10) },
];

const control = 0x0a;
/** SWP in the control page's third byte after the header. */
const softwareWriteProtect = 0x08;

export class ModePages {
  readonly #values = new Map<number, Uint8Array>(
    pages.map(({ code, initial }) => [code, Uint8Array.from(initial)]),
  );

  get writeProtected(): boolean {
    return (Number(this.#values.get(control)?.[2]) & softwareWriteProtect) !== 0;
  }

  has(code: number): boolean {
    return this.#values.has(code);
  }

  /** Page `code`, or all of them for 3Fh, each with its header. */
  sense(code: number, pageControl: number): Uint8Array {
    const wanted = pages.filter((page) => code === 0x3f || page.code === code);
    return Buffer.concat(
      wanted.map((page) => {
        const values =
          pageControl === PageControl.changeable
            ? page.changeable
            : pageControl === PageControl.default
              ? page.initial
              : [...(this.#values.get(page.code) ?? [])];
        return Uint8Array.of(page.code, values.length, ...values);
      }),
    );
  }

  /** Takes pages of a parameter list. Undefined: taken, nothing has changed; true: changed; else the place of what is wrong. */
  select(list: Uint8Array): { changed: boolean } | { wrongAt: number } {
    const next: [code: number, values: Uint8Array][] = [];
    for (let at = 0; at < list.length; ) {
      const code = Number(list[at]) & 0x3f;
      const page = pages.find((one) => one.code === code);
      const length = Number(list[at + 1]);
      if (!page || Number(list[at]) & 0x40) return { wrongAt: at };
      if (length !== page.initial.length || at + 2 + length > list.length) return { wrongAt: at + 1 };
      const values = list.slice(at + 2, at + 2 + length);
      const current = this.#values.get(code) ?? values;
      const bad = values.findIndex(
        (byte, i) => ((byte ^ Number(current[i])) & ~Number(page.changeable[i])) !== 0,
      );
      if (bad >= 0) return { wrongAt: at + 2 + bad };
      next.push([code, values]);
      at += 2 + length;
    }
    let changed = false;
    for (const [code, values] of next) {
      changed ||= Buffer.compare(values, this.#values.get(code) ?? values) !== 0;
      this.#values.set(code, values);
    }
    return { changed };
  }

  reset(): void {
    for (const { code, initial } of pages) this.#values.set(code, Uint8Array.from(initial));
  }
}
