import { incidentStream, type Position, parseStream, type StreamName } from '@stamp-ledger/codec';
import type { IncidentId, Instant } from '@stamp-ledger/domain';
import {
  type AsOf,
  type EventCount,
  type IncidentView,
  type IndexedEvent,
  type JournalReport,
  LIMITS,
  type OrderCursor,
  type UnfulfilledOrder,
} from '@stamp-ledger/ports';
import type { Context } from './context.js';
import { caughtUp } from './freshness.js';
import type { EventTotals, Ledger, OutageReport, UnknownOutcome } from './ledger.js';
import { lastingGap, type ToldGap } from './seal/gaps.js';
import { unwatchedIn } from './seal/unwatched.js';

interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

/** Pages of a listing that a report looks through at most. */
const PAGES = 20;

/** What happened in a window: from the log, the read models, and the journal of what leaves nothing in the log. */
export function outageReports(context: Context): Ledger['audit']['outage'] {
  return async (request) => {
    const window = 'incidentId' in request ? await windowOf(context, request.incidentId) : request;
    if (window === undefined) return undefined;
    await caughtUp(context, LIMITS.reportWaitMilliseconds, ['inventory', 'audit-index']);
    const { readModels } = context;
    const accepted = totals(await readModels.countEvents(window));
    const incidents = await overlapping(context, window);
    return {
      ...window,
      incidents,
      asOf: indexAsOf(context),
      accepted,
      ...(await fromJournal(context, window)),
      outcomeUnknown: await unknownOutcomes(context, window, accepted.byType.AffixOutcomeUnknown ?? 0),
      reservationsReleased: accepted.byType.StampReleased ?? 0,
      backfilled: await backfilled(context, incidents),
      refunded: accepted.byType.OrderRefunded ?? 0,
      salesRefunded: await salesRefunded(context, window),
      paidNotFulfilled: await paidNotFulfilled(context, window),
      sealing: context.sealing === undefined ? 'not-configured' : 'configured',
    };
  };
}

async function windowOf(
  { aggregates, runtime }: Context,
  incidentId: IncidentId,
): Promise<Window | undefined> {
  const { state } = await aggregates.incidents.load(incidentStream(incidentId));
  if (state.status === 'none') return undefined;
  return {
    from: state.startedAt,
    to: state.status === 'closed' ? state.endedAt : runtime.clock.now(),
  };
}

function indexAsOf({ readModels }: Context): AsOf {
  const status = readModels.status().find(({ projection }) => projection === 'audit-index');
  const { position, recordedAt } = status ?? {};
  return {
    ...(position === undefined ? {} : { position }),
    ...(recordedAt === undefined ? {} : { recordedAt }),
  };
}

const totals = (counts: readonly EventCount[]): EventTotals => ({
  total: counts.reduce((sum, { count }) => sum + count, 0),
  byType: Object.fromEntries(counts.map(({ type, count }) => [type, count])),
});

/** Counts what this process holds first, so that the report is up to now. */
async function fromJournal(
  context: Context,
  window: Window,
): Promise<Pick<OutageReport, 'refused' | 'readModelLag' | 'processes' | 'sealGaps'>> {
  const { operations } = context;
  const lasting = await lastingIn(context, window);
  if (operations === undefined)
    return { readModelLag: [], processes: { runs: [], more: false }, sealGaps: lasting };
  await operations.flush();
  const journal = await operations.journal.report(window);
  const { refusals, lags, runs, hasMoreRuns } = journal;
  return {
    refused: {
      total: refusals.reduce((sum, { count }) => sum + count, 0),
      byKind: Object.fromEntries(refusals.map(({ kind, count }) => [kind, count])),
      lostByCrashSeconds: LIMITS.journalFlushMilliseconds / 1_000,
    },
    readModelLag: lags,
    processes: { runs, more: hasMoreRuns },
    sealGaps: await gapsIn(context, window, { journal, lasting }),
  };
}

async function lastingIn(
  { store, log, sealing, runtime }: Context,
  { to }: Window,
): Promise<readonly ToldGap[]> {
  const gap = log && (await lastingGap({ store, log, sealing, now: runtime.clock.now() }));
  return gap !== undefined && (gap.from === undefined || gap.from < to) ? [gap] : [];
}

/**
 * What sealers told the journal, and the times in which nobody told it anything while events were recorded: a sealer that
 * is killed, or has no journal, takes what it found with it.
 */
async function gapsIn(
  { log, readModels, runtime }: Context,
  { from, to }: Window,
  {
    journal: { sealGaps, runs, hasMoreRuns },
    lasting,
  }: { readonly journal: JournalReport; readonly lasting: readonly ToldGap[] },
): Promise<readonly ToldGap[]> {
  const known = [...sealGaps.map((gap): ToldGap => ({ extent: 'measured', ...gap })), ...lasting];
  if (log === undefined) return known;
  // Of a listing of runs that was cut, up to where its last one began nothing is missing.
  const ends = [to, runtime.clock.now(), ...(hasMoreRuns ? runs.slice(-1).map((run) => run.startedAt) : [])];
  const unknown: ToldGap[] = [];
  for (const span of unwatchedIn({ from, to: ends.reduce(earlier) }, { runs, told: known })) {
    const { total } = totals(await readModels.countEvents(span));
    if (total > 0) unknown.push({ extent: 'unknown', ...span, events: total });
  }
  return [...known, ...unknown].sort(byBeginning);
}

const earlier = (one: Instant, other: Instant): Instant => (one < other ? one : other);

/** One that nobody knows the beginning of comes last. */
const byBeginning = (one: ToldGap, other: ToldGap): number =>
  one.from !== undefined && (other.from === undefined || one.from < other.from) ? -1 : 1;

async function overlapping({ readModels }: Context, { from, to }: Window): Promise<IncidentView[]> {
  const found: IncidentView[] = [];
  let after: IncidentId | undefined;
  for (let page = 0; page < PAGES; page++) {
    const incidents = await readModels.incidents({
      limit: LIMITS.queryRows,
      ...(after === undefined ? {} : { after }),
    });
    found.push(
      ...incidents.filter(
        ({ startedAt, endedAt }) => startedAt < to && (endedAt === undefined || endedAt >= from),
      ),
    );
    after = incidents.at(-1)?.incidentId;
    if (incidents.length < LIMITS.queryRows) break;
  }
  return found;
}

async function backfilled(
  { readModels }: Context,
  incidents: readonly IncidentView[],
): Promise<OutageReport['backfilled']> {
  const all: OutageReport['backfilled'][number][] = [];
  for (const { incidentId } of incidents) {
    const counts = totals(await readModels.countEvents({ incidentId }));
    if (counts.total > 0) all.push({ incidentId, ...counts });
  }
  return all;
}

async function unknownOutcomes(
  context: Context,
  window: Window,
  total: number,
): Promise<OutageReport['outcomeUnknown']> {
  const events = await context.readModels.findEvents(
    { ...window, types: ['AffixOutcomeUnknown'] },
    { limit: LIMITS.outageRows },
  );
  const cases: UnknownOutcome[] = [];
  for (const event of events) cases.push(await endingOf(context, event));
  return { total, cases, more: total > cases.length };
}

/** What the stamp's own stream says came of it. */
async function endingOf({ store, serde }: Context, reported: IndexedEvent): Promise<UnknownOutcome> {
  const { stream, revision, recordedAt, position } = reported;
  const report = { serial: serialOf(stream), reportedAt: recordedAt, position };
  const { events } = await store.readStream({ stream, from: revision + 1, limit: LIMITS.readEvents });
  for (const event of events.map((each) => serde.decode(each))) {
    const endedAt = event.metadata.recordedAt as Instant;
    if (event.type === 'AffixOutcomeResolved') return { ...report, ending: event.data.result, endedAt };
    if (event.type === 'StampVoided') return { ...report, ending: 'voided', endedAt };
  }
  return { ...report, ending: 'open' };
}

/** Of the stamps voided in the window, those of sales without an order that were paid for and given back. */
async function salesRefunded(context: Context, window: Window): Promise<number> {
  let count = 0;
  for (let after: Position | undefined; ; ) {
    const events = await context.readModels.findEvents(
      { ...window, types: ['StampVoided'] },
      { limit: LIMITS.streamsAtOnce, ...(after === undefined ? {} : { after }) },
    );
    const refunds = await Promise.all(events.map((event) => isSaleRefund(context, event)));
    count += refunds.filter(Boolean).length;
    after = events.at(-1)?.position;
    if (events.length < LIMITS.streamsAtOnce) return count;
  }
}

async function isSaleRefund({ store, serde }: Context, { stream, revision }: IndexedEvent): Promise<boolean> {
  const [last] = (await store.readStream({ stream, from: revision, limit: 1 })).events;
  const voided = last && serde.decode(last);
  if (voided?.type !== 'StampVoided' || voided.data.reason !== 'refund') return false;
  // A stamp is sold once; it may have been verified very often before.
  for (let from = 0; from < revision; from += LIMITS.readEvents) {
    const { events } = await store.readStream({ stream, from, limit: LIMITS.readEvents });
    const sold = events.map((each) => serde.decode(each)).find((event) => event.type === 'StampSold');
    if (sold !== undefined) return sold.data.orderId === undefined && sold.data.payment !== undefined;
  }
  return false;
}

const serialOf = (stream: StreamName): string => parseStream(stream)?.id ?? stream;

async function paidNotFulfilled(
  { readModels }: Context,
  { from, to }: Window,
): Promise<OutageReport['paidNotFulfilled']> {
  const orders: UnfulfilledOrder[] = [];
  let after: OrderCursor | undefined;
  for (let page = 0; page < PAGES; page++) {
    const rows = await readModels.unfulfilled({
      limit: LIMITS.queryRows,
      ...(after === undefined ? {} : { after }),
    });
    for (const { order, cause } of rows)
      if (order.paidAt !== undefined && order.paidAt >= from && order.paidAt < to)
        orders.push({ order, cause });
    after = rows.at(-1)?.cursor;
    if (rows.length < LIMITS.queryRows) return listed(orders, false);
  }
  return listed(orders, true);
}

const listed = (orders: readonly UnfulfilledOrder[], more: boolean): OutageReport['paidNotFulfilled'] => ({
  orders: orders.slice(0, LIMITS.outageRows),
  more: more || orders.length > LIMITS.outageRows,
});
