import {
  type BusTransaction,
  PortError,
  type ProgressWrite,
  type ProjectionName,
  type ProjectionTransactions,
  type SharedProjectionStore,
} from '@stamp-ledger/ports';
import type pg from 'pg';
import { type Connection, closePool, openPool, withConnection } from './connect.js';
import { portError } from './errors.js';
import { HOLD_LIVE_SQL, LiveGeneration, liveOf, onLive } from './generations.js';
import { POSTGRES_LIMITS } from './limits.js';
import { checkMigrated } from './migrate.js';
import { appendEvents, indexedPositions } from './read-models/audit-table.js';
import { busTransaction } from './read-models/bus-table.js';
import { inventoryLoads, saveInventory } from './read-models/inventory-tables.js';
import {
  lockStanding,
  readStandings,
  type Standing,
  saveProgress,
  setHalted,
  settle,
} from './read-models/progress-table.js';
import { loadViews, saveViews } from './read-models/verification-table.js';
import { Session } from './statements.js';

/**
 * Derived data need not be on the disk at each commit: the log tells again what a crash takes back. Every statement finds
 * its rows by key, so that plans are made once, whatever the tables held at that time.
 */
const SETTINGS = {
  synchronous_commit: 'off',
  enable_seqscan: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
};

interface OpenRequest {
  readonly url: string;
  /** The generation to write, instead of the one that is live at each transaction. */
  readonly generation?: number;
}

/**
 * Opens the read models for writing, side by side with other processes. Rejects with a PortError when the tables are of
 * another version; a server that is away is asked before the first write.
 */
export async function openPostgresProjectionStore(request: OpenRequest): Promise<SharedProjectionStore> {
  const pool = openPool({
    url: request.url,
    purpose: 'projections',
    connections: POSTGRES_LIMITS.storeConnections,
    settings: SETTINGS,
    pipeline: true,
  });
  const store = new PostgresProjectionStore(pool, request.generation);
  try {
    await store.check();
  } catch (error) {
    const failure = portError(error, 'opening the read models for writing');
    if (failure.kind !== 'corrupt') return store;
    await closePool(pool);
    throw failure;
  }
  return store;
}

class PostgresProjectionStore implements SharedProjectionStore {
  readonly #live: LiveGeneration;
  #isChecked = false;

  constructor(
    private readonly pool: pg.Pool,
    private readonly generation: number | undefined,
  ) {
    this.#live = new LiveGeneration(pool);
  }

  /** Rejects unless the tables are of this version. */
  check(): Promise<void> {
    return withConnection(this.pool, (connection) => this.#check(connection));
  }

  async #check(connection: Connection): Promise<void> {
    if (this.#isChecked) return;
    await checkMigrated(connection);
    this.#isChecked = true;
  }

  async progress(): ReturnType<SharedProjectionStore['progress']> {
    const standings = await this.#standings();
    return new Map(
      standings.flatMap(({ projection, progress }) => (progress ? [[projection, progress]] : [])),
    );
  }

  async settled(): ReturnType<SharedProjectionStore['settled']> {
    const standings = await this.#standings();
    return new Map(standings.flatMap(({ projection, settled }) => (settled ? [[projection, settled]] : [])));
  }

  setHalted(projection: ProjectionName, halted: string | undefined): Promise<void> {
    return this.#outside((session) => setHalted(session, projection, halted));
  }

  transact<Name extends ProjectionName, Result>(
    projection: Name,
    work: (transaction: ProjectionTransactions[Name]) => Promise<Result>,
  ): Promise<Result> {
    return this.#transact(projection, (session, standing) =>
      work(
        transactionOf(session, standing, {
          projection,
          afterSave: ({ progress }) => settle(session, projection, progress),
        }),
      ),
    );
  }

  transactFromBus<Name extends ProjectionName, Result>(
    projection: Name,
    work: (transaction: ProjectionTransactions[Name], bus: BusTransaction) => Promise<Result>,
  ): Promise<Result> {
    return this.#transact(projection, (session, standing) => {
      const bus = busTransaction(session, projection, standing.settled);
      return work(transactionOf(session, standing, { projection, afterSave: async () => undefined }), {
        loadOffsets: () => guarded(() => bus.loadOffsets()),
        loadLineage: () => guarded(() => bus.loadLineage()),
        saveOffsets: (write) => guarded(() => bus.saveOffsets(write)),
        enterLineage: (entry) => guarded(() => bus.enterLineage(entry)),
      });
    });
  }

  async close(): Promise<void> {
    await guarded(() => closePool(this.pool));
  }

  #standings(): Promise<Standing[]> {
    return this.#outside(readStandings);
  }

  #outside<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const on = (generation: number): Promise<Result> =>
      withConnection(this.pool, async (connection) => {
        await this.#check(connection);
        return work(new Session(connection, generation));
      });
    return guarded(() => (this.generation === undefined ? onLive(this.#live, on) : on(this.generation)));
  }

  #transact<Result>(
    projection: ProjectionName,
    work: (session: Session, standing: Standing) => Promise<Result>,
  ): Promise<Result> {
    let failure: { readonly error: unknown } | undefined;
    const kept = <Value>(promise: Promise<Value>): Promise<Value> =>
      promise.catch((error: unknown) => {
        failure = { error };
        throw error;
      });
    return withConnection(this.pool, async (connection) => {
      await this.#check(connection);
      const generation = await begin(connection, this.generation);
      const session = new Session(connection, generation);
      try {
        const standing = await lockStanding(session, projection);
        if (standing === undefined) throw new PortError('corrupt', `there is no projection ${projection}`);
        const result = await kept(work(session, standing));
        session.end();
        await commit(connection);
        return result;
      } catch (error) {
        session.end();
        await connection.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    }).catch((error: unknown) => {
      // Whatever the work rejected with is passed on as it is.
      throw failure?.error === error ? error : portError(error, 'projecting');
    });
  }
}

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw portError(error, 'projecting');
  }
}

/** Begins a transaction on a generation, the live one unless told; that one then cannot be swapped meanwhile. */
async function begin(connection: Connection, generation: number | undefined): Promise<number> {
  if (generation !== undefined) {
    await connection.query('BEGIN');
    return generation;
  }
  const results = (await connection.query(`BEGIN; ${HOLD_LIVE_SQL}`)) as unknown as pg.QueryResult[];
  return liveOf(results.at(-1)?.rows[0]);
}

/** After a commit without an answer nobody knows whether it was made. */
async function commit(connection: Connection): Promise<void> {
  let command: string;
  try {
    ({ command } = await connection.query('COMMIT'));
  } catch (cause) {
    const { kind, message } = portError(cause, 'committing');
    throw new PortError(kind === 'unavailable' ? 'timeout' : kind, message, { cause });
  }
  if (command !== 'COMMIT')
    throw new PortError('corrupt', 'a transaction whose statement had failed was to be committed');
}

interface Saving {
  readonly projection: ProjectionName;
  readonly afterSave: (write: ProgressWrite) => Promise<void>;
}

/** What one projection can do, over a transaction that is open. */
function transactionOf<Name extends ProjectionName>(
  session: Session,
  standing: Standing,
  { projection, afterSave }: Saving & { readonly projection: Name },
): ProjectionTransactions[Name] {
  const loadProgress = async () => standing.progress;
  const saving =
    <Write extends ProgressWrite>(save: (write: Write) => Promise<void>) =>
    (write: Write): Promise<void> =>
      guarded(async () => {
        await Promise.all([save(write), saveProgress(session, standing, write)]);
        await afterSave(write);
      });
  const transactions: { [Each in ProjectionName]: () => ProjectionTransactions[Each] } = {
    inventory: () => ({
      ...guardedAll(inventoryLoads(session)),
      loadProgress,
      save: saving((write) => saveInventory(session, write)),
    }),
    verification: () => ({
      loadProgress,
      loadStamps: (serials) => guarded(() => loadViews(session, serials)),
      save: saving(({ stamps }) => saveViews(session, stamps)),
    }),
    'audit-index': () => ({
      loadProgress,
      loadIndexed: (positions) => guarded(() => indexedPositions(session, positions)),
      save: saving(({ events }) => appendEvents(session, events)),
    }),
  };
  return transactions[projection]();
}

type Call = (...values: never[]) => Promise<unknown>;

/** The same calls, with what they reject turned into a PortError. */
function guardedAll<Calls extends { readonly [Name in keyof Calls]: Call }>(calls: Calls): Calls {
  const wrapped = Object.entries<Call>(calls).map(([name, call]) => [
    name,
    (...values: never[]) => guarded(() => call(...values)),
  ]);
  return Object.fromEntries(wrapped) as Calls;
}
