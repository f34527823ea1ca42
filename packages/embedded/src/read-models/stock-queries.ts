import type { Channel, Instant, Serial } from '@stamp-ledger/domain';
import { plainAmount, type StockCursor, type StockFilter, type StockItem } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { groupNumber, type Row, text } from './columns.js';

/** The channel whose stock is minted and not allocated: the domain's DIRECT_CHANNEL, which an adapter may not import. */
const ISSUER = 'direct';

/** The SQL of the stock queries, where a test can see its plan. */
export const STOCK_SQL = {
  lots: 'SELECT id, n0, n1, batch_id FROM lot WHERE channel = ? AND currency = ? AND amount = ?',
  first: 'SELECT since FROM stamp WHERE grp = ? AND since > ? ORDER BY since LIMIT 1',
  page: `SELECT since, serial, revision FROM stamp WHERE grp = ? AND since > ? ORDER BY since ${LIMIT}`,
  expired: `SELECT serial FROM stamp WHERE expires_at <= ? ORDER BY expires_at ${LIMIT}`,
} as const;

type Listed = StockItem & { readonly cursor: StockCursor };

/** Queries over stamps that can be sold or given out. Synchronous; throws as SQLite does. */
export class StockQueries {
  readonly #lots: Database.Statement<[string, string, string], Row>;
  readonly #first: Database.Statement<[number, string], string>;
  readonly #page: Database.Statement<[number, string, number], Row>;
  readonly #expired: Database.Statement<[string, number], string>;

  constructor(db: Database.Database) {
    this.#lots = db.prepare<[string, string, string], Row>(STOCK_SQL.lots).raw();
    this.#first = db.prepare<[number, string], string>(STOCK_SQL.first).pluck();
    this.#page = db.prepare<[number, string, number], Row>(STOCK_SQL.page).raw();
    this.#expired = db.prepare<[string, number], string>(STOCK_SQL.expired).pluck();
  }

  /**
   * In the order in which they came into this stock. Lots are taken up in the order of their first stamp, and one
   * whose first stamp lies behind the page is not read.
   */
  page(filter: StockFilter, after: StockCursor | undefined, limit: number): Listed[] {
    const cursor: string = after ?? '';
    const groups = this.#groups(filter)
      .map((group) => ({ group, first: this.#first.get(group, cursor) }))
      .filter((each): each is { group: number; first: string } => each.first !== undefined)
      .sort((a, b) => (a.first < b.first ? -1 : 1));
    let page: Listed[] = [];
    for (const { group, first } of groups) {
      const last = page.length >= limit ? page.at(-1) : undefined;
      if (last !== undefined && last.cursor < first) break;
      const rows = this.#page.all(group, cursor, limit).map(listedFrom);
      page = page.length === 0 ? rows : [...page, ...rows].sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
      if (page.length > limit) page.length = limit;
    }
    return page;
  }

  count(filter: StockFilter): number {
    return this.#lotsOf(filter).reduce((total, { stock }) => total + stock, 0);
  }

  expired(at: Instant, limit: number): Serial[] {
    return this.#expired.all(at, limit).map((serial) => serial as Serial);
  }

  #groups(filter: StockFilter): number[] {
    const state = stockState(filter.channel);
    return this.#lotsOf(filter).flatMap(({ lot, stock }) =>
      stock > 0 ? (groupNumber({ lot, state }) ?? []) : [],
    );
  }

  #lotsOf({
    channel,
    denomination,
    batchId,
  }: StockFilter): { readonly lot: number; readonly stock: number }[] {
    const issuer = stockState(channel) === 'minted';
    return this.#lots
      .all(channel, denomination.currency, plainAmount(denomination.amount))
      .filter((row) => batchId === undefined || row[3] === batchId)
      .map((row) => ({ lot: Number(row[0]), stock: Number(issuer ? row[1] : row[2]) }));
  }
}

const stockState = (channel: Channel): 'minted' | 'allocated' =>
  channel === ISSUER ? 'minted' : 'allocated';

const listedFrom = (row: Row): Listed => ({
  cursor: text<StockCursor>(row[0]),
  serial: text<Serial>(row[1]),
  revision: Number(row[2]),
});
