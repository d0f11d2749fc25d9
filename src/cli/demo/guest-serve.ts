/**
 * A guest's own side of its IPC channel. It enters the namespace given on its command line, then does what it is
 * asked, and ends with its parent.
 */

import { enterNamespace, openNamespace } from '../../sys/namespaces.ts';
import { dieWithParent } from '../../sys/privileges.ts';
import type { GuestReply, GuestRequest } from './guest-protocol.ts';

const reply = (message: GuestReply) => process.send?.(message);
const text = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Serves the commands of `api` from now on. */
export function serveGuest(api: object): void {
  const commands = new Map<string, (asked: unknown) => Promise<unknown>>(Object.entries(api));
  const serve = async ({ id, command, asked }: GuestRequest) => {
    try {
      reply({ id, answer: await commands.get(command)?.(asked) });
    } catch (error) {
      reply({ id, error: text(error) });
    }
  };
  process.on('disconnect', () => process.exit());
  try {
    dieWithParent();
    enterNamespace(openNamespace(process.argv[2] ?? ''));
    process.on('message', (request: GuestRequest) => void serve(request));
    reply({ id: 0 });
  } catch (error) {
    reply({ id: 0, error: text(error) });
  }
}
