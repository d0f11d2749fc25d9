/** The daemon's log: one JSON object a line, on stderr. */

import type { Logger, LogLevel } from '../observe/logger.ts';
import { logLevels } from './arguments.ts';

/** Writes events of `least` and graver. */
export function jsonLogger(least: LogLevel, write: (line: string) => void): Logger {
  const threshold = logLevels.indexOf(least);
  return {
    log(level, event, facts = {}) {
      if (logLevels.indexOf(level) < threshold) return;
      const line = { time: new Date().toISOString(), level, event, ...facts };
      write(`${JSON.stringify(line, (_, value) => (value instanceof Error ? value.message : value))}\n`);
    },
  };
}
