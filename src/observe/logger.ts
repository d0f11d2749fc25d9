/** What a library may say while it works. The library never chooses where it goes; the default is nowhere. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Receives events: a short text that names the event, and its facts. */
export interface Logger {
  log(level: LogLevel, event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing. */
export const silent: Logger = { log: () => undefined };
