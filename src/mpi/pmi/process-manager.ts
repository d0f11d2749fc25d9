/** What a rank asks the process manager that started it, whichever version of PMI that one speaks. All calls block. */

export interface ProcessManager {
  readonly rank: number;
  readonly size: number;
  /** Name of the job: another for each job on this machine. */
  readonly job: string;
  put(key: string, value: string): void;
  /** All ranks meet; what was put before can be got after. */
  fence(): void;
  /** What any rank put; undefined: nobody has. */
  get(key: string): string | undefined;
  finalize(): void;
  /** Ends the job. No answer comes. */
  abort(code: number, why: string): void;
}
