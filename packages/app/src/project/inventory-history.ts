import type { Position } from '@stamp-ledger/codec';
import type { StampStage } from '@stamp-ledger/domain';
import {
  type InventoryBook,
  type InventoryTransaction,
  LIMITS,
  type LotId,
  type LotRow,
  type LotSnapshot,
  type MoneyBucket,
  type MoneyChange,
  type MoneyRow,
  type MoneySnapshot,
  type StampChange,
} from '@stamp-ledger/ports';
import { type InventoryState, noStamps } from './inventory-state.js';

/** What one batch adds to the history: corrected and new snapshots, and a boundary when it is time for one. */
export interface HistoryWrite {
  readonly book: InventoryBook;
  readonly lotSnapshots: readonly LotSnapshot[];
  readonly moneySnapshots: readonly MoneySnapshot[];
  readonly boundaries: readonly Position[];
}

/**
 * `position` is where the projection stands after the batch. Changes found late, at or before the last boundary, are
 * added to the snapshots behind them, so that the past stays exact.
 */
export async function writeHistory(
  transaction: InventoryTransaction,
  state: InventoryState,
  {
    book,
    position,
    snapshotChanges = LIMITS.inventorySnapshotChanges,
  }: {
    readonly book: InventoryBook;
    readonly position: Position;
    readonly snapshotChanges?: number;
  },
): Promise<HistoryWrite> {
  const isLate = (change: { readonly position: Position }): boolean =>
    book.boundary !== undefined && change.position <= book.boundary;
  const lateStamps = state.stampChanges.filter(isLate);
  const lateMoneys = state.moneyChanges.filter(isLate);
  const lotSnapshots = await lateLots(transaction, lateStamps);
  const moneySnapshots = await lateMoney(transaction, lateMoneys);
  const changes = state.stampChanges.length + state.moneyChanges.length;
  const changesSince = book.changesSince + changes - lateStamps.length - lateMoneys.length;
  const lots = state.lotCount;
  if (changesSince < snapshotChanges)
    return {
      book: { lots, boundary: book.boundary, changesSince },
      lotSnapshots,
      moneySnapshots,
      boundaries: [],
    };
  const now = await snapshotsNow(transaction, state, { boundary: position, after: book.boundary });
  return {
    book: { lots, boundary: position, changesSince: 0 },
    lotSnapshots: [...lotSnapshots, ...now.lots],
    moneySnapshots: [...moneySnapshots, ...now.money],
    boundaries: [position],
  };
}

/** Snapshots, at a new boundary, of everything that has changed after the one before. */
async function snapshotsNow(
  transaction: InventoryTransaction,
  state: InventoryState,
  { boundary, after }: { readonly boundary: Position; readonly after: Position | undefined },
): Promise<{ readonly lots: LotSnapshot[]; readonly money: MoneySnapshot[] }> {
  const stored = await transaction.changedAfter(after);
  const changed = <Row extends { readonly changedAt: Position }>(row: Row): boolean =>
    after === undefined || row.changedAt > after;
  const lots = new Map<LotId, LotRow>(stored.lots.map((row) => [row.id, row]));
  for (const row of state.lots.rows()) if (changed(row)) lots.set(row.id, row);
  const money = new Map<string, MoneyRow>(stored.money.map((row) => [row.currency, row]));
  for (const row of state.money.rows()) if (changed(row)) money.set(row.currency, row);
  return {
    lots: [...lots.values()].map(({ id, minted, counts }) => ({
      boundary,
      lot: id,
      minted,
      counts: { ...counts },
    })),
    money: [...money.values()].map(({ currency, paid, buckets }) => ({ boundary, currency, paid, buckets })),
  };
}

interface LotDelta {
  minted: number;
  readonly counts: Record<StampStage, number>;
}

async function lateLots(
  transaction: InventoryTransaction,
  changes: readonly StampChange[],
): Promise<LotSnapshot[]> {
  const from = earliest(changes);
  if (from === undefined) return [];
  const boundaries = await transaction.boundariesFrom(from);
  const touched = new Set(changes.flatMap(lotsOf));
  const stored = await transaction.lotSnapshotsFrom({ lots: [...touched], from });
  const corrected: LotSnapshot[] = [];
  for (const lot of touched) {
    const ofLot = stored.filter((snapshot) => snapshot.lot === lot);
    for (const boundary of boundaries) {
      const base = lastUpTo(ofLot, boundary);
      const delta = lotDelta(
        changes.filter(({ position }) => position <= boundary),
        lot,
      );
      const counts = noStamps();
      for (const stage of Object.keys(counts) as StampStage[])
        counts[stage] = (base?.counts[stage] ?? 0) + delta.counts[stage];
      corrected.push({ boundary, lot, minted: (base?.minted ?? 0) + delta.minted, counts });
    }
  }
  return corrected;
}

const lotsOf = ({ from, to, flowFrom, flowTo }: StampChange): LotId[] =>
  [from?.lot, to?.lot, flowFrom, flowTo].filter((lot) => lot !== undefined);

function lotDelta(changes: readonly StampChange[], lot: LotId): LotDelta {
  const delta: LotDelta = { minted: 0, counts: noStamps() };
  for (const { from, to, flowFrom, flowTo } of changes) {
    if (from?.lot === lot) delta.counts[from.state]--;
    if (to?.lot === lot) delta.counts[to.state]++;
    if (flowFrom === lot) delta.minted--;
    if (flowTo === lot) delta.minted++;
  }
  return delta;
}

async function lateMoney(
  transaction: InventoryTransaction,
  changes: readonly MoneyChange[],
): Promise<MoneySnapshot[]> {
  const from = earliest(changes);
  if (from === undefined) return [];
  const boundaries = await transaction.boundariesFrom(from);
  const currencies = [...new Set(changes.map(({ currency }) => currency))];
  const stored = await transaction.moneySnapshotsFrom({ currencies, from });
  const corrected: MoneySnapshot[] = [];
  for (const currency of currencies) {
    const ofCurrency = stored.filter((snapshot) => snapshot.currency === currency);
    for (const boundary of boundaries) {
      const base = lastUpTo(ofCurrency, boundary);
      const buckets: Record<MoneyBucket, bigint> = {
        ...(base?.buckets ?? { pending: 0n, fulfilled: 0n, refunded: 0n }),
      };
      let paid = base?.paid ?? 0n;
      for (const change of changes) {
        if (change.currency !== currency || change.position > boundary) continue;
        if (change.from === undefined) paid += change.amount;
        else buckets[change.from] -= change.amount;
        buckets[change.to] += change.amount;
      }
      corrected.push({ boundary, currency, paid, buckets });
    }
  }
  return corrected;
}

function earliest(changes: readonly { readonly position: Position }[]): Position | undefined {
  let first: Position | undefined;
  for (const { position } of changes) if (first === undefined || position < first) first = position;
  return first;
}

/** The snapshot that holds at the boundary: the last one at or before it. */
function lastUpTo<Snapshot extends { readonly boundary: Position }>(
  snapshots: readonly Snapshot[],
  boundary: Position,
): Snapshot | undefined {
  let last: Snapshot | undefined;
  for (const snapshot of snapshots)
    if (snapshot.boundary <= boundary && (last === undefined || snapshot.boundary > last.boundary))
      last = snapshot;
  return last;
}
