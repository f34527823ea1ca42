import type { InventoryAnswer, InventoryGroup, UnfulfilledOrder } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { moneyText } from '../answers.js';
import { exitCodeOfReport } from '../audit/audit-exit-code.js';
import { type LogOptions, logOf } from '../audit/audited-log.js';
import { believed } from '../audit/proven.js';
import { compareWithLog, comparisonLines, isConserved } from '../conservation/from-log.js';
import { conservationLines, differencesOf } from '../conservation/report.js';
import { EXIT, type ExitCode, UsageError, worst } from '../exit-codes.js';
import { followJob } from '../follow-job.js';
import { wholeNumber } from '../options.js';
import { startProgress } from '../progress.js';
import type { Bind, Session } from '../session.js';
import { type Column, grouped, pairs, table } from '../table.js';
import { checkedWith, whoseKey } from '../trace.js';
import { addJobOptions, type JobOptions, keyed } from './shared-options.js';

interface InventoryOptions {
  readonly channel?: string;
  readonly denomination?: string;
  readonly batch?: string;
  readonly asOf?: string;
}

interface ConservationOptions extends LogOptions {
  readonly asOf?: string | undefined;
  readonly fromLog?: boolean;
  readonly key?: string;
  readonly origin?: string;
}

/** What auditors and operators ask of the whole ledger. */
export function addReportCommands(program: Command, bind: Bind): void {
  program
    .command('inventory')
    .description('count stamps by batch, channel and state')
    .option('--channel <name>', 'only this channel')
    .option('--denomination <amount>', 'only this denomination')
    .option('--batch <id>', 'only this batch')
    .option('--as-of <moment>', 'as it was at this time (RFC 3339 UTC) or position')
    .action(bind(inventory));

  program
    .command('conservation')
    .description('prove that every stamp and every payment is accounted for')
    .option('--as-of <moment>', 'as it was at this time (RFC 3339 UTC) or position')
    .option('--from-log', 'recompute it from the signed log alone, and compare with the read models')
    .option('--log <place>', 'URL of the log, or a directory with a copy of it (default: /log of --url)')
    .option(
      '--key <vkey>',
      'public key of the log, or a file with keys (default: what the ledger says its key is)',
    )
    .option('--origin <origin>', 'name of the log (default: that of the first key)')
    .action(bind(conservation));

  program
    .command('unfulfilled')
    .description('list paid orders that have no stamps yet, and why')
    .option('--limit <n>', 'rows at most', wholeNumber(1, 1_000), 100)
    .action(
      bind(async (session, { limit }: { readonly limit: number }) => {
        const { body } = await session.client.audit.unfulfilled({ limit });
        await session.output.result(body, () => table(UNFULFILLED_COLUMNS, body.orders));
      }),
    );

  addJobOptions(
    program.command('rebuild').description('build the read models anew from the log, beside the live ones'),
  ).action(bind(rebuild));
}

async function inventory(session: Session, options: InventoryOptions): Promise<void> {
  const { body } = await session.client.audit.inventory({
    ...(options.channel === undefined ? {} : { channel: options.channel }),
    ...(options.denomination === undefined ? {} : { denomination: options.denomination }),
    ...(options.batch === undefined ? {} : { batchId: options.batch }),
    ...(options.asOf === undefined ? {} : { asOf: options.asOf }),
  });
  await session.output.result(body, () =>
    table<InventoryRow>(INVENTORY_COLUMNS, [...body.groups, ...totalRow(body)]),
  );
}

async function conservation(session: Session, { asOf, ...options }: ConservationOptions): Promise<ExitCode> {
  if (options.fromLog === true) return conservationFromLog(session, { asOf, ...options });
  const { body } = await session.client.audit.conservation(asOf === undefined ? {} : { asOf });
  await session.output.result(body, () => conservationLines(body));
  return differencesOf(body) === 0 ? EXIT.done : EXIT.negative;
}

async function conservationFromLog(session: Session, options: ConservationOptions): Promise<ExitCode> {
  const { client, output } = session;
  const { asOf } = options;
  const trust = await believed(session, options);
  if (trust === undefined) throw new UsageError('the ledger serves no key of a log: give it with --key');
  let progress: ReturnType<typeof startProgress> | undefined;
  const { report, comparison, audit } = await compareWithLog({
    client,
    log: logOf(session, options),
    isGrowing: options.log === undefined,
    trust,
    ...(asOf === undefined ? {} : { asOf }),
    onProgress: (done, total) => {
      progress ??= startProgress(output, 'reading the log', total);
      progress.update(done);
    },
  }).finally(() => progress?.stop());
  const { findings, findingCount, current } = audit;
  const log = current && {
    origin: current.origin,
    size: current.size,
    root: current.root.toString('base64'),
  };
  const fromLog = { ...comparison, log, checkedWith: checkedWith(trust), findingCount, findings };
  await output.result({ ...report, fromLog }, () => [
    ...conservationLines(report),
    ...comparisonLines(comparison),
    ...findings.map((finding) => `  ${finding.class}: ${finding.kind}: ${finding.detail}`),
    `  Log of ${current?.size ?? 0} entries checked by ${whoseKey(trust)}.`,
  ]);
  const isWhole = differencesOf(report) === 0 && isConserved(comparison);
  return worst(exitCodeOfReport(audit), isWhole ? EXIT.done : EXIT.negative);
}

async function rebuild(session: Session, options: JobOptions): Promise<ExitCode> {
  const { client, output } = session;
  const started = await client.rebuilds.start(keyed(options.key));
  const { rebuildId } = started.body;
  const { body } =
    options.wait === false
      ? started
      : await followJob(output, options.wait, {
          label: `rebuilding ${rebuildId}`,
          total: started.body.eventsTotal,
          askLater: 'the live read models serve meanwhile',
          poll: () => client.rebuilds.get(rebuildId),
          done: (answer) => answer.body.eventsDone,
          finished: (answer) => answer.body.status !== 'running',
        });
  await output.result(body, () =>
    pairs([
      ['rebuild', body.rebuildId],
      ['status', body.status],
      ['events', `${grouped(body.eventsDone)} of ${grouped(body.eventsTotal)}`],
      ['detail', body.detail],
    ]),
  );
  return body.status === 'failed' ? EXIT.unexpected : EXIT.done;
}

type InventoryRow = Omit<InventoryGroup, 'denomination'> & Partial<InventoryGroup>;

/** One line that sums up several groups. */
const totalRow = ({ groups, totals }: InventoryAnswer): InventoryRow[] =>
  groups.length < 2 ? [] : [{ ...totals, batchId: 'all', channel: '' }];

const INVENTORY_COLUMNS: readonly Column<InventoryRow>[] = [
  { title: 'batch', cell: (group) => group.batchId },
  { title: 'channel', cell: (group) => group.channel },
  { title: 'denomination', cell: (group) => moneyText(group.denomination) ?? '' },
  { title: 'in stock', cell: (group) => group.inStock },
  { title: 'allocated', cell: (group) => group.allocated },
  { title: 'sold', cell: (group) => group.sold },
  { title: 'reserved', cell: (group) => group.reserved },
  { title: 'unknown', cell: (group) => group.outcomeUnknown },
  { title: 'affixed', cell: (group) => group.affixed },
  { title: 'voided', cell: (group) => group.voided },
];

const UNFULFILLED_COLUMNS: readonly Column<UnfulfilledOrder>[] = [
  { title: 'order', cell: (order) => order.orderId },
  { title: 'channel', cell: (order) => order.channel },
  { title: 'quantity', cell: (order) => order.quantity },
  { title: 'paid', cell: (order) => order.paidAt ?? '' },
  { title: 'cause', cell: (order) => order.cause },
];
