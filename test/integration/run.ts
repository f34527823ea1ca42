import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Runs the tests that need servers, which start and stop their own: one file at a time, since each has the machine to
 * itself. Arguments go to tap; files among them are run instead of all.
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const SECONDS_MAX = 3_000;

const given = process.argv.slice(2);
const all = readdirSync(HERE)
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(HERE, name));
const files = given.some((argument) => argument.endsWith('.js')) ? [] : all;
const child = spawn(
  process.execPath,
  [`${ROOT}node_modules/tap/dist/esm/run.mjs`, '--jobs=1', `--timeout=${SECONDS_MAX}`, ...given, ...files],
  { cwd: ROOT, stdio: 'inherit' },
);
child.on('exit', (code) => process.exit(code ?? 1));
