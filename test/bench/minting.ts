import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type LedgerClient } from '@stamp-ledger/client';
import { serialDeriver } from '@stamp-ledger/codec';
import type { BatchId } from '@stamp-ledger/domain';
import { type LedgerProcess, startLedgerProcess } from '../support/server-process.js';

const STAMPS = 1_000_000;
const BATCH = 'bench' as BatchId;
/** The server is killed when so many stamps are minted. */
const KILLS = [200_000, 450_000, 800_000];
const POLL_MILLISECONDS = 100;
const DEADLINE_MILLISECONDS = 300_000;

export interface MintingFigures {
  readonly stamps: number;
  readonly seconds: number;
  readonly secondsMax: number;
  readonly residentBytes: number;
  readonly residentBytesMax: number;
  readonly kills: number;
  /** Stamps in the log, different ones among them, and ones that the key does not derive. */
  readonly found: number;
  readonly different: number;
  readonly foreign: number;
  readonly kept: boolean;
}

/** Mints a million stamps through the API, kills the server three times on the way, and counts what is in the log. */
export async function measureMinting({
  report,
}: {
  readonly report: (line: string) => void;
}): Promise<MintingFigures> {
  let server = await startLedgerProcess();
  let client = clientOf(server);
  let residentBytes = 0;
  const kills = [...KILLS];
  const start = performance.now();
  await client.batches.open(
    { batchId: BATCH, denomination: { amount: '10000', currency: 'IDR' }, quantity: STAMPS, series: '2024' },
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
      report(`${batch.minted} minted: kill -9`);
      server = await server.restart();
      client = clientOf(server);
    }
    await sleep(POLL_MILLISECONDS);
  }
  const seconds = (performance.now() - start) / 1000;
  report(`${STAMPS} minted in ${seconds.toFixed(1)} s; reading them back`);
  const counts = await readBack(client, server);
  residentBytes = Math.max(residentBytes, peakResidentBytes(server.pid));
  await server.stop();
  const limits = { secondsMax: 60, residentBytesMax: 500e6 };
  const kept =
    seconds < limits.secondsMax &&
    residentBytes < limits.residentBytesMax &&
    counts.found === STAMPS &&
    counts.different === STAMPS &&
    counts.foreign === 0 &&
    kills.length === 0;
  return {
    stamps: STAMPS,
    seconds,
    residentBytes,
    kills: KILLS.length - kills.length,
    ...counts,
    ...limits,
    kept,
  };
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

/** The kernel's high-water mark of resident memory. */
function peakResidentBytes(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}
