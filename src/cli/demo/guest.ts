/** A guest: the program inside a host's network namespace, a child process of the demo. */

import { Netlink } from '../../sys/netlink.ts';
import { fetchFile, ping, pingPong, readStream } from './guest-clients.ts';
import type { GuestApi } from './guest-protocol.ts';
import { serveGuest } from './guest-serve.ts';
import { serveEcho, serveFile, serveStream } from './guest-servers.ts';
import { Talk } from './guest-talk.ts';

let talk: Talk | undefined;

const api: GuestApi = {
  neighbours: async () => {
    using netlink = new Netlink();
    return netlink.neighbours();
  },
  ping,
  serveFile: ({ address, size }) => serveFile(address, size),
  fetch: ({ url }) => fetchFile(url),
  serveStream: ({ address }) => serveStream(address),
  readStream,
  serveEcho: ({ address }) => serveEcho(address),
  pingPong,
  talk: async (to) => {
    if (talk) throw new Error('already talking');
    talk = await Talk.start(to);
    return undefined;
  },
  hush: async () => {
    if (!talk) throw new Error('not talking');
    const ended = talk;
    talk = undefined;
    return ended.stop();
  },
};

serveGuest(api);
