import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type {
  BusMark,
  BusTransaction,
  KnownLineage,
  LineageId,
  Partition,
  ProjectionName,
  Settled,
} from '@stamp-ledger/ports';
import { POSTGRES_LIMITS } from '../limits.js';
import { arrayOf, RowWriter, type Session, type Statement } from '../statements.js';
import { text } from './columns.js';
import { settle } from './progress-table.js';

const SQL = {
  offsets: {
    name: 'bus_offsets',
    sql: 'SELECT partition, next FROM {models}.bus_offset WHERE projection = $1',
  },
  marks: {
    name: 'bus_marks',
    sql: 'SELECT position, recorded_at, offsets FROM {models}.bus_mark WHERE projection = $1 ORDER BY position',
  },
  lineage: {
    name: 'bus_lineage',
    sql: 'SELECT id, ancestors FROM {models}.bus_lineage WHERE projection = $1',
  },
  clearOffsets: {
    name: 'bus_clear_offsets',
    sql: 'DELETE FROM {models}.bus_offset WHERE projection = $1',
  },
  clearMarks: {
    name: 'bus_clear_marks',
    sql: 'DELETE FROM {models}.bus_mark WHERE projection = $1',
  },
  enter: {
    name: 'bus_enter',
    sql: `INSERT INTO {models}.bus_lineage (projection, id, ancestors) VALUES ($1, $2, $3)
      ON CONFLICT (projection) DO UPDATE SET id = excluded.id, ancestors = excluded.ancestors`,
  },
  forget: {
    name: 'bus_forget',
    sql: 'DELETE FROM {models}.bus_mark WHERE projection = $1 AND position = ANY($2::text[])',
  },
} as const satisfies Record<string, Statement>;

type Offsets = ReadonlyMap<Partition, bigint>;

const offsetWriter = new RowWriter<{
  readonly projection: ProjectionName;
  readonly offset: readonly [Partition, bigint];
}>({
  table: 'bus_offset',
  columns: { projection: 'text', partition: 'text', next: 'bigint' },
  key: ['projection', 'partition'],
  values: ({ projection, offset: [partition, next] }) => [projection, partition, String(next)],
});

const markWriter = new RowWriter<{ readonly projection: ProjectionName; readonly mark: BusMark }>({
  table: 'bus_mark',
  columns: { projection: 'text', position: 'text', recorded_at: 'text', offsets: 'text' },
  key: ['projection', 'position'],
  values: ({ projection, mark: { position, recordedAt, offsets } }) => [
    projection,
    position,
    recordedAt,
    JSON.stringify(Object.fromEntries([...offsets].map(([partition, next]) => [partition, String(next)]))),
  ],
});

/** A projection's place on the bus. `settled` is where it was settled when the transaction began. */
export function busTransaction(
  session: Session,
  projection: ProjectionName,
  settled: Settled | undefined,
): BusTransaction {
  let offsets: Offsets | undefined;
  let settledAt = settled?.position;
  const load = async (): Promise<Offsets> => {
    offsets ??= new Map(
      (await session.rows(SQL.offsets, [projection])).map(([partition, next]) => [
        text<Partition>(partition),
        BigInt(text(next)),
      ]),
    );
    return offsets;
  };
  return {
    loadOffsets: load,
    async loadLineage() {
      const row = await session.row(SQL.lineage, [projection]);
      return row && lineageFrom(text(row[0]), text(row[1]));
    },
    async enterLineage({ lineage: { id, ancestors }, offsets: entered, settled: atMost }) {
      offsets = new Map(entered);
      if (atMost !== undefined && settledAt !== undefined && settledAt > atMost.position) {
        settledAt = atMost.position;
        await settle(session, projection, atMost);
      }
      await session.rows(SQL.clearOffsets, [projection]);
      await session.rows(SQL.clearMarks, [projection]);
      await session.rows(SQL.enter, [projection, id, JSON.stringify(ancestors)]);
      await offsetWriter.write(
        session,
        [...entered].map((offset) => ({ projection, offset })),
      );
    },
    async saveOffsets({ offsets: reached, marks }) {
      const known = await load();
      const moved = [...reached].filter(([partition, next]) => next > (known.get(partition) ?? -1n));
      const all = new Map([...known, ...moved]);
      offsets = all;
      await offsetWriter.write(
        session,
        moved.map((offset) => ({ projection, offset })),
      );
      const stored = await loadMarks(session, projection);
      const best = greatestReached([...stored, ...marks], all);
      await keepMarks(session, projection, { stored, marks, after: best?.position });
      if (best === undefined || (settledAt !== undefined && best.position <= settledAt)) return;
      settledAt = best.position;
      await settle(session, projection, best);
    },
  };
}

const lineageFrom = (id: string, ancestors: string): KnownLineage => ({
  id: id as LineageId,
  ancestors: JSON.parse(ancestors) as LineageId[],
});

function greatestReached(marks: readonly BusMark[], offsets: Offsets): BusMark | undefined {
  let best: BusMark | undefined;
  for (const mark of marks)
    if ((best === undefined || mark.position > best.position) && isReached(mark, offsets)) best = mark;
  return best;
}

const isReached = (mark: BusMark, offsets: Offsets): boolean =>
  [...mark.offsets].every(([partition, next]) => (offsets.get(partition) ?? 0n) >= next);

/** Keeps the marks behind a position, old and new, and forgets the others. */
async function keepMarks(
  session: Session,
  projection: ProjectionName,
  {
    stored,
    marks,
    after = '' as Position,
  }: {
    readonly stored: readonly BusMark[];
    readonly marks: readonly BusMark[];
    readonly after: Position | undefined;
  },
): Promise<void> {
  const byPosition = new Map([...stored, ...marks].map((mark) => [mark.position, mark]));
  const behind = [...byPosition.values()]
    .filter(({ position }) => position > after)
    .sort((a, b) => (a.position < b.position ? -1 : 1));
  const kept = new Set(thinned(behind));
  const forgotten = stored.filter(({ position }) => {
    const mark = byPosition.get(position);
    return mark === undefined || !kept.has(mark);
  });
  if (forgotten.length > 0)
    await session.rows(SQL.forget, [projection, arrayOf(forgotten.map(({ position }) => position))]);
  const known = new Set(stored);
  await markWriter.write(
    session,
    [...kept].filter((mark) => !known.has(mark)).map((mark) => ({ projection, mark })),
  );
}

/** Too many marks are thinned out, the last one kept: the projection then settles in longer steps. */
function thinned(marks: readonly BusMark[]): readonly BusMark[] {
  if (marks.length <= POSTGRES_LIMITS.keptMarks) return marks;
  return thinned(marks.filter((_, index) => (marks.length - 1 - index) % 2 === 0));
}

async function loadMarks(session: Session, projection: ProjectionName): Promise<BusMark[]> {
  return (await session.rows(SQL.marks, [projection])).map(([position, recordedAt, offsets]) => ({
    position: text<Position>(position),
    recordedAt: text<Instant>(recordedAt),
    offsets: new Map(
      Object.entries(JSON.parse(text(offsets)) as Record<string, string>).map(([partition, next]) => [
        partition as Partition,
        BigInt(next),
      ]),
    ),
  }));
}
