import { toMilliseconds } from '@stamp-ledger/codec';
import { LIMITS, PortError, type ReadModels, type Runtime, type UnfulfilledOrder } from '@stamp-ledger/ports';

export type OverdueCause = UnfulfilledOrder['cause'];

/** Orders that were paid longer ago than {@link LIMITS.orderPromiseMilliseconds} and have neither stamps nor money. */
export interface OverdueOrders {
  /** How many by cause, among the {@link LIMITS.queryRows} that have waited longest. */
  readonly byCause: Readonly<Record<OverdueCause, number>>;
  /** True when there are more orders than were looked at. */
  readonly more: boolean;
  /** The one that was paid first. */
  readonly oldest?: UnfulfilledOrder;
}

interface Watched {
  readonly readModels: Pick<ReadModels, 'unfulfilled'>;
  readonly runtime: Pick<Runtime, 'clock'>;
}

/** As far as the read models have seen. Rejects with a PortError. */
export async function overdueOrders({ readModels, runtime }: Watched): Promise<OverdueOrders> {
  const rows = await readModels.unfulfilled({ limit: LIMITS.queryRows });
  const latest = toMilliseconds(runtime.clock.now()) - LIMITS.orderPromiseMilliseconds;
  const overdue = rows.filter(
    ({ order: { paidAt } }) => paidAt !== undefined && toMilliseconds(paidAt) < latest,
  );
  const byCause = { 'in-progress': 0, 'out-of-stock': 0, 'refund-due': 0 };
  for (const { cause } of overdue) byCause[cause]++;
  const [oldest] = overdue;
  return {
    byCause,
    more: rows.length === LIMITS.queryRows,
    ...(oldest === undefined ? {} : { oldest: { order: oldest.order, cause: oldest.cause } }),
  };
}

/** Looks for overdue orders until `signal` aborts, and tells whenever their numbers have changed: nobody who paid is forgotten. */
export async function watchOverdue(
  context: Watched,
  { signal, onChange }: { readonly signal: AbortSignal; readonly onChange: (overdue: OverdueOrders) => void },
): Promise<void> {
  let told = '0,0,0';
  while (!signal.aborted) {
    const overdue = await overdueOrders(context).catch((error: unknown) => {
      if (error instanceof PortError) return undefined;
      throw error;
    });
    const numbers = overdue === undefined ? told : Object.values(overdue.byCause).join();
    if (overdue !== undefined && numbers !== told) onChange(overdue);
    told = numbers;
    await context.runtime.clock.sleep(LIMITS.overdueWatchMilliseconds, signal);
  }
}
