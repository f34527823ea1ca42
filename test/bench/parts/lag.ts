import { stampStream } from '@stamp-ledger/codec';
import type { LedgerProcess } from '../../support/server-process.js';
import { failuresOf, perSecond, runLoad } from '../harness/load/load.js';
import type { Part } from '../harness/part.js';
import { type Lag, probeLag } from '../harness/probe-lag.js';
import { roundsOf } from '../harness/rounds.js';
import { spreadOf } from '../harness/spread.js';
import { settle, startSeeded } from '../ledger/bench-ledger.js';
import { serialAt } from '../ledger/lives.js';
import { Acknowledged } from '../ledger/log-audit.js';
import { affixings } from '../ledger/requests.js';

const CONNECTIONS = 64;
const PROBE_MILLISECONDS = 20;
const POLL_MILLISECONDS = 2;
const P99_MILLISECONDS = 100;

/** How late the read models are while commands come at half the rate that the ledger can take. */
export const lag: Part = {
  name: 'lag',
  title: 'Read models behind the log at half load',
  run: async (bench) => {
    const seconds = bench.quick ? 1 : 6;
    const capacityCommands = bench.quick ? 500 : 30_000;
    const perRound = (bench.quick ? 1_000 : 8_000) * seconds;
    const stamps = capacityCommands + perRound * roundsOf(bench);
    const ledger = await startSeeded({ minted: stamps, allocated: stamps, sold: stamps, affixed: 0 });
    try {
      const capacity = await capacityOf(ledger, capacityCommands);
      const acknowledged = new Acknowledged('affixings by the probe', 'StampAffixed');
      const lags: Lag[] = [];
      for (let round = 0; round < roundsOf(bench); round++) {
        bench.log(`  round ${round + 1} of ${roundsOf(bench)}`);
        await settle(ledger);
        const from = capacityCommands + round * perRound;
        const result = await loadedRound(ledger, { from, to: from + perRound, rate: capacity / 2, seconds });
        for (const index of result.acknowledged) acknowledged.add(stampStream(serialAt(from + index)));
        lags.push(result);
      }
      return {
        rows: [
          { what: 'commands meanwhile', unit: '1/s', ours: spreadOf([capacity / 2]) },
          {
            what: 'acknowledged → readable, p99',
            unit: 'ms',
            ours: spreadOf(lags.map(({ latency }) => latency.p99)),
            target: { kind: 'at-most', value: P99_MILLISECONDS },
          },
          {
            what: 'acknowledged → readable, p50',
            unit: 'ms',
            ours: spreadOf(lags.map(({ latency }) => latency.p50)),
          },
          { what: 'probes in a round', unit: '', ours: spreadOf(lags.map(({ probes }) => probes)) },
        ],
        audits: [await acknowledged.auditAfterKill(ledger)],
        notes: [
          'A probe is an affixing and then plain look-ups until one shows it; the time of a look-up is in it.',
        ],
      };
    } finally {
      await ledger.stop();
    }
  },
};

async function capacityOf({ url, token }: LedgerProcess, count: number): Promise<number> {
  const requests = affixings(0, count);
  const result = await runLoad({ url, token, requests, connections: CONNECTIONS, seconds: 120 });
  return perSecond(result);
}

interface Round {
  readonly from: number;
  readonly to: number;
  readonly rate: number;
  readonly seconds: number;
}

async function loadedRound({ url, token }: LedgerProcess, { from, to, rate, seconds }: Round): Promise<Lag> {
  const probes = Math.floor((seconds * 1_000) / PROBE_MILLISECONDS);
  const loading = runLoad({
    url,
    token,
    requests: affixings(from + probes, to),
    connections: CONNECTIONS,
    seconds,
    rate: Math.min(rate, (to - from - probes) / seconds),
  });
  const [result, load] = await Promise.all([
    probeLag({
      url,
      token,
      commands: affixings(from, from + probes),
      readPath: (index) => `/v1/stamps/${serialAt(from + index)}`,
      everyMilliseconds: PROBE_MILLISECONDS,
      pollMilliseconds: POLL_MILLISECONDS,
      seconds,
    }),
    loading,
  ]);
  const failures = failuresOf(load);
  if (failures !== undefined) throw new Error(`commands were not accepted: ${failures}`);
  return result;
}
