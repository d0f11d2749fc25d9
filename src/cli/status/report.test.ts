import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linkCounterNames, peerCounterNames } from '../../link/counters.ts';
import { noColours } from '../colours.ts';
import { fakeStatus } from '../control/fake-host.ts';
import { dropsOf, peerRates, restOf, statusesOf, trafficOf } from './counters.ts';
import { statusLines } from './report.ts';

const status = fakeStatus();
const up = { id: 3, state: 'up', status } as const;
const stopped = { id: 4, state: 'no-answer', why: 'no answer within 1 s, process 9 is stopped' } as const;

/** A minute after the peer appeared. */
const now = 1_120_000;

describe('status', () => {
  it('prints a part for each host', () => {
    assert.deepEqual(statusLines([up, stopped], now, noColours), [
      'ID 3  lab3  scsi0, 02:53:43:a1:b2:03, MTU 65280, guard warn, pid 4711, up 2 min',
      '  addresses: 10.90.0.3/24',
      '  dropped: ether type 2',
      '  counters: tx frames 12',
      '  PEER  HOST  MAC                BY            SINCE  QUEUED  SENT    BYTES  RECEIVED  BYTES  DROPPED  SCSI STATUS       ADDRESSES',
      '     5  lab5  02:53:43:a1:b2:05  SEND MESSAGE  1 min       1  1000  2.0 KiB        10  640 B  busy 1   good 999, busy 1  10.90.0.5 fd90::5',
      '',
      'ID 4  no answer within 1 s, process 9 is stopped',
    ]);
  });

  it('says when there is nobody', () => {
    const alone = { ...up, status: fakeStatus({ peers: [], netns: 'lab3', addresses: [] }) };
    assert.deepEqual(statusLines([alone], now, noColours).slice(0, 2), [
      'ID 3  lab3  scsi0 in lab3, 02:53:43:a1:b2:03, MTU 65280, guard warn, pid 4711, up 2 min',
      '  addresses: -',
    ]);
    assert.equal(statusLines([alone], now, noColours).at(-1), '  no peers');
  });

  it('shows rates since an earlier look', () => {
    const [peer] = status.peers;
    assert.ok(peer);
    const then = fakeStatus({
      peers: [{ ...peer, counters: { ...peer.counters, txPackets: 0, rxBytes: 600 } }],
    });
    const lines = statusLines([up], now, noColours, { reports: [{ ...up, status: then }], seconds: 2 });
    assert.match(lines.at(-2) ?? '', /SENT\/s +RATE +RECEIVED\/s +RATE/);
    assert.match(lines.at(-1) ?? '', / 500 +0 bit\/s +0 +160 bit\/s /);
  });

  it('makes nothing of what a peer writes into its name', () => {
    const [peer] = status.peers;
    assert.ok(peer);
    const evil = fakeStatus({ hostName: '\x1b[2J', peers: [{ ...peer, hostName: 'a\nb\x1b' }] });
    assert.doesNotMatch(statusLines([{ ...up, status: evil }], now, noColours).join(''), /\p{Cc}/u);
  });
});

describe('counters', () => {
  it('are sorted by their names, none is left out, none comes twice', () => {
    for (const names of [peerCounterNames, linkCounterNames]) {
      const counters = Object.fromEntries(names.map((name, i) => [name, 1000 + i]));
      const texts = [dropsOf(counters), statusesOf(counters), restOf(counters)].join(', ');
      const values = [...texts.matchAll(/ (\d+)(?:,|$)/g)].map(([, value]) => Number(value));
      const traffic = Object.values(trafficOf(counters)).filter((value) => value > 0);
      assert.deepEqual([...values, ...traffic].sort(), Object.values(counters).sort());
    }
  });

  it('give rates that begin anew with a peer that came back', () => {
    const [peer] = status.peers;
    assert.ok(peer);
    const before = fakeStatus({ peers: [{ ...peer, since: peer.since - 1 }] });
    assert.equal(peerRates(before, status, 10).get(5)?.txPackets, 100);
    assert.equal(peerRates(status, status, 10).get(5)?.txPackets, 0);
  });
});
