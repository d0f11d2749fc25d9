/**
 * A guest: the program inside a host's network namespace, a child process of the demo. It enters the namespace
 * given on its command line, then does what it is asked over its IPC channel, and ends with its parent.
 */

import { enterNamespace, openNamespace } from '../../sys/namespaces.ts';
import { Netlink } from '../../sys/netlink.ts';
import { dieWithParent } from '../../sys/privileges.ts';
import { fetchFile, ping, pingPong, readStream } from './guest-clients.ts';
import type { GuestApi, Reply, Request } from './guest-protocol.ts';
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

const reply = (message: Reply) => process.send?.(message);
const text = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function serve({ id, command, asked }: Request): Promise<void> {
  try {
    // Request pairs each command with its own arguments, which the type of a union cannot say.
    const answer = await (api[command] as (asked: unknown) => Promise<Reply['answer']>)(asked);
    reply({ id, answer });
  } catch (error) {
    reply({ id, error: text(error) });
  }
}

process.on('disconnect', () => process.exit());
try {
  dieWithParent();
  enterNamespace(openNamespace(process.argv[2] ?? ''));
  process.on('message', (request: Request) => void serve(request));
  reply({ id: 0 });
} catch (error) {
  reply({ id: 0, error: text(error) });
}
