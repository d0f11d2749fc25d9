import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { it } from 'node:test';
import { DescriptorWire } from './wire.ts';

/** Answers come in pieces; the client at the other end of a real socket puts them together. */
const client = `
  const { DescriptorWire } = await import(${JSON.stringify(new URL('./wire.js', import.meta.url).href)});
  const wire = new DescriptorWire(3);
  wire.write('hello\\n');
  const said = [wire.readLine(), wire.read(4), wire.readLine()];
  try { wire.readLine(); } catch (error) { said.push(error.message); }
  console.log(JSON.stringify(said));
`;

it('a descriptor gives lines and counted bytes, however they come', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', client], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const wire = child.stdio[3] as Duplex;
  const [hello] = (await once(wire, 'data')) as [Buffer];
  assert.equal(hello.toString(), 'hello\n');
  for (const piece of ['fi', 'rst\nab', 'c', 'dsec', 'ond', '\nrest']) {
    wire.write(piece);
    await new Promise(setImmediate);
  }
  wire.end();
  let out = '';
  child.stdout?.on('data', (text: Buffer) => {
    out += text.toString();
  });
  await once(child, 'close');
  assert.deepEqual(JSON.parse(out), [
    'first',
    'abcd',
    'second',
    'MPI_ERR_OTHER: PMI: the process manager has gone',
  ]);
});

it('a descriptor that is not open is an error that says which', () => {
  assert.throws(() => new DescriptorWire(12_345).write('x'), /PMI: descriptor 12345: EBADF/);
});
