import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLedgerProcess } from '../../support/server-process.js';
import { residentBytes } from '../harness/process-usage.js';
import { caughtUp, settle } from './bench-ledger.js';
import { eventsOf, type Lives } from './lives.js';
import { seedLog } from './seed.js';

/** A ledger that holds so many stamps, with what it costs to hold them. */
export interface SizedLedger {
  readonly stamps: number;
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  readonly residentBytes: number;
  /** From the start of the process to its ready line, on data that an earlier one left behind when it was killed. */
  readonly startSeconds: number;
  readonly diskBytes: number;
  /** Events a second into all read models, when they were made for the first time; the start of the process is in it. */
  readonly projectedPerSecond: number;
  settle(): Promise<void>;
  stop(): Promise<unknown>;
}

export async function startSized({
  stamps,
  sold,
}: {
  readonly stamps: number;
  readonly sold: number;
}): Promise<SizedLedger> {
  const lives: Lives = { minted: stamps, allocated: stamps, sold: Math.min(sold, stamps), affixed: 0 };
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-sized-'));
  try {
    await seedLog(directory, lives);
    const projecting = performance.now();
    const first = await startLedgerProcess({ directory });
    await caughtUp(first);
    const projectedPerSecond = (eventsOf(lives) * 1_000) / (performance.now() - projecting);
    await first.kill();
    const starting = performance.now();
    const ledger = await first.restart();
    const startSeconds = (performance.now() - starting) / 1_000;
    await settle(ledger);
    return {
      stamps,
      url: ledger.url,
      token: ledger.token,
      pid: ledger.pid,
      residentBytes: residentBytes(ledger.pid),
      startSeconds,
      diskBytes: bytesIn(directory),
      projectedPerSecond,
      settle: () => settle(ledger),
      stop: () => ledger.stop(),
    };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

const bytesIn = (directory: string): number =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { name }) => sum + statSync(join(directory, name)).size, 0);
