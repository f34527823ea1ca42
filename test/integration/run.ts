import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs the tests that need servers, which start and stop their own: one file at a time, since each has the machine to
 * itself. Arguments go to tap.
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const child = spawn(
  process.execPath,
  [`${ROOT}node_modules/tap/dist/esm/run.mjs`, ...process.argv.slice(2)],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, TAP_RCFILE: `${ROOT}test/integration/.taprc` } },
);
child.on('exit', (code) => process.exit(code ?? 1));
