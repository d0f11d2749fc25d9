/** A host that is none, for tests: it says what it is told to say. */

import type { Host, HostStatus } from '../../net/host.ts';

/** A status with one peer. */
export function fakeStatus(changes: Partial<HostStatus> = {}): HostStatus {
  return {
    bus: 'shm:lab',
    id: 3,
    width: 16,
    pid: 4711,
    hostName: 'lab3',
    interface: 'scsi0',
    netns: undefined,
    mac: '02:53:43:a1:b2:03',
    mtu: 65280,
    addresses: ['10.90.0.3/24'],
    guard: 'warn',
    since: 1_000_000,
    counters: { txFrames: 12, 'drops.etherType': 2 },
    peers: [
      {
        id: 5,
        hostName: 'lab5',
        mac: '02:53:43:a1:b2:05',
        extensions: ['checksum'],
        state: 'push',
        commandSet: 'message',
        addresses: ['10.90.0.5', 'fd90::5'],
        since: 1_060_000,
        queued: 1,
        counters: {
          txPackets: 1000,
          txBytes: 2048,
          rxPackets: 10,
          rxBytes: 640,
          'status.good': 999,
          'status.busy': 1,
          'drops.busy': 1,
          'drops.nexus-lost': 0,
        },
      },
    ],
    ...changes,
  };
}

/** A host that ends when `end` is called, or by stop(). */
export function fakeHost(
  changes: Partial<Host> = {},
): Host & { end(why?: Error): void; readonly stopped: boolean } {
  let end: (why?: Error) => void = () => undefined;
  const ended = new Promise<Error | undefined>((resolve) => {
    end = resolve;
  });
  const state = { stopped: false };
  return {
    interface: 'scsi0',
    mac: '02:53:43:a1:b2:03',
    mtu: 65280,
    status: async () => fakeStatus(),
    ping: async (_target, count) => ({
      sent: count,
      received: count,
      roundTripsUs: new Array(count).fill(10),
    }),
    stop: async () => {
      state.stopped = true;
      end();
    },
    ended,
    end: (why) => end(why),
    get stopped() {
      return state.stopped;
    },
    ...changes,
  };
}
