/** What the benchmark's processes inside a namespace can be asked to do. */

import type { Endpoint, GuestApi, Times } from '../../src/cli/demo/guest-protocol.ts';

export interface BenchApi extends Pick<GuestApi, 'ping' | 'serveStream' | 'readStream'> {
  /** Listens for the connection that `bounceBack` takes. */
  listen(asked: { readonly address: string }): Promise<Endpoint>;
  /** Sends every message of so many bytes back, once it has all of it, until the connection is closed. */
  bounceBack(asked: { readonly size: number }): Promise<void>;
  /** Messages there and back, one at a time; round trips in microseconds. */
  bounce(asked: Endpoint & { readonly size: number; readonly seconds: number }): Promise<Times>;
  /** A UDP socket that `countDatagrams` reads. */
  openDatagrams(asked: { readonly address: string }): Promise<Endpoint>;
  /** How many of a trial's datagrams arrive until it ends. */
  countDatagrams(asked: { readonly trial: number }): Promise<number>;
  /** Sends datagrams of 64 bytes, evenly, and then says that the trial has ended. */
  sendDatagrams(
    asked: Endpoint & {
      readonly trial: number;
      /** A second, as far as it can. */
      readonly rate: number;
      readonly seconds: number;
    },
  ): Promise<{ readonly sent: number; readonly seconds: number }>;
}
