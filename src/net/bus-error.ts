/** What a bus's refusal means to somebody who wanted to bring a host up. */

import type { BusError, BusFault } from '../transport/shm/errors.ts';
import { HostError, type HostErrorCode, type HostErrorParts } from './errors.ts';
import type { HostOptions } from './host.ts';

type Wish = Pick<HostOptions, 'bus' | 'directory'>;

const meanings: Readonly<Record<BusFault, (wish: Wish) => readonly [HostErrorCode, HostErrorParts]>> = {
  'id-taken': ({ bus }) => [
    'id-taken',
    {
      expected: 'an ID that nobody has',
      hint: `choose another with --id; \`ipscsi scan --bus ${bus}\` shows who is there`,
    },
  ],
  'bus-full': ({ bus }) => [
    'bus-full',
    { hint: `stop a host, or use a wider bus; \`ipscsi scan --bus ${bus}\` shows who is there` },
  ],
  'bus-owner': () => [
    'bus-owner',
    { expected: 'a directory of our own', hint: 'run as its owner, or choose another bus' },
  ],
  width: () => [
    'bus-mismatch',
    { expected: 'the width that the hosts present have', hint: 'give it with --width' },
  ],
  'no-space': () => [
    'no-space',
    {
      expected: 'room for about 11 MiB a host',
      hint: 'stop other hosts, or mount a larger /dev/shm (docker run --shm-size)',
    },
  ],
  permission: ({ directory }) => ['permission', { hint: `check who owns ${directory}` }],
};

/** As the error of a host that can't come up. */
export function fromBusError(error: BusError, wish: Wish): HostError {
  const [code, parts] = meanings[error.fault](wish);
  return new HostError(code, error.message, { ...parts, cause: error });
}
