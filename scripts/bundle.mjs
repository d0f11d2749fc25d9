// Puts compiled modules and all that they import of ours into one file each, in their places: Node takes about a millisecond
// of processor time to load a module, and every rank of an MPI job loads the same hundred of them.
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

const settings = {
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  logLevel: 'warning',
};

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

/** Modules that stay outside, since somebody else has them loaded already: there are not to be two of a class. */
const apart = (home, modules) => ({
  name: 'apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const module = resolve(resolveDir, path);
      return modules.has(module) ? { path: `./${relative(home, module)}`, external: true } : undefined;
    });
  },
});

/** Modules that load lazily stay where they are. */
const lazily = {
  name: 'lazily',
  setup: ({ onResolve }) => {
    onResolve({ filter: /./ }, ({ kind }) => (kind === 'dynamic-import' ? { external: true } : undefined));
  },
};

/** Every module that an entry point loads at once. */
async function closure(entry) {
  const { metafile } = await build({
    ...settings,
    entryPoints: [entry],
    plugins: [lazily],
    write: false,
    metafile: true,
  });
  return new Set(Object.keys(metafile.inputs).map((module) => resolve(module)));
}

const bundleOne = (entry, others = new Set()) =>
  build({
    ...settings,
    entryPoints: [entry],
    outfile: entry,
    allowOverwrite: true,
    sourcemap: true,
    sourcesContent: false,
    plugins: [apart(dirname(entry), others), places(dirname(entry))],
  });

/** Bundles what has to start soon in a compiled tree: `ipscsi/mpi` itself, and `ipscsi mpirun`. Packages stay where they are. */
export async function bundle(tree) {
  const commandLine = await closure(join(tree, 'src/cli/main.js'));
  await bundleOne(join(tree, 'src/cli/mpirun/command.js'), commandLine);
  await bundleOne(join(tree, 'src/mpi.js'));
}
