import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { plainEnvironment, ROOT } from './support/server-process.js';

/**
 * Runs every test file of a kind in a process of its own: `faults`, `integration`, or, without an argument, the others.
 * A process that tap's own runner starts has its hooks, and so has every thread and child of it: that costs half as much
 * again as the tests. Here a file is started as it is by hand.
 */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const APART = ['faults', 'integration'] as const;

const [kind] = process.argv.slice(2);
const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && kindOf(name) === kind)
  .sort();
// Tests with servers have the machine to themselves.
t.jobs = kind === 'integration' ? 1 : 2;
t.setTimeout(0);
/** Far more than any file takes, for a loaded machine. */
const SECONDS_MAX = kind === undefined ? 600 : 3_000;

for (const name of files)
  void t.spawn(
    'env',
    ['-u', 'NODE_OPTIONS', process.execPath, join(HERE, name)],
    {
      buffered: t.jobs > 1,
      cwd: ROOT,
      env: { ...plainEnvironment(), TAP_TIMEOUT: String(SECONDS_MAX) },
      timeout: SECONDS_MAX * 1_000,
    },
    name.replace(/\.js$/, ''),
  );
t.ok(files.length > 0, `${files.length} test files`);

function kindOf(name: string): string | undefined {
  return APART.find((folder) => name.startsWith(`${folder}/`));
}
