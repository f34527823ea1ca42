import type { Position } from '@stamp-ledger/codec';
import { eventually } from '../../support/eventually.js';
import { queryPostgres } from '../../support/postgres-server.js';

const SETTLE_MILLISECONDS = 900_000;
/** The share of the messages that must have been taken before the time is taken: until then members join. */
const STARTED_SHARE = 0.05;

export interface Run {
  /** From when a twentieth was taken to the last row. */
  readonly perSecond: number;
  /** From the start of the services: joining the group is in it. */
  readonly seconds: number;
}

/** Watches the read models in PostgreSQL until all of them are settled at `last` or behind it. */
export async function untilSettled(
  database: string,
  { events, last, since }: { readonly events: number; readonly last: Position; readonly since: number },
): Promise<Run> {
  let started: { readonly at: number; readonly taken: number } | undefined;
  let takenLast = 0;
  await eventually(
    async () => {
      const { taken, settled } = await standing(database);
      takenLast = taken;
      if (started === undefined && taken > events * STARTED_SHARE) started = { at: performance.now(), taken };
      return settled !== undefined && settled >= last;
    },
    { what: 'the read models', milliseconds: SETTLE_MILLISECONDS },
  );
  const now = performance.now();
  if (started === undefined) throw new Error('the read models settled before anything was taken');
  return {
    perSecond: ((takenLast - started.taken) * 1_000) / (now - started.at),
    seconds: (now - since) / 1_000,
  };
}

/** Messages that every projection has taken, and the position at which all of them are settled. */
async function standing(
  database: string,
): Promise<{ readonly taken: number; readonly settled: string | undefined }> {
  const [live] = await queryPostgres(database, 'SELECT generation FROM ledger.live');
  const models = `models_${Number(live?.generation)}`;
  const [row] = await queryPostgres(
    database,
    `SELECT (SELECT min(taken) FROM (
               SELECT coalesce(sum(next), 0) AS taken FROM ${models}.progress
                 LEFT JOIN ${models}.bus_offset USING (projection) GROUP BY projection) AS each) AS taken,
            (SELECT CASE WHEN count(settled_position) = count(*) THEN min(settled_position) END
               FROM ${models}.progress) AS settled`,
  );
  return { taken: Number(row?.taken ?? 0), settled: (row?.settled as string | null) ?? undefined };
}
