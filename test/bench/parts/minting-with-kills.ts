import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type LedgerClient } from '@stamp-ledger/client';
import { serialDeriver } from '@stamp-ledger/codec';
import type { BatchId } from '@stamp-ledger/domain';
import { type LedgerProcess, startLedgerProcess } from '../../support/server-process.js';
import type { Bench, Part } from '../harness/part.js';
import { peakResidentBytes } from '../harness/process-usage.js';
import { single } from '../harness/spread.js';

const STAMPS = 1_000_000;
const BATCH = 'bench' as BatchId;
/** The server is killed when so large a share of the stamps is minted. */
const KILLS = [0.2, 0.45, 0.8];
const POLL_MILLISECONDS = 100;
const DEADLINE_MILLISECONDS = 300_000;
const SECONDS_MAX = 60;
const RESIDENT_MEGABYTES_MAX = 500;

/** A million stamps through the API, with three kill -9 on the way, and what is in the log then. */
export const mintingWithKills: Part = {
  name: 'minting-with-kills',
  title: 'Minting a million stamps with three kill -9 on the way',
  run: async (bench) => {
    const stamps = bench.quick ? STAMPS / 50 : STAMPS;
    const figures = await measure(bench, stamps);
    return {
      rows: [
        {
          what: 'wall time, kills and restarts included',
          unit: 's',
          ours: single(figures.seconds),
          target: { kind: 'at-most', value: SECONDS_MAX },
        },
        { what: 'stamps minted', unit: '1/s', ours: single(stamps / figures.seconds) },
        {
          what: 'largest resident memory',
          unit: 'MB',
          ours: single(figures.residentBytes / 1e6),
          target: { kind: 'at-most', value: RESIDENT_MEGABYTES_MAX },
        },
        { what: 'kills that came in time', unit: '', ours: single(figures.kills) },
      ],
      audits: [
        { what: 'different stamps in the log', acknowledged: stamps, missing: stamps - figures.different },
        {
          what: 'stamps that are in the log once',
          acknowledged: stamps,
          missing: Math.abs(figures.found - stamps),
        },
        { what: 'serials that the key derives', acknowledged: stamps, missing: figures.foreign },
      ],
    };
  },
};

async function measure({ log }: Bench, stamps: number) {
  let server = await startLedgerProcess();
  let client = clientOf(server);
  let residentBytes = 0;
  const kills = KILLS.map((share) => share * stamps);
  const start = performance.now();
  await client.batches.open(
    { batchId: BATCH, denomination: { amount: '10000', currency: 'IDR' }, quantity: stamps, series: '2024' },
    { key: 'bench' },
  );
  for (;;) {
    if (performance.now() - start > DEADLINE_MILLISECONDS) throw new Error('minting did not end');
    const { body: batch } = await client.batches.get(BATCH);
    residentBytes = Math.max(residentBytes, peakResidentBytes(server.pid));
    if (batch.status === 'minted') break;
    const next = kills[0];
    if (next !== undefined && batch.minted >= next) {
      kills.shift();
      log(`${batch.minted} minted: kill -9`);
      server = await server.restart();
      client = clientOf(server);
    }
    await sleep(POLL_MILLISECONDS);
  }
  const seconds = (performance.now() - start) / 1000;
  log(`${stamps} minted in ${seconds.toFixed(1)} s; reading them back`);
  const counts = await readBack(client, server);
  residentBytes = Math.max(residentBytes, peakResidentBytes(server.pid));
  await server.stop();
  return { seconds, residentBytes, kills: KILLS.length - kills.length, ...counts };
}

const clientOf = ({ url, token }: LedgerProcess): LedgerClient => createClient({ baseUrl: url, token });

async function readBack(client: LedgerClient, { directory }: LedgerProcess) {
  const key = Buffer.from(readFileSync(join(directory, 'keys', 'serial.key'), 'utf8').trim(), 'hex');
  const { derive } = serialDeriver(key);
  const serials = new Set<string>();
  let found = 0;
  let foreign = 0;
  for await (const event of client.events.follow({ types: ['StampMinted'], stopAtHead: true })) {
    const { serial, index } = event.data as { serial: string; index: number };
    found++;
    serials.add(serial);
    if (derive(BATCH, index) !== serial) foreign++;
  }
  return { found, different: serials.size, foreign };
}
