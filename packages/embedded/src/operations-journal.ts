import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromMilliseconds, toMilliseconds } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import {
  type JournalEntries,
  type JournalReport,
  type JournalWindow,
  LIMITS,
  type OperationsJournal,
  PortError,
  type ProcessRun,
  type ProjectionName,
} from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { LIMIT } from './limit.js';
import { privateFile } from './private-file.js';
import { toPortError } from './sqlite-errors.js';

const VERSION = 2;
const MINUTE_MILLISECONDS = 60_000;

const CREATE = `
  CREATE TABLE refusal (minute TEXT NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (minute, kind))
    STRICT, WITHOUT ROWID;
  CREATE TABLE lag (minute TEXT NOT NULL, projection TEXT NOT NULL, milliseconds INTEGER NOT NULL,
    PRIMARY KEY (minute, projection)) STRICT, WITHOUT ROWID;
  CREATE TABLE run (instance TEXT PRIMARY KEY, service TEXT NOT NULL, version TEXT NOT NULL, started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL, stopped_at TEXT) STRICT, WITHOUT ROWID;
  CREATE INDEX run_by_start ON run (started_at);
`;
/** What version 2 added. */
const CREATE_SEAL_GAPS = `
  CREATE TABLE seal_gap (from_time TEXT PRIMARY KEY, to_time TEXT NOT NULL, events INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};
`;

const SQL = {
  refuse: `INSERT INTO refusal VALUES (?, ?, ?) ON CONFLICT (minute, kind) DO UPDATE SET count = count + excluded.count`,
  lag: `INSERT INTO lag VALUES (?, ?, ?)
    ON CONFLICT (minute, projection) DO UPDATE SET milliseconds = max(milliseconds, excluded.milliseconds)`,
  run: 'INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?)',
  sealGap: 'INSERT OR REPLACE INTO seal_gap VALUES (?, ?, ?)',
  forget: [
    'DELETE FROM refusal WHERE minute < ?',
    'DELETE FROM lag WHERE minute < ?',
    'DELETE FROM run WHERE seen_at < ?',
    'DELETE FROM seal_gap WHERE to_time < ?',
  ],
  refusals:
    'SELECT kind, sum(count) FROM refusal WHERE minute > ? AND minute < ? GROUP BY kind ORDER BY kind',
  lags: `SELECT projection, max(milliseconds) FROM lag WHERE minute > ? AND minute < ?
    GROUP BY projection ORDER BY projection`,
  runs: `SELECT instance, service, version, started_at, seen_at, stopped_at FROM run
    WHERE started_at < ? AND coalesce(stopped_at, seen_at) >= ? ORDER BY started_at, instance ${LIMIT}`,
  sealGaps: `SELECT from_time, to_time, events FROM seal_gap WHERE from_time < ? AND to_time >= ?
    ORDER BY from_time ${LIMIT}`,
} as const;

type RunRow = [string, string, string, string, string, string | null];

/**
 * Opens the journal in `journal.sqlite`, on the calling thread. Losing the file loses what outage reports say of
 * refusals, lag and processes, and nothing else. Rejects with a PortError.
 */
export async function openEmbeddedOperationsJournal({
  directory,
}: {
  readonly directory: string;
}): Promise<OperationsJournal> {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return journalOn(open(join(directory, 'journal.sqlite')));
  } catch (error) {
    throw toPortError(error, 'opening journal.sqlite');
  }
}

function open(file: string): Database.Database {
  const db = new Database(privateFile(file));
  try {
    db.pragma('journal_mode = WAL');
    // A crash of the process loses nothing by this, one of the machine the last moments.
    db.pragma('synchronous = NORMAL');
    const version = Number(db.pragma('user_version', { simple: true }));
    if (version === 0) db.transaction(() => db.exec(CREATE + CREATE_SEAL_GAPS)).immediate();
    else if (version === 1) db.transaction(() => db.exec(CREATE_SEAL_GAPS)).immediate();
    else if (version !== VERSION) throw new PortError('corrupt', `journal.sqlite has version ${version}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function journalOn(db: Database.Database): OperationsJournal {
  const refuse = db.prepare<[string, string, number]>(SQL.refuse);
  const lag = db.prepare<[string, string, number]>(SQL.lag);
  const run = db.prepare<RunRow>(SQL.run);
  const sealGap = db.prepare<[string, string, number]>(SQL.sealGap);
  const forget = SQL.forget.map((sql) => db.prepare<[string]>(sql));
  const store = db.transaction((entries: JournalEntries, expiry: string) => {
    for (const { minute, kind, count } of entries.refusals) refuse.run(minute, kind, count);
    for (const { minute, projection, milliseconds } of entries.lags)
      lag.run(minute, projection, milliseconds);
    for (const { from, to, events } of entries.sealGaps) sealGap.run(from, to, events);
    if (entries.run !== undefined) run.run(...rowOf(entries.run));
    for (const statement of forget) statement.run(expiry);
  });
  const guarded = async <Result>(doing: string, work: () => Result): Promise<Result> => {
    if (!db.open) throw new PortError('unavailable', 'the journal is closed');
    try {
      return work();
    } catch (error) {
      throw toPortError(error, doing);
    }
  };
  return {
    record: (entries, now) =>
      guarded('writing the journal', () =>
        store.immediate(entries, fromMilliseconds(toMilliseconds(now) - LIMITS.journalMilliseconds)),
      ),
    report: (window) => guarded('reading the journal', () => reportOf(db, window)),
    close: async () => void db.close(),
  };
}

function reportOf(db: Database.Database, { from, to }: JournalWindow): JournalReport {
  const after = fromMilliseconds(toMilliseconds(from) - MINUTE_MILLISECONDS);
  const refusals = db.prepare<[string, string], [string, number]>(SQL.refusals).raw().all(after, to);
  const lags = db.prepare<[string, string], [ProjectionName, number]>(SQL.lags).raw().all(after, to);
  const runs = db
    .prepare<[string, string, number], RunRow>(SQL.runs)
    .raw()
    .all(to, from, LIMITS.queryRows + 1);
  const sealGaps = db
    .prepare<[string, string, number], [Instant, Instant, number]>(SQL.sealGaps)
    .raw()
    .all(to, from, LIMITS.queryRows);
  return {
    refusals: refusals.map(([kind, count]) => ({ kind, count })),
    lags: lags.map(([projection, milliseconds]) => ({ projection, milliseconds })),
    runs: runs.slice(0, LIMITS.queryRows).map(runOf),
    hasMoreRuns: runs.length > LIMITS.queryRows,
    sealGaps: sealGaps.map(([begun, ended, events]) => ({ from: begun, to: ended, events })),
  };
}

const rowOf = ({ instance, service, version, startedAt, seenAt, stoppedAt }: ProcessRun): RunRow => [
  instance,
  service,
  version,
  startedAt,
  seenAt,
  stoppedAt ?? null,
];

const runOf = ([instance, service, version, startedAt, seenAt, stoppedAt]: RunRow): ProcessRun => ({
  instance,
  service,
  version,
  startedAt: startedAt as Instant,
  seenAt: seenAt as Instant,
  ...(stoppedAt === null ? {} : { stoppedAt: stoppedAt as Instant }),
});
