import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { PAYLOAD } from './payload.js';

/**
 * What better-sqlite3 alone can append durably, without any ledger around it: events a second, each at the expected
 * revision of its stream, in transactions of `group` events that are synced before the next begins.
 */
export function measureSqlite({
  group,
  events,
}: {
  readonly group: number;
  readonly events: number;
}): number {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-sqlite-'));
  const db = new Database(join(directory, 'log.sqlite'));
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec(`CREATE TABLE event (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL,
      id TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL, metadata TEXT NOT NULL, UNIQUE (stream, revision))`);
    const head = db
      .prepare<[string], number | null>('SELECT max(revision) FROM event WHERE stream = ?')
      .pluck();
    const insert = db.prepare(
      'INSERT INTO event (stream, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const append = db.transaction((from: number) => {
      for (let index = from; index < from + group; index++) {
        const stream = `stamp-${index}`;
        if ((head.get(stream) ?? null) !== null) throw new Error(`${stream} is not new`);
        insert.run(stream, 0, PAYLOAD.id(index), PAYLOAD.type, PAYLOAD.data(index), PAYLOAD.metadata);
      }
    });
    const start = performance.now();
    let count = 0;
    for (; count < events; count += group) append(count);
    return (count * 1_000) / (performance.now() - start);
  } finally {
    db.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
