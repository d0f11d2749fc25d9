/**
 * What is said over a host's control socket: a request and its answer are one JSON object each, on one line.
 * docs/cli.md describes it for others. Not here: sockets.
 */

import type { HostStatus, PingResult } from '../../net/host.ts';

export const protocolVersion = 1;
/** Bytes of a request, newline excluded. */
export const longestRequest = 4096;
/** Bytes of an answer: 255 peers with their counters take about 1 MiB. */
export const longestAnswer = 16 << 20;
/** Milliseconds that one ping request may take at most, its last command's time limit aside. */
export const longestPing = 60_000;

export type ControlRequest =
  | { readonly do: 'status' }
  | {
      readonly do: 'ping';
      readonly target: number;
      readonly count: number;
      /** Milliseconds from one command to the next. */
      readonly interval: number;
      readonly bytes: number;
    };

/** Why a request got no result. */
export type RefusalCode = 'bad-request' | 'version' | 'too-long' | 'busy' | 'failed';

export type ControlAnswer =
  | { readonly version: number; readonly ok: true; readonly status: HostStatus }
  | { readonly version: number; readonly ok: true; readonly ping: PingResult }
  | {
      readonly version: number;
      readonly ok: false;
      readonly error: { readonly code: RefusalCode; readonly message: string };
    };

/** A request that gets an error for an answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Refusal('bad-request', 'a request is one JSON object on one line', { cause: error });
  }
  if (!isObject(value)) throw new Refusal('bad-request', 'a request is one JSON object on one line');
  return value;
}

/** A number from `least` to `most`, whole unless it is a time. */
function number(fields: Fields, name: string, least: number, most: number, otherwise?: number): number {
  const value = Object.hasOwn(fields, name) ? fields[name] : otherwise;
  const whole = name === 'interval' || Number.isInteger(value);
  if (typeof value === 'number' && whole && value >= least && value <= most) return value;
  throw new Refusal('bad-request', `"${name}" must be a number from ${least} to ${most}`);
}

function pingRequest(fields: Fields): ControlRequest {
  const request = {
    do: 'ping',
    target: number(fields, 'target', 0, 255),
    count: number(fields, 'count', 1, 10_000, 1),
    interval: number(fields, 'interval', 0, longestPing, 0),
    bytes: number(fields, 'bytes', 0, 65_535, 0),
  } as const;
  if ((request.count - 1) * request.interval > longestPing)
    throw new Refusal('bad-request', `one request may ping for ${longestPing / 1000} s at most`);
  return request;
}

/** A request out of a line. @throws Refusal, and nothing else, whatever the line holds. */
export function parseRequest(line: string): ControlRequest {
  const fields = parseObject(line);
  if (Object.hasOwn(fields, 'version') && fields['version'] !== protocolVersion)
    throw new Refusal('version', `this host speaks version ${protocolVersion} of the control protocol`);
  switch (fields['do']) {
    case 'status':
      return { do: 'status' };
    case 'ping':
      return pingRequest(fields);
    default:
      throw new Refusal('bad-request', '"do" must be "status" or "ping"');
  }
}

/** An answer as a line, newline included. */
export const encodeAnswer = (answer: ControlAnswer): string => `${JSON.stringify(answer)}\n`;

/** A refusal as an answer. */
export const refuse = ({ code, message }: Refusal): ControlAnswer => ({
  version: protocolVersion,
  ok: false,
  error: { code, message },
});

const isRecordOfNumbers = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every((each) => typeof each === 'number');

const isListOf = (value: unknown, type: 'string' | 'number'): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === type);

const isPeer = (value: unknown): boolean =>
  isObject(value) &&
  ['id', 'since', 'queued'].every((name) => typeof value[name] === 'number') &&
  ['hostName', 'mac'].every((name) => typeof value[name] === 'string') &&
  isListOf(value['addresses'], 'string') &&
  isRecordOfNumbers(value['counters']);

function isStatus(value: unknown): value is HostStatus {
  return (
    isObject(value) &&
    ['id', 'width', 'pid', 'mtu', 'since'].every((name) => typeof value[name] === 'number') &&
    ['bus', 'hostName', 'interface', 'mac', 'guard'].every((name) => typeof value[name] === 'string') &&
    isListOf(value['addresses'], 'string') &&
    isRecordOfNumbers(value['counters']) &&
    Array.isArray(value['peers']) &&
    value['peers'].every(isPeer)
  );
}

const isPing = (value: unknown): value is PingResult =>
  isObject(value) &&
  typeof value['sent'] === 'number' &&
  typeof value['received'] === 'number' &&
  isListOf(value['roundTripsUs'], 'number');

/** The result out of an answer's line. @throws Refusal when the host refused, SyntaxError when it speaks otherwise. */
function parseAnswer(line: string): Fields {
  const fields: unknown = JSON.parse(line);
  if (!isObject(fields)) throw new SyntaxError('not an answer of the control protocol');
  const error = fields['error'];
  if (fields['ok'] === true) return fields;
  if (!isObject(error)) throw new SyntaxError('not an answer of the control protocol');
  throw new Refusal('failed', String(error['message']));
}

export function parseStatusAnswer(line: string): HostStatus {
  const { status } = parseAnswer(line) as { status?: unknown };
  if (!isStatus(status)) throw new SyntaxError('not a status of the control protocol');
  return status;
}

export function parsePingAnswer(line: string): PingResult {
  const { ping } = parseAnswer(line) as { ping?: unknown };
  if (!isPing(ping)) throw new SyntaxError('not a ping result of the control protocol');
  return ping;
}
