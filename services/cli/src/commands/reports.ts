import type { InventoryAnswer, InventoryGroup, UnfulfilledOrder } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { moneyText } from '../answers.js';
import { compareWithLog, comparisonLines, isConserved } from '../conservation/from-log.js';
import { conservationLines, differencesOf } from '../conservation/report.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { followJob } from '../follow-job.js';
import { wholeNumber } from '../options.js';
import { startProgress } from '../progress.js';
import type { Bind, Session } from '../session.js';
import { type Column, grouped, pairs, table } from '../table.js';
import { addJobOptions, type JobOptions, keyed } from './shared-options.js';

interface InventoryOptions {
  readonly channel?: string;
  readonly denomination?: string;
  readonly batch?: string;
  readonly asOf?: string;
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
    .option('--from-log', 'recompute it from the events alone and compare with the read models')
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

async function conservation(
  { client, output }: Session,
  { asOf, fromLog }: { readonly asOf?: string; readonly fromLog?: boolean },
): Promise<ExitCode> {
  const { body } = await client.audit.conservation(asOf === undefined ? {} : { asOf });
  const isWhole = differencesOf(body) === 0;
  if (fromLog !== true) {
    await output.result(body, () => conservationLines(body));
    return isWhole ? EXIT.done : EXIT.negative;
  }
  const progress = startProgress(output, 'reading the log', 0);
  const comparison = await compareWithLog(client, body, {
    isNow: asOf === undefined,
    onProgress: (events) => progress.update(events),
  }).finally(() => progress.stop());
  await output.result({ ...body, fromLog: comparison }, () => [
    ...conservationLines(body),
    ...comparisonLines(comparison),
  ]);
  return isWhole && isConserved(comparison) ? EXIT.done : EXIT.negative;
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
