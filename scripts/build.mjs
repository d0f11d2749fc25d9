// `build.mjs [TREE]` empties TREE, dist/ unless told otherwise, and compiles into it. Starting from nothing keeps a deleted
// test from living on as JavaScript.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';

const [, , tree = 'dist'] = process.argv;
rmSync(tree, { recursive: true, force: true });
const { status } = spawnSync('node_modules/.bin/tsc', ['--outDir', tree], { stdio: 'inherit' });
if (status === 0) {
  chmodSync(join(tree, 'src/cli/main.js'), 0o755);
  await bundle(tree);
}
process.exit(status ?? 1);
