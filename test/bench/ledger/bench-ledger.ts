import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { type LedgerProcess, startLedgerProcess } from '../../support/server-process.js';
import type { Lives } from './lives.js';
import { seedLog } from './seed.js';

const CATCH_UP_MILLISECONDS = 900_000;
const LAG = /^stamp_ledger_projection_lag_positions\{[^}]*\} (\d+)$/gm;
const SETTLE_MILLISECONDS = 300;

/**
 * A ledger in its own process on a log that was written beforehand, with read models that are up with it. `prepare` is given
 * the directory before the ledger starts; `variables` are the ledger's own.
 */
export async function startSeeded(
  lives: Lives,
  {
    prepare = async () => undefined,
    variables = {},
  }: {
    readonly prepare?: (directory: string) => Promise<void>;
    readonly variables?: Readonly<Record<string, string>>;
  } = {},
): Promise<LedgerProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-bench-'));
  try {
    await seedLog(directory, lives);
    await prepare(directory);
    const ledger = await startLedgerProcess({ directory, variables });
    await caughtUp(ledger);
    return ledger;
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Resolves when every read model has seen the whole log. */
export async function caughtUp({ url }: Pick<LedgerProcess, 'url'>): Promise<void> {
  await eventually(async () => (await lagPositions(url)) === 0, {
    what: 'the read models',
    milliseconds: CATCH_UP_MILLISECONDS,
  });
}

/** Positions of the log that the slowest read model has still to see. Nothing is shown while the log is empty. */
async function lagPositions(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`);
  const lags = [...(await answer.text()).matchAll(LAG)].map(([, lag]) => Number(lag));
  return Math.max(0, ...lags);
}

/** Read models and garbage of the round before must not be paid for by the next. */
export async function settle(ledger: LedgerProcess): Promise<void> {
  await caughtUp(ledger);
  await sleep(SETTLE_MILLISECONDS);
}
