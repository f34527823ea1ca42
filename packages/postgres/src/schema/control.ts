import { byteWise } from './models.js';

/** What is not derived from the log, or is about the generations of what is. */
export const CONTROL_SQL = byteWise(`
  CREATE TABLE ledger.generation (number INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
  CREATE TABLE ledger.live (single INT PRIMARY KEY DEFAULT 1 CHECK (single = 1), generation INT NOT NULL REFERENCES ledger.generation);
  CREATE TABLE ledger.rebuild (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    events_done BIGINT NOT NULL DEFAULT 0, events_total BIGINT NOT NULL DEFAULT 0, detail TEXT
  );
  CREATE UNIQUE INDEX rebuild_running ON ledger.rebuild (status) WHERE status = 'running';
  CREATE TABLE ledger.idempotency_key (
    key TEXT PRIMARY KEY, request_hash TEXT NOT NULL, at BIGINT NOT NULL, owner INT, known BOOLEAN NOT NULL DEFAULT false,
    status INT, headers TEXT, body TEXT
  );
  CREATE INDEX idempotency_key_by_time ON ledger.idempotency_key (at);
  CREATE TABLE ledger.refusal (minute TEXT NOT NULL, kind TEXT NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (minute, kind));
  CREATE TABLE ledger.lag (minute TEXT NOT NULL, projection TEXT NOT NULL, milliseconds BIGINT NOT NULL,
    PRIMARY KEY (minute, projection));
  CREATE TABLE ledger.run (instance TEXT PRIMARY KEY, service TEXT NOT NULL, version TEXT NOT NULL, started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL, stopped_at TEXT);
  CREATE INDEX run_by_start ON ledger.run (started_at);
`);

/** Delays of sealing. */
export const SEAL_GAP_SQL = byteWise(
  'CREATE TABLE ledger.seal_gap (from_time TEXT PRIMARY KEY, to_time TEXT NOT NULL, events BIGINT NOT NULL);',
);
