/** The program inside a namespace: serves, and measures as a client. */

import { ping, readStream } from '../../src/cli/demo/guest-clients.ts';
import { serveGuest } from '../../src/cli/demo/guest-serve.ts';
import { serveStream } from '../../src/cli/demo/guest-servers.ts';
import { countDatagrams, openDatagrams, sendDatagrams } from './datagrams.ts';
import type { BenchApi } from './guest-api.ts';
import { bounce, bounceBack, listen } from './messages.ts';

const api: BenchApi = {
  ping,
  serveStream: ({ address }) => serveStream(address),
  readStream,
  listen,
  bounceBack,
  bounce,
  openDatagrams,
  countDatagrams,
  sendDatagrams,
};

serveGuest(api);
