import type { Channel, Instant, Serial } from '@stamp-ledger/domain';
import { plainAmount, type StockCursor, type StockFilter, type StockItem } from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
import { groupNumber, type Row, text } from './columns.js';

/** The channel whose stock is minted and not allocated: the domain's DIRECT_CHANNEL, which an adapter may not import. */
const ISSUER = 'direct';

/** Stamps of the lot `l` that can be sold or given out. */
export const STOCK_OF_LOT = `CASE l.channel WHEN '${ISSUER}' THEN l.n0 ELSE l.n1 END`;
const LOTS = `FROM {models}.lot AS l
  WHERE l.channel = $1 AND l.currency = $2 AND l.amount = $3 AND ($4::text IS NULL OR l.batch_id = $4)`;
const STATE_CODE = `CASE l.channel WHEN '${ISSUER}' THEN ${groupNumber({ lot: 0, state: 'minted' })}
  ELSE ${groupNumber({ lot: 0, state: 'allocated' })} END`;

/** The statements of the stock queries, where a test can see their plans. */
export const STOCK_SQL = {
  groups: {
    name: 'stock_groups',
    sql: `SELECT g.grp, (SELECT s.since FROM {models}.stamp AS s WHERE s.grp = g.grp AND s.since > $5
        ORDER BY s.since LIMIT 1) AS first
      FROM (SELECT l.id * 8 + ${STATE_CODE} AS grp ${LOTS} AND ${STOCK_OF_LOT} > 0) AS g ORDER BY first`,
  },
  page: {
    name: 'stock_page',
    sql: 'SELECT since, serial, revision FROM {models}.stamp WHERE grp = $1 AND since > $2 ORDER BY since LIMIT $3',
  },
  count: { name: 'stock_count', sql: `SELECT coalesce(sum(${STOCK_OF_LOT}), 0)::bigint ${LOTS}` },
  expired: {
    name: 'stock_expired',
    sql: 'SELECT serial FROM {models}.stamp WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2',
  },
} as const satisfies Record<string, Statement>;

type Listed = StockItem & { readonly cursor: StockCursor };

/**
 * In the order in which they came into this stock. Lots are taken up in the order of their first stamp, and one whose
 * first stamp lies behind the page is not read. Several statements: the caller shows them one moment.
 */
export async function stockPage(
  session: Session,
  filter: StockFilter,
  after: StockCursor | undefined,
  limit: number,
): Promise<Listed[]> {
  const cursor = after ?? '';
  let page: Listed[] = [];
  for (const [group, first] of await session.rows(STOCK_SQL.groups, [...lotsOf(filter), cursor])) {
    if (first === null || first === undefined) continue;
    const last = page.length >= limit ? page.at(-1) : undefined;
    if (last !== undefined && last.cursor < text(first)) break;
    const rows = (await session.rows(STOCK_SQL.page, [Number(group), cursor, limit])).map(listedFrom);
    page = page.length === 0 ? rows : [...page, ...rows].sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
    if (page.length > limit) page.length = limit;
  }
  return page;
}

export const stockCount = async (session: Session, filter: StockFilter): Promise<number> =>
  Number((await session.row(STOCK_SQL.count, lotsOf(filter)))?.[0]);

export const expiredReservations = async (session: Session, at: Instant, limit: number): Promise<Serial[]> =>
  (await session.rows(STOCK_SQL.expired, [at, limit])).map(([serial]) => text<Serial>(serial));

const lotsOf = ({
  channel,
  denomination,
  batchId,
}: StockFilter): [Channel, string, string, string | null] => [
  channel,
  denomination.currency,
  plainAmount(denomination.amount),
  batchId ?? null,
];

const listedFrom = (row: Row): Listed => ({
  cursor: text<StockCursor>(row[0]),
  serial: text<Serial>(row[1]),
  revision: Number(row[2]),
});
