import { type Command, Option } from 'commander';
import { EXIT, type ExitCode, UsageError } from '../exit-codes.js';
import { startProgress } from '../progress.js';
import type { Finding } from '../reconcile/match.js';
import { reconcile, type Summary } from '../reconcile/reconcile.js';
import { formatOf, type RecordFormat, recordsOf } from '../records.js';
import type { Bind, Session } from '../session.js';
import { pairs } from '../table.js';
import { instantOf } from '../values.js';

interface ReconcileOptions {
  readonly format?: RecordFormat;
  readonly delimiter: string;
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly time: string;
  readonly order: string;
  readonly defaultCurrency: string;
  readonly from?: string;
  readonly to?: string;
}

const HELP = `
Findings: paid-without-stamp, stamp-without-payment, payment-not-settled, duplicate, amount-difference, unreadable.
Commands are proposed, never run. With --json: one line for each finding, and last the summary.
Exits with 0 when everything matches, with 6 when there are findings.`;

/** Columns that a file may be without, unless other ones are named: those are there, or it is a slip. */
const OPTIONAL = { currency: 'currency', time: 'time', order: 'order' } as const;

/** Compares a payment provider's settlement with the ledger. */
export function addReconcileCommand(program: Command, bind: Bind): void {
  program
    .command('reconcile')
    .description("compare a payment provider's settlement with the ledger's payments")
    .argument('<file>', 'the settlement: CSV (RFC 4180) or JSON lines; `-` is stdin')
    .addOption(
      new Option('--format <format>', 'by the name of the file when absent').choices(['csv', 'jsonl']),
    )
    .option('--delimiter <character>', 'between the fields of CSV', ',')
    .option('--reference <column>', "column with the provider's reference", 'reference')
    .option('--amount <column>', 'column with the amount', 'amount')
    .option('--currency <column>', 'column with the currency (ISO 4217)', OPTIONAL.currency)
    .option('--time <column>', 'column with the time of payment (RFC 3339)', OPTIONAL.time)
    .option('--order <column>', 'column with the order, where the provider knows it', OPTIONAL.order)
    .option('--default-currency <code>', 'where the file names none', 'IDR')
    .option('--from <time>', 'compare payments made from then on; from the first one of the file when absent')
    .option('--to <time>', 'and before then; up to the last one of the file when absent')
    .addHelpText('after', HELP)
    .action(bind(run));
}

async function run(session: Session, file: string, options: ReconcileOptions): Promise<ExitCode> {
  const { client, output, stdin } = session;
  const { reference, amount, currency, time, order, defaultCurrency } = options;
  const progress = startProgress(output, 'reading', 0);
  const from = moment('--from', options.from);
  const to = moment('--to', options.to);
  const named = (['currency', 'time', 'order'] as const)
    .filter((column) => options[column] !== OPTIONAL[column])
    .map((column) => options[column]);
  try {
    const summary = await reconcile({
      client,
      records: recordsOf({
        path: file,
        stdin,
        format: options.format ?? formatOf(file),
        delimiter: options.delimiter,
        required: [reference, amount, ...named],
      }),
      mapping: { reference, amount, currency, time, order, defaultCurrency },
      period: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
      onFinding: (finding) => output.result(finding, () => findingLines(finding)),
      onProgress: (read) => progress.update(read),
    });
    await output.result({ kind: 'summary', ...summary }, () => summaryLines(summary));
    return summary.clean ? EXIT.done : EXIT.negative;
  } finally {
    progress.stop();
  }
}

function moment(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const instant = instantOf(text);
  if (instant === undefined)
    throw new UsageError(`${option} wants an RFC 3339 time, such as 2024-09-06T00:00:00Z`);
  return instant;
}

function findingLines({ kind, reference, detail, lines, payments, repairs }: Finding): string[] {
  const places = [
    ...(lines.length === 0 ? [] : [`line ${lines.join(', ')}`]),
    ...payments.map(({ orderId, serial, status }) =>
      orderId === undefined ? `stamp ${serial} (${status})` : `order ${orderId} (${status})`,
    ),
  ];
  return [
    [kind, reference, detail].filter((part) => part !== undefined).join('  '),
    ...(places.length === 0 ? [] : [`    ${places.join('; ')}`]),
    ...repairs.flatMap(({ advice, command }) => [
      `    ${advice}${command === undefined ? '' : ':'}`,
      ...(command === undefined ? [] : [`      ${command}`]),
    ]),
  ];
}

function summaryLines({ period, settled, ledger, matched, findings, clean }: Summary): string[] {
  return [
    '',
    ...pairs([
      ['period', `${period.from ?? 'the beginning'} to before ${period.to ?? 'the end'}`],
      ['settled', settled],
      ['in the ledger', ledger],
      ['matched', matched],
      ...Object.entries(findings),
    ]),
    clean ? 'Everything matches.' : 'There are findings; nothing was changed.',
  ];
}
