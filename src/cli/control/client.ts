/** Asking running hosts through their control sockets. A host that does not answer costs a time limit, never more. */

import { connect } from 'node:net';
import type { HostStatus, PingResult } from '../../net/host.ts';
import { describeHolder, holderOf, idsWith } from '../holders.ts';
import { LineSplitter } from './lines.ts';
import {
  type ControlRequest,
  longestAnswer,
  parsePingAnswer,
  parseStatusAnswer,
  protocolVersion,
} from './protocol.ts';
import { controlPath } from './server.ts';

/** Nobody listens: no host has the ID, or it died. */
export class NotRunning extends Error {
  override readonly name = 'NotRunning';
}

/** The host did not answer in time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const nobody = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTSOCK'];

/** Sends one request and gives the line that answers it. */
export function askLine(path: string, request: ControlRequest, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = new LineSplitter(longestAnswer);
    const socket = connect(path);
    const settle = (end: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      end();
    };
    const timer = setTimeout(
      () => settle(() => reject(new NoAnswer(`no answer within ${timeoutMs / 1000} s`))),
      timeoutMs,
    );
    socket.on('error', (error: NodeJS.ErrnoException) =>
      settle(() =>
        reject(
          nobody.includes(error.code ?? '') ? new NotRunning('nobody listens', { cause: error }) : error,
        ),
      ),
    );
    socket.on('close', () => settle(() => reject(new NotRunning('the host closed the connection'))));
    socket.on('data', (chunk) => {
      try {
        for (const line of lines.push(chunk)) settle(() => resolve(line));
      } catch (error) {
        settle(() => reject(error));
      }
    });
    socket.write(`${JSON.stringify({ version: protocolVersion, ...request })}\n`);
  });
}

/** A host's status. @throws NotRunning, NoAnswer, Refusal, SyntaxError */
export async function askStatus(directory: string, id: number, timeoutMs: number): Promise<HostStatus> {
  return parseStatusAnswer(await askLine(controlPath(directory, id), { do: 'status' }, timeoutMs));
}

/** Has a host ping. `timeoutMs` bounds the wait for the answer. @throws as askStatus */
export async function askPing(
  directory: string,
  id: number,
  request: ControlRequest & { do: 'ping' },
  timeoutMs: number,
): Promise<PingResult> {
  return parsePingAnswer(await askLine(controlPath(directory, id), request, timeoutMs));
}

/** IDs whose hosts have left a control socket in the bus's directory; undefined: there is no such directory. */
export const controlIds = (directory: string): number[] | undefined => idsWith('.sock', directory);

/** What one host on the bus said, or why it said nothing. */
export type HostReport =
  | { readonly id: number; readonly state: 'up'; readonly status: HostStatus }
  | { readonly id: number; readonly state: 'no-answer'; readonly why: string };

async function report(directory: string, id: number, timeoutMs: number): Promise<HostReport | undefined> {
  try {
    return { id, state: 'up', status: await askStatus(directory, id, timeoutMs) };
  } catch (error) {
    if (error instanceof NotRunning) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    const holder = holderOf(directory, id);
    return { id, state: 'no-answer', why: holder ? `${why}, ${describeHolder(holder)}` : why };
  }
}

/** Asks all hosts on the bus, or those given, at once. Those that are dead are left out. */
export async function askAll(
  directory: string,
  timeoutMs: number,
  ids = controlIds(directory) ?? [],
): Promise<HostReport[]> {
  const reports = await Promise.all(ids.map((id) => report(directory, id, timeoutMs)));
  return reports.filter((each) => each !== undefined);
}
