/** Our standard input, on its way to rank 0 on another host: a piece at a time. */

import type { Readable } from 'node:stream';

export interface Feed {
  /** Begins to read. */
  to(sink: { input(bytes: Buffer): void }): void;
  /** The last piece has been taken. */
  resume(): void;
}

export function feed(from: Readable): Feed {
  return {
    to(sink) {
      let ended = false;
      const end = () => {
        if (!ended) sink.input(Buffer.alloc(0));
        ended = true;
      };
      from.on('data', (bytes: Buffer) => {
        from.pause();
        sink.input(bytes);
      });
      from.once('end', end);
      from.once('error', end);
    },
    resume: () => void from.resume(),
  };
}
