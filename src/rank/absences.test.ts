import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Absences } from './absences.ts';
import { hostsOf, type Introduction } from './hosts.ts';
import { neighbourhood } from './neighbourhood.ts';
import { Places } from './places.ts';

const rankOn = (host: string, last: number): Introduction => ({
  host,
  machine: host,
  directory: '/dev/shm/job',
  addresses: [{ address: `10.0.0.${last}`, network: '10.0.0.0/24', loopback: false }],
});

it('tells which ranks have not come, where they are, and what was heard of them', () => {
  const hosts = hostsOf([rankOn('a', 1), rankOn('b', 2), rankOn('b', 2)]);
  const places = new Places(neighbourhood(hosts, undefined), hosts);
  const absences = new Absences(places);
  absences.logger(1).log('warn', 'not reached', { id: 1, why: 'connect: ECONNREFUSED' });
  absences.logger(1).log('warn', 'something else');
  assert.equal(
    absences.of([1]),
    'rank 1 on b by b (shared memory), by 10.0.0.0/24 (10.0.0.2): connect: ECONNREFUSED',
  );
  assert.match(
    absences.of([0, 1, 2, 0, 1, 2]),
    /^rank 0 on a by 10\.0\.0\.0\/24 \(10\.0\.0\.1\); .*; and 2 more$/,
  );
});
