import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import { type BackfillSummary, backfill } from '../backfill/backfill.js';
import { LATE_COLUMNS } from '../backfill/late-line.js';
import type { LateResult } from '../backfill/record-late.js';
import { type ExitCode, UsageError } from '../exit-codes.js';
import { formatOf, type RecordFormat, recordsOf } from '../records.js';
import type { Bind, Session } from '../session.js';
import { pairs } from '../table.js';

interface BackfillOptions {
  readonly incident: string;
  readonly source: string;
  readonly evidence?: string;
  readonly channel?: string;
  readonly currency: string;
  readonly format?: RecordFormat;
  readonly quarantine?: string;
}

const HELP = `
Each line is one fact; its members or columns are:
  sale      ${LATE_COLUMNS.sale}
  affixing  kind, ${LATE_COLUMNS.affixing}
  payment   kind, ${LATE_COLUMNS.payment}
Running a file again is safe: what was recorded is not recorded twice. What the ledger refuses is written to the
quarantine file with the reason, for a person. Exits with 0 when all is recorded, with 6 when lines are quarantined, with
5 when the ledger was away: then run it again.`;

/** Records what happened while the ledger could not be reached. */
export function addBackfillCommand(program: Command, bind: Bind): void {
  program
    .command('backfill')
    .description("record late what happened during an incident, such as a reseller's offline sales")
    .argument('<file>', 'CSV (RFC 4180) or JSON lines')
    .requiredOption('--incident <id>', 'the incident during which it happened')
    .requiredOption('--source <name>', 'whose record it is; no personal data')
    .option('--evidence <sha256>', 'SHA-256 of the evidence; that of the file when absent')
    .option('--channel <name>', 'the channel that sold, where a line names none')
    .option('--currency <code>', 'where a line names none', 'IDR')
    .addOption(
      new Option('--format <format>', 'by the name of the file when absent').choices(['csv', 'jsonl']),
    )
    .option(
      '--quarantine <file>',
      'for what is refused; the name of the file and .quarantine.jsonl when absent',
    )
    .addHelpText('after', HELP)
    .action(bind(run));
}

async function run(session: Session, file: string, options: BackfillOptions): Promise<ExitCode> {
  const { client, output, stdin } = session;
  const { incident, source, evidence, channel, currency } = options;
  if (evidence !== undefined && !/^[0-9a-f]{64}$/.test(evidence))
    throw new UsageError('--evidence wants a SHA-256 in lower-case hexadecimal');
  const summary = await backfill({
    client,
    records: recordsOf({
      path: file,
      stdin,
      format: options.format ?? formatOf(file),
      required: ['occurredAt'],
    }),
    facts: {
      incidentId: incident,
      source,
      evidenceSha256: evidence ?? (await sha256Of(file)),
      currency,
      ...(channel === undefined ? {} : { channel }),
    },
    quarantine: options.quarantine ?? `${file}.quarantine.jsonl`,
    onResult: (result) => output.result(result, () => [resultLine(result)]),
  });
  await output.result({ kind: 'summary', ...summary }, () => summaryLines(summary));
  return summary.code;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
  return hash.digest('hex');
}

const resultLine = (result: LateResult): string =>
  [`line ${result.line}`, result.kind, 'detail' in result ? result.detail : (result.position ?? '')]
    .join('  ')
    .trimEnd();

const summaryLines = ({ code: _, ...counts }: BackfillSummary): string[] => [
  '',
  ...pairs(Object.entries(counts)),
];
