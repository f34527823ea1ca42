import {
  type AsOf,
  type Conservation,
  type ConservationGroup,
  fromThousandths,
  type InventoryFilter,
  type InventoryGroup,
  type LotId,
  type LotRow,
  type Moment,
  type MoneyConservation,
  plainAmount,
  type StageCounts,
} from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
import { countMoney, countStamps, differingSerials } from './difference-queries.js';
import { lotFrom, SELECT_LOT } from './lot-tables.js';
import { type LotCount, type MoneyCount, noCounts, pastLots, pastMoney } from './past.js';
import { type Resolved, resolve } from './resolve.js';

const ALL_LOTS: Statement = {
  name: 'all_lots',
  sql: `${SELECT_LOT} ORDER BY batch_id, channel, currency, amount`,
};

/** Several statements: the caller shows them one moment. */
export async function inventory(
  session: Session,
  filter: InventoryFilter,
  moment: Moment | undefined,
): Promise<{ readonly asOf: AsOf; readonly groups: InventoryGroup[] }> {
  const resolved = await resolve(session, moment);
  const counts = await countsAt(session, resolved);
  const groups = (await allLots(session))
    .filter((lot) => matches(lot, filter))
    .flatMap((lot) => {
      const count = counts(lot);
      return isEmpty(count) ? [] : [{ ...nameOf(lot), ...stampCounts(count.counts) }];
    });
  return { asOf: resolved.asOf, groups };
}

/** Several statements: the caller shows them one moment. */
export async function conservation(session: Session, moment: Moment | undefined): Promise<Conservation> {
  const resolved = await resolve(session, moment);
  return {
    asOf: resolved.asOf,
    groups: await conservedGroups(session, resolved),
    money: await conservedMoney(session, resolved),
  };
}

/** Now the states are counted stamp by stamp, in the past change by change; `minted` never is. */
async function conservedGroups(session: Session, resolved: Resolved): Promise<ConservationGroup[]> {
  const kept = await countsAt(session, resolved);
  const counted = resolved.kind === 'now' ? await countStamps(session) : undefined;
  const groups: ConservationGroup[] = [];
  for (const lot of await allLots(session)) {
    const count = kept(lot);
    const states = counted === undefined ? count.counts : (counted.get(lot.id) ?? noCounts());
    if (isEmpty(count) && isEmpty({ minted: 0, counts: states })) continue;
    const difference = count.minted - total(states);
    const suspicious = difference !== 0 || !sameCounts(states, count.counts);
    groups.push({
      ...nameOf(lot),
      ...stampCounts(states),
      minted: count.minted,
      difference,
      ...(suspicious ? { serials: await differingSerials(session, lot) } : {}),
    });
  }
  return groups;
}

async function conservedMoney(session: Session, resolved: Resolved): Promise<MoneyConservation[]> {
  if (resolved.kind === 'empty') return [];
  const money =
    resolved.kind === 'now' ? await countMoney(session) : await pastMoney(session, resolved.position);
  return [...money]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, count]) => moneyConservation(currency, count));
}

async function countsAt(session: Session, resolved: Resolved): Promise<(lot: LotRow) => LotCount> {
  if (resolved.kind === 'now') return ({ minted, counts }) => ({ minted, counts });
  const past: ReadonlyMap<LotId, LotCount> =
    resolved.kind === 'empty' ? new Map() : await pastLots(session, resolved.position);
  return ({ id }) => past.get(id) ?? { minted: 0, counts: noCounts() };
}

const allLots = async (session: Session): Promise<LotRow[]> => (await session.rows(ALL_LOTS)).map(lotFrom);

function matches({ channel, batchId, denomination }: LotRow, filter: InventoryFilter): boolean {
  return (
    (filter.channel === undefined || filter.channel === channel) &&
    (filter.batchId === undefined || filter.batchId === batchId) &&
    (filter.currency === undefined || filter.currency === denomination.currency) &&
    (filter.amount === undefined || plainAmount(filter.amount) === denomination.amount)
  );
}

const nameOf = ({ batchId, channel, denomination }: LotRow) => ({ batchId, channel, denomination });

const stampCounts = (counts: StageCounts) => ({
  inStock: counts.minted,
  allocated: counts.allocated,
  sold: counts.sold,
  reserved: counts.reserved,
  outcomeUnknown: counts['outcome-unknown'],
  affixed: counts.affixed,
  voided: counts.voided,
});

const total = (counts: StageCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

const isEmpty = ({ minted, counts }: Pick<LotCount, 'minted'> & { readonly counts: StageCounts }): boolean =>
  minted === 0 && Object.values(counts).every((count) => count === 0);

const sameCounts = (a: StageCounts, b: StageCounts): boolean =>
  (Object.keys(a) as (keyof StageCounts)[]).every((stage) => a[stage] === b[stage]);

function moneyConservation(currency: string, { paid, buckets }: MoneyCount): MoneyConservation {
  const money = (thousandths: bigint) => ({ amount: fromThousandths(thousandths), currency });
  const { fulfilled, pending, refunded } = buckets;
  return {
    currency,
    paid: money(paid),
    fulfilled: money(fulfilled),
    pending: money(pending),
    refunded: money(refunded),
    difference: money(paid - fulfilled - pending - refunded),
  };
}
