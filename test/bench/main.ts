// npm run bench [-- NAME… --quick --largest] [-- rush --url URL --token-file FILE]: figures of this machine, each beside the limit or the peer it is compared
// with. Whole runs write to test/bench/results/, quick ones to test/dist/.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { thisMachine } from './harness/machine.js';
import { type Bench, isKept, type Part } from './harness/part.js';
import { writePart, writeSummary } from './harness/report.js';
import { sectionOf } from './harness/table.js';
import { PARTS } from './parts/index.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    largest: { type: 'boolean', default: false },
    url: { type: 'string' },
    'token-file': { type: 'string', default: 'data/admin-token' },
  },
});
const unknown = positionals.filter((name) => !PARTS.some((part) => part.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `there is no part ${unknown.join(', ')}; there are ${PARTS.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}
const bench: Bench = {
  quick: options.quick,
  largest: options.largest,
  log: (line) => process.stderr.write(`${line}\n`),
  ...(options.url === undefined
    ? {}
    : { ledger: { url: loopback(options.url), token: readFileSync(options['token-file'], 'utf8').trim() } }),
};
const directory = fileURLToPath(
  new URL(bench.quick ? './quick-results/' : '../../bench/results/', import.meta.url),
);
const machine = thisMachine();
const parts = PARTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const faults: string[] = [];
let missed = 0;
for (const part of parts) await runPart(part);
writeSummary(directory, PARTS);
process.stdout.write(`\n${missed} targets missed\n`);
for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Load is for one's own machine alone. */
function loopback(text: string): string {
  const { origin, hostname } = new URL(text);
  if (!/^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname))
    throw new Error('--url must be a loopback address');
  return origin;
}

/** A part that fails is a fault of the run; the others go on. */
async function runPart(part: Part): Promise<void> {
  bench.log(`${part.name}: ${part.title}`);
  const start = performance.now();
  try {
    const result = await part.run(bench);
    const seconds = (performance.now() - start) / 1_000;
    writePart(directory, { part: part.name, title: part.title, machine, seconds, result });
    missed += result.rows.filter((row) => isKept(row) === false).length;
    missed += (result.verdicts ?? []).filter((verdict) => !verdict.isKept).length;
    process.stdout.write(`\n${sectionOf(part.title, result)}\n`);
    for (const { what, missing } of result.audits ?? [])
      if (missing > 0) fault(`${part.name}: ${what}: ${missing} acknowledged and not there`);
  } catch (error) {
    fault(`${part.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

/** Told at once, and again in the end. */
function fault(what: string): void {
  bench.log(`FAULT ${what}`);
  faults.push(what);
}
