import type { ReadModelQueries } from '@stamp-ledger/ports';
import type pg from 'pg';
import { closePool, openPool, withConnection } from './connect.js';
import { portError } from './errors.js';
import { LIVE_SQL, LiveGeneration, liveOf, onLive } from './generations.js';
import { POSTGRES_LIMITS } from './limits.js';
import { requireMigrated } from './probe.js';
import { countEvents, findEvents } from './read-models/event-queries.js';
import { conservation, inventory } from './read-models/inventory-queries.js';
import {
  orderOf,
  ordersAhead,
  ordersToFulfil,
  ordersToReturn,
  unfulfilledOrders,
  unpaidOrders,
} from './read-models/order-queries.js';
import { paymentsPage } from './read-models/payment-table.js';
import { expiredReservations, stockCount, stockPage } from './read-models/stock-queries.js';
import { stampOf, stampsOfDocument, stampsOfOrder } from './read-models/view-queries.js';
import {
  allocated,
  allocationsToDo,
  batchesToMint,
  batchMinted,
  incidents,
} from './read-models/work-queries.js';
import { Session } from './statements.js';

/** Look-ups find rows by an index, whatever the tables held when the plan was made. Reports read whole tables. */
const LOOK_UP = { enable_seqscan: 'off', jit: 'off' };
const REPORT = { plan_cache_mode: 'force_custom_plan' };
const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Opens the live read models for queries. Rejects with a PortError. */
export async function openPostgresQueries({ url }: { readonly url: string }): Promise<ReadModelQueries> {
  const lookUps = openPool({
    url,
    purpose: 'queries',
    connections: POSTGRES_LIMITS.queryConnections,
    settings: LOOK_UP,
  });
  const reports = openPool({
    url,
    purpose: 'reports',
    connections: POSTGRES_LIMITS.reportConnections,
    statementMilliseconds: POSTGRES_LIMITS.reportMilliseconds,
    settings: REPORT,
  });
  const close = async (): Promise<void> => {
    await Promise.all([closePool(lookUps), closePool(reports)]);
  };
  try {
    await requireMigrated(lookUps, 'opening the read models for reading');
    return makeQueries({ lookUps, reports, close });
  } catch (error) {
    await close();
    throw error;
  }
}

type Read<Answer> = (session: Session) => Promise<Answer>;

function makeQueries({
  lookUps,
  reports,
  close,
}: {
  readonly lookUps: pg.Pool;
  readonly reports: pg.Pool;
  readonly close: () => Promise<void>;
}): ReadModelQueries {
  const answer = answering(lookUps);
  const inOneMoment = <Answer>(read: Read<Answer>) => answeringInOneMoment(lookUps, read);
  const report = <Answer>(read: Read<Answer>) => answeringInOneMoment(reports, read);
  return {
    stamp: (serial) => answer((session) => stampOf(session, serial)),
    stampsOfDocument: (sha256, page) => answer((session) => stampsOfDocument(session, sha256, page)),
    stampsOfOrder: (orderId) => answer((session) => stampsOfOrder(session, orderId)),
    order: (orderId) => answer((session) => orderOf(session, orderId)),
    ordersAhead: (filter) => answer((session) => ordersAhead(session, filter)),
    ordersToFulfil: ({ after, limit }) => answer((session) => ordersToFulfil(session, after, limit)),
    ordersToReturn: ({ limit }) => answer((session) => ordersToReturn(session, limit)),
    unpaidOrders: ({ placedBefore, limit }) =>
      answer((session) => unpaidOrders(session, placedBefore, limit)),
    unfulfilled: ({ after, limit }) => answer((session) => unfulfilledOrders(session, after, limit)),
    payments: (filter, { after, limit }) => answer((session) => paymentsPage(session, filter, after, limit)),
    stock: ({ after, limit, ...filter }) =>
      inOneMoment((session) => stockPage(session, filter, after, limit)),
    stockCount: (filter) => answer((session) => stockCount(session, filter)),
    expiredReservations: ({ at, limit }) => answer((session) => expiredReservations(session, at, limit)),
    batchMinted: (id) => answer((session) => batchMinted(session, id)),
    batchesToMint: ({ limit }) => answer((session) => batchesToMint(session, limit)),
    allocated: (id) => answer((session) => allocated(session, id)),
    allocationsToDo: ({ limit }) => answer((session) => allocationsToDo(session, limit)),
    incidents: ({ after, limit }) => answer((session) => incidents(session, after, limit)),
    findEvents: (filter, { after, limit }) =>
      inOneMoment((session) => findEvents(session, filter, after, limit)),
    countEvents: (filter) => report((session) => countEvents(session, filter)),
    inventory: (filter, moment) => report((session) => inventory(session, filter, moment)),
    conservation: (moment) => report((session) => conservation(session, moment)),
    close,
  };
}

/** Answers of one statement, each of which shows one moment by itself. */
function answering(pool: pg.Pool): <Answer>(read: Read<Answer>) => Promise<Answer> {
  const live = new LiveGeneration(pool);
  return async (read) => {
    try {
      return await onLive(live, (generation) =>
        withConnection(pool, (connection) => read(new Session(connection, generation))),
      );
    } catch (error) {
      throw portError(error, 'reading the read models');
    }
  };
}

/** Answers of several statements, in one snapshot. */
async function answeringInOneMoment<Answer>(pool: pg.Pool, read: Read<Answer>): Promise<Answer> {
  try {
    return await withConnection(pool, async (connection) => {
      const results = (await connection.query(`${SNAPSHOT}; ${LIVE_SQL}`)) as unknown as pg.QueryResult[];
      const answer = await read(new Session(connection, liveOf(results.at(-1)?.rows[0])));
      await connection.query('COMMIT');
      return answer;
    });
  } catch (error) {
    throw portError(error, 'reading the read models');
  }
}
