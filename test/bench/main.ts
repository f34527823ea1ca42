// npm run bench: figures of this machine, each beside the limit it has to keep, written to test/bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { measureFsync } from './fsync.js';
import { measureMinting } from './minting.js';

const RESULTS = new URL('../../bench/results/', import.meta.url);

const machine = {
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  ...(await measureFsync()),
};
const minting = await measureMinting({ report: (line) => process.stderr.write(`${line}\n`) });

const rows = [
  ['stamps minted through the API', String(minting.stamps), ''],
  [
    'wall time, three kill -9 and restarts included',
    `${minting.seconds.toFixed(1)} s`,
    `under ${minting.secondsMax} s`,
  ],
  ['stamps minted per second', Math.round(minting.stamps / minting.seconds).toLocaleString('en'), ''],
  [
    'largest resident memory',
    `${Math.round(minting.residentBytes / 1e6)} MB`,
    `under ${minting.residentBytesMax / 1e6} MB`,
  ],
  [
    'stamps in the log, and different serials',
    `${minting.found}, ${minting.different}`,
    `${minting.stamps} each`,
  ],
  ['serials that the key does not derive', String(minting.foreign), '0'],
  ['fsyncs per second of this disk (4 KiB appends)', String(Math.round(machine.fsyncsPerSecond)), ''],
];
const table = [
  '| what | measured | limit |',
  '|---|---|---|',
  ...rows.map((cells) => `| ${cells.join(' | ')} |`),
].join('\n');
mkdirSync(RESULTS, { recursive: true });
writeFileSync(new URL('minting.json', RESULTS), `${JSON.stringify({ machine, minting }, null, 2)}\n`);
writeFileSync(
  new URL('minting.md', RESULTS),
  `# Minting\n\nNode ${process.version}, ${machine.cores} cores, ${machine.cpu}.\n\n${table}\n`,
);
process.stdout.write(`${table}\n`);
process.exitCode = minting.kept ? 0 : 1;
