/** Plans of collectives, run by routers in virtual time, and what no plan can beat. */

import type { Collective, Step } from '../route/plans.ts';
import type { RouterSettings } from '../route/settings.ts';
import { costOf, type Table } from '../route/table.ts';
import { cutBound } from './cut-bound.ts';
import { Simulation } from './simulation.ts';

/** µs until the last message has come. @throws Error if one never does */
export function runPlan(table: Table, steps: readonly Step[], settings: RouterSettings): number {
  const missing = steps.map(({ after }) => after.length);
  const next: number[][] = steps.map(() => []);
  steps.forEach(({ after }, i) => {
    for (const each of after) next[each]?.push(i);
  });
  let came = 0;
  let end = 0;
  const send = (index: number) => {
    const step = steps[index];
    if (step) simulation.send(step.from, step.to, index, step.bytes);
  };
  const simulation: Simulation = new Simulation(
    table.network,
    settings,
    (_source, _target, index) => {
      came++;
      end = simulation.events.now;
      for (const each of next[index] ?? []) {
        missing[each] = (missing[each] ?? 0) - 1;
        if (missing[each] === 0) send(each);
      }
      return true;
    },
    table,
  );
  steps.forEach(({ after }, i) => {
    if (after.length === 0) send(i);
  });
  simulation.run();
  if (came < steps.length) throw new Error(`${steps.length - came} of ${steps.length} messages never came`);
  return end;
}

/** Ports of the node with the most. */
function mostPorts(table: Table): number {
  let most = 1;
  for (let node = 0; node < table.network.nodes; node++)
    most = Math.max(most, table.network.portsOf(node).length);
  return most;
}

/**
 * The textbook's bounds (Chan, Heimlich, Purkayastha, van de Geijn 2007, §2): each node sends over k ports at once, so what
 * one node knows takes log_{k+1} p steps to reach all; it takes the farthest its latency; then the message comes through its
 * ports. An all reduce takes 2 (p - 1) messages' bytes in all, as one-way gossip does, and an all gather brings each node p - 1 parts.
 */
export function lowerBound(table: Table, collective: Collective, root: number, bytes: number): number {
  const { network } = table;
  const { nodes } = network;
  const ports = mostPorts(table);
  const alpha = network.buses.reduce((least, bus) => Math.min(least, bus.alpha), Number.POSITIVE_INFINITY);
  const beta = network.buses.reduce((least, bus) => Math.min(least, bus.beta), Number.POSITIVE_INFINITY);
  let farthest = 0;
  for (let node = 0; node < nodes; node++) {
    const path = table.best(root, node, 0);
    if (path) farthest = Math.max(farthest, costOf(path, 0));
  }
  const latency = Math.max(farthest, Math.ceil(Math.log(nodes) / Math.log(ports + 1) - 1e-9) * alpha);
  if (collective === 'barrier' || nodes === 1) return latency;
  const moved = { bcast: 1, reduce: 1, allreduce: (2 * (nodes - 1)) / nodes, allgather: nodes - 1 }[
    collective
  ];
  const all = collective === 'allgather';
  return Math.max(
    latency + (bytes * beta) / ports,
    alpha + (moved * bytes * beta) / ports,
    alpha + cutBound(network, (island) => bytes * (all ? Math.max(nodes - island, island) : 1)),
  );
}
