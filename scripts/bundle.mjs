// Puts a compiled entry point and all that it imports of ours into one file, in its place: Node takes about a millisecond
// of processor time to load a module, and every rank of an MPI job loads the same hundred of them.
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** Modules keep their notion of where they are: what they find beside themselves lies there still. */
const places = (home) => ({
  name: 'places',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      const place = `new URL(${JSON.stringify(`./${relative(home, path)}`)}, import.meta.url).href`;
      return { contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', place) };
    });
  },
});

/** Bundles the entry points of a compiled tree: `src/mpi.js`. Other packages stay where they are. */
export async function bundle(tree) {
  const entry = join(tree, 'src/mpi.js');
  await build({
    entryPoints: [entry],
    outfile: entry,
    allowOverwrite: true,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [places(dirname(entry))],
  });
}
