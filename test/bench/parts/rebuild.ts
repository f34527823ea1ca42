import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@stamp-ledger/client';
import { eventually } from '../../support/eventually.js';
import { type Postgres, startPostgres } from '../../support/postgres-server.js';
import { type LedgerProcess, startLedgerProcess } from '../../support/server-process.js';
import type { Part } from '../harness/part.js';
import { peakResidentBytes } from '../harness/process-usage.js';
import { interleaved } from '../harness/rounds.js';
import { single, spreadOf } from '../harness/spread.js';
import { caughtUp } from '../ledger/bench-ledger.js';
import { eventsOf, type Lives } from '../ledger/lives.js';
import { rebuildIntoPostgres } from '../ledger/rebuild-into-postgres.js';
import { seedLog } from '../ledger/seed.js';

const TARGETS = { embedded: 150_000, postgres: 50_000 };
const REBUILD_MILLISECONDS = 900_000;
const ROUNDS = 3;

/** All read models from the log: beside the live ones in an embedded ledger, and into PostgreSQL. */
export const rebuild: Part = {
  name: 'rebuild',
  title: 'Rebuild of all read models',
  run: async (bench) => {
    const stamps = bench.quick ? 1_000 : 150_000;
    const lives: Lives = { minted: stamps, allocated: stamps, sold: stamps, affixed: stamps, ordered: true };
    const events = eventsOf(lives);
    const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-rebuild-'));
    await seedLog(directory, lives);
    const postgres = await startPostgres();
    const ledger = await startLedgerProcess({ directory });
    try {
      await caughtUp(ledger);
      const samples = await interleaved(
        bench,
        [
          {
            name: 'embedded',
            warmUp: async () => undefined,
            round: (round) => rebuildEmbedded(ledger, `bench-${round}`),
          },
          {
            name: 'into PostgreSQL',
            warmUp: async () => undefined,
            round: (round) => intoNewDatabase(postgres, directory, round),
          },
        ],
        bench.quick ? 1 : ROUNDS,
      );
      const rate = (name: string) =>
        spreadOf((samples.get(name) ?? []).map((milliseconds) => (events * 1_000) / milliseconds));
      return {
        rows: [
          {
            what: 'embedded, while the ledger is up',
            unit: 'events/s',
            ours: rate('embedded'),
            target: { kind: 'at-least', value: TARGETS.embedded },
          },
          {
            what: 'into PostgreSQL, from the embedded log',
            unit: 'events/s',
            ours: rate('into PostgreSQL'),
            target: { kind: 'at-least', value: TARGETS.postgres },
          },
          {
            what: 'largest resident memory of the embedded ledger',
            unit: 'MB',
            ours: single(peakResidentBytes(ledger.pid) / 1e6),
          },
        ],
        notes: [
          `${events.toLocaleString('en')} events of ${stamps.toLocaleString('en')} stamps: minted, allocated, sold by an order each, affixed.`,
          'Every event is decoded and its revision checked against its row; the log is checked for gaps as it is read.',
        ],
      };
    } finally {
      await ledger.stop();
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** Milliseconds from the request to the swap. */
async function rebuildEmbedded({ url, token }: LedgerProcess, key: string): Promise<number> {
  const client = createClient({ baseUrl: url, token });
  const start = performance.now();
  const { body } = await client.rebuilds.start({ key });
  await eventually(
    async () => {
      const { status, detail } = (await client.rebuilds.get(body.rebuildId)).body;
      if (status === 'failed') throw new Error(`the rebuild failed: ${detail}`);
      return status === 'done';
    },
    { what: 'the rebuild', milliseconds: REBUILD_MILLISECONDS },
  );
  return performance.now() - start;
}

async function intoNewDatabase(postgres: Postgres, directory: string, round: number): Promise<number> {
  const url = await postgres.createDatabase(`rebuild-${round}`);
  return rebuildIntoPostgres({ directory, url });
}
