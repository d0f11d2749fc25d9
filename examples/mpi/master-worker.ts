/** A master hands out tasks as workers become free. Tasks and answers are objects; whoever answers gets the next. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

interface Answer {
  readonly n: number;
  readonly divisors: readonly number[];
}

const world = mpi.init();
const { rank, size } = world;
const tag = { task: 1, answer: 2 } as const;
const tasks = Array.from({ length: 60 }, (_, i) => 1000 + i);
const divisorsOf = (n: number): Answer => ({
  n,
  divisors: Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0),
});

function master(): Map<number, Answer> {
  const answers = new Map<number, Answer>();
  const queue = [...tasks];
  let busy = 0;
  const hand = (worker: number) => {
    const task = queue.shift();
    world.sendObject(task, worker, tag.task);
    if (task !== undefined) busy++;
  };
  for (let worker = 1; worker < size; worker++) hand(worker);
  while (busy > 0) {
    const status = new mpi.Status();
    const answer = world.recvObject(mpi.ANY_SOURCE, tag.answer, status) as Answer;
    answers.set(answer.n, answer);
    busy--;
    hand(status.source);
  }
  for (const task of queue) answers.set(task, divisorsOf(task)); // there are no workers
  return answers;
}

if (rank === 0) {
  const answers = master();
  assert.equal(answers.size, tasks.length);
  assert.deepEqual(answers.get(1009)?.divisors, [1, 1009]);
  console.log(`${answers.size} tasks done by ${Math.max(1, size - 1)}`);
} else {
  for (let task = world.recvObject(0, tag.task); task !== undefined; task = world.recvObject(0, tag.task))
    world.sendObject(divisorsOf(task as number), 0, tag.answer);
}
mpi.finalize();
