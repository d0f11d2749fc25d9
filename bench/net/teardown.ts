/** What was set up, to be taken away in the opposite order, also when setting up breaks off half-way. */

export class Teardown implements AsyncDisposable {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  use<T extends AsyncDisposable>(owned: T): T {
    this.add(() => owned[Symbol.asyncDispose]());
    return owned;
  }

  /** Every step runs, whatever the others do. @throws the first step's error that failed */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
