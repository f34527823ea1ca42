import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capacityOf } from './capacity.js';
import { chartOf } from './chart.js';
import type { Machine } from './machine.js';
import type { Part, PartResult } from './part.js';
import { sectionOf } from './table.js';

export interface PartRecord {
  readonly part: string;
  readonly title: string;
  readonly machine: Machine;
  readonly seconds: number;
  readonly result: PartResult;
}

const SUMMARY = 'README.md';

/** Writes one part's figures, for programs and for people, and the summary of all parts that were ever written there. */
export function writePart(directory: string, record: PartRecord): void {
  const { part, title, result } = record;
  mkdirSync(directory, { recursive: true });
  const { charts = [], ...figures } = result;
  writeFileSync(
    join(directory, `${part}.json`),
    `${JSON.stringify({ ...record, result: figures }, null, 2)}\n`,
  );
  for (const { name, svg } of charts) writeFileSync(join(directory, `${part}-${name}.svg`), svg);
  writeFileSync(join(directory, `${part}.svg`), chartOf(title, result.rows));
}

export function writeSummary(directory: string, parts: readonly Part[]): void {
  // Nothing is there when every part of the run failed.
  mkdirSync(directory, { recursive: true });
  const files = new Set(readdirSync(directory));
  const records = parts
    .filter(({ name }) => files.has(`${name}.json`))
    .map(({ name }) => JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')) as PartRecord);
  const sections = records.map(({ part, title, machine, seconds, result }) =>
    [
      sectionOf(title, result),
      `![${title}](${part}.svg)`,
      `Measured ${machine.measuredOn} on Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), in ${Math.round(seconds)} s.`,
    ].join('\n\n'),
  );
  const capacity = capacityOf(records.flatMap(({ result }) => result.rows));
  const blocks = [INTRODUCTION, ...(capacity === undefined ? [] : [capacity]), ...sections];
  writeFileSync(join(directory, SUMMARY), `${blocks.join('\n\n')}\n`);
}

const INTRODUCTION = `# Measured

Written by \`npm run bench\`; the numbers are in the JSON files. The load generator, the peers and the ledger share the
machine. An acknowledgement counts when fsync has returned on this machine's disk; whether the host beneath keeps it through
a power cut cannot be told from here. Compare ratios and shares of the machine's limits, not numbers from two machines.`;
