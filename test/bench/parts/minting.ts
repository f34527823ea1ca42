import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@stamp-ledger/client';
import { batchStream } from '@stamp-ledger/codec';
import type { BatchId } from '@stamp-ledger/domain';
import { openEmbeddedEventStore, openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { eventually } from '../../support/eventually.js';
import { startPostgres } from '../../support/postgres-server.js';
import { type LedgerProcess, startLedgerProcess } from '../../support/server-process.js';
import type { Part, Row } from '../harness/part.js';
import { type Contender, interleaved } from '../harness/rounds.js';
import { spreadOf } from '../harness/spread.js';
import { measureSqlite } from '../harness/sqlite-limit.js';
import { settle } from '../ledger/bench-ledger.js';
import { DENOMINATION, SERIES } from '../ledger/lives.js';
import { installPeers } from '../peers/install.js';
import { type MessageDb, openMessageDb } from '../peers/message-db.js';
import { appendAt } from '../peers/ours.js';

const STAMPS = 10_000;
const TARGETS = { perSecond: 100_000, timesMessageDb: 2 };
const MINT_MILLISECONDS = 120_000;
const COMPLETED_REVISION = 1;

const LOG = 'our log: 10,000 streams in one call';
const API = 'through the API: from the command to the last stamp in the log';
const MESSAGE_DB = 'message-db 1.3.1, one statement';
const SQLITE = 'better-sqlite3 12.11.1 alone, one transaction';

/** Ten thousand stamps, which are ten thousand streams, by one command. */
export const minting: Part = {
  name: 'minting',
  title: 'Minting 10,000 stamps in one command',
  run: async (bench) => {
    const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-minting-'));
    const postgres = await startPostgres();
    const ledger = await startLedgerProcess();
    const notes: string[] = [];
    let messageDb: MessageDb | undefined;
    try {
      const contenders = [logContender(directory), apiContender(ledger), sqliteContender()];
      try {
        installPeers('servers', bench);
        messageDb = await openMessageDb(postgres, { database: 'message_store', connections: 1 });
        contenders.push(messageDbContender(messageDb));
      } catch (error) {
        const line = `**NOT RUN: ${MESSAGE_DB}**: ${error instanceof Error ? error.message : String(error)}`;
        bench.log(line);
        notes.push(line);
      }
      return { rows: rowsOf(await interleaved(bench, contenders)), notes };
    } finally {
      await messageDb?.close();
      await ledger.stop();
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

function rowsOf(samples: ReadonlyMap<string, readonly number[]>): Row[] {
  const rate = (name: string) =>
    spreadOf((samples.get(name) ?? []).map((milliseconds) => (STAMPS * 1_000) / milliseconds));
  const row = (what: string, beside: string, target?: Row['target']): Row => ({
    what,
    unit: 'stamps/s',
    ours: rate(what),
    ...(samples.has(beside) ? { beside: { what: beside, spread: rate(beside) } } : {}),
    ...(target === undefined ? {} : { target }),
  });
  return [
    row(API, SQLITE, { kind: 'at-least', value: TARGETS.perSecond }),
    row(API, MESSAGE_DB, { kind: 'ratio-at-least', value: TARGETS.timesMessageDb }),
    row(LOG, SQLITE, { kind: 'at-least', value: TARGETS.perSecond }),
    row(LOG, MESSAGE_DB, { kind: 'ratio-at-least', value: TARGETS.timesMessageDb }),
  ];
}

/** A store of its own for each round; opening it is not timed. */
function logContender(directory: string): Contender<number> {
  let rounds = 0;
  const round = async (): Promise<number> => {
    const place = join(directory, String(rounds++));
    mkdirSync(place);
    const store = await openEmbeddedEventStore({ directory: place });
    try {
      const appends = Array.from({ length: STAMPS }, (_, index) => appendAt(index));
      const start = performance.now();
      const results = await store.append(appends);
      const milliseconds = performance.now() - start;
      if (results.some(({ kind }) => kind !== 'appended'))
        throw new Error('a conflict where there can be none');
      return milliseconds;
    } finally {
      await store.close();
    }
  };
  return { name: LOG, warmUp: round, round };
}

function apiContender(ledger: LedgerProcess): Contender<number> {
  const client = createClient({ baseUrl: ledger.url, token: ledger.token });
  let batches = 0;
  const round = async (): Promise<number> => {
    await settle(ledger);
    const batchId = `bench-${batches++}` as BatchId;
    const log = openEmbeddedLogReader(ledger);
    try {
      const start = performance.now();
      await client.batches.open(
        { batchId, denomination: DENOMINATION, quantity: STAMPS, series: SERIES },
        { key: batchId },
      );
      // Watched in the log itself, without load on the server.
      await eventually(async () => log.streamHead(batchStream(batchId)) === COMPLETED_REVISION, {
        what: 'the minting',
        milliseconds: MINT_MILLISECONDS,
      });
      return performance.now() - start;
    } finally {
      log.close();
    }
  };
  return { name: API, warmUp: round, round };
}

const sqliteContender = (): Contender<number> => {
  const round = async (): Promise<number> =>
    (STAMPS * 1_000) / measureSqlite({ group: STAMPS, events: STAMPS });
  return { name: SQLITE, warmUp: round, round };
};

function messageDbContender(store: MessageDb): Contender<number> {
  let from = 0;
  const round = async (): Promise<number> => {
    const start = performance.now();
    await store.appendStreams(from, STAMPS);
    from += STAMPS;
    return performance.now() - start;
  };
  return { name: MESSAGE_DB, warmUp: round, round };
}
