import { stampStream } from '@stamp-ledger/codec';
import { failuresOf, type LoadResult, perSecond, runLoad } from '../harness/load/load.js';
import type { Audit, Bench } from '../harness/part.js';
import { roundsOf } from '../harness/rounds.js';
import { settle, startSeeded } from './bench-ledger.js';
import { serialAt } from './lives.js';
import { Acknowledged } from './log-audit.js';
import { affixings } from './requests.js';

const CONNECTIONS = 64;
const SECONDS_MAX = 300;

/** A ledger that is given one command after another: an affixing each, of a stamp of its own. */
export interface HttpCommands {
  readonly url: string;
  readonly pid: number;
  warmUp(): Promise<void>;
  /** A round's worth, each connection sending the next when it has an answer. */
  round(): Promise<{ readonly perSecond: number; readonly p99: number; readonly count: number }>;
  /** Commands that are due at a rate, for as long as a round's worth lasts, but no longer than `seconds`. */
  openRound(how: { readonly rate: number; readonly seconds: number }): Promise<LoadResult>;
  /** Waits until the read models are up with the log. */
  settle(): Promise<void>;
  /** Kills the ledger and looks for everything that it acknowledged. */
  audit(): Promise<Audit>;
  stop(): Promise<unknown>;
}

/** Starts one with stamps for the warm-up and so many rounds. */
export async function startHttpCommands(
  bench: Bench,
  rounds = roundsOf(bench),
  prepare?: (directory: string) => Promise<void>,
): Promise<HttpCommands> {
  const perRound = bench.quick ? 500 : 30_000;
  const warmUp = bench.quick ? 200 : 10_000;
  const stamps = warmUp + rounds * perRound;
  const ledger = await startSeeded(
    { minted: stamps, allocated: stamps, sold: stamps, affixed: 0 },
    prepare && { prepare },
  );
  const acknowledged = new Acknowledged('affixings', 'StampAffixed');
  let next = 0;
  async function load(
    count: number,
    how: { readonly seconds: number; readonly rate?: number },
  ): Promise<LoadResult> {
    const first = next;
    next += count;
    if (next > stamps) throw new Error('the stamps do not suffice');
    const { url, token } = ledger;
    const requests = affixings(first, first + count);
    const result = await runLoad({ url, token, requests, connections: CONNECTIONS, ...how });
    for (const index of result.acknowledged) acknowledged.add(stampStream(serialAt(first + index)));
    const failures = failuresOf(result);
    if (failures !== undefined) throw new Error(`commands were not accepted: ${failures}`);
    return result;
  }
  return {
    url: ledger.url,
    pid: ledger.pid,
    warmUp: async () => {
      await load(warmUp, { seconds: SECONDS_MAX });
    },
    round: async () => {
      await settle(ledger);
      const result = await load(perRound, { seconds: SECONDS_MAX });
      return { perSecond: perSecond(result), p99: result.latency.p99, count: result.acknowledged.length };
    },
    openRound: async ({ rate, seconds }) => {
      await settle(ledger);
      return load(perRound, { rate, seconds: Math.min(seconds, perRound / rate) });
    },
    settle: () => settle(ledger),
    audit: () => acknowledged.auditAfterKill(ledger),
    stop: () => ledger.stop(),
  };
}
