import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stampStream } from '@stamp-ledger/codec';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import type { EventStore } from '@stamp-ledger/ports';
import type { TestEngines } from '../../support/distributed.js';
import { type ServiceProcess, startService } from '../../support/service-process.js';
import { failuresOf, runLoad } from '../harness/load/load.js';
import type { Audit, Bench } from '../harness/part.js';
import { type Lag, probeLag } from '../harness/probe-lag.js';
import { roundsOf } from '../harness/rounds.js';
import { appendsOf, eventsOf, type Lives, serialAt } from '../ledger/lives.js';
import { affixings } from '../ledger/requests.js';
import { appendAll, writeSerialKey } from '../ledger/seed.js';
import { untilSettled } from './progress.js';

const COMMANDS_PER_SECOND = 500;
const PROBE_MILLISECONDS = 50;
/** Finer would be load on the API. */
const POLL_MILLISECONDS = 20;
const CONNECTIONS = 32;
const SERVICES = ['api', 'relay', 'projections'] as const;
const AFFIXED_REVISION = 3;

export interface EndToEnd {
  readonly perSecond: number;
  /** Milliseconds, by round. */
  readonly p99: readonly number[];
  readonly p50: readonly number[];
  readonly audits: readonly Audit[];
}

/** How long after an acknowledgement by the API its effect is readable there: log, relay, Kafka, projections, PostgreSQL. */
export async function measureEndToEnd(bench: Bench, engines: TestEngines): Promise<EndToEnd> {
  const seconds = bench.quick ? 5 : 15;
  const rounds = bench.quick ? 1 : roundsOf(bench);
  // One round more than is counted: the first meets processes that have done nothing yet.
  const stamps = COMMANDS_PER_SECOND * seconds * (rounds + 1);
  writeSerialKey(engines.variables.LEDGER_DATA_DIR ?? '');
  const log = await openEventStoreDb({ url: engines.eventStore.url });
  const services: ServiceProcess[] = [];
  try {
    const lives: Lives = { minted: stamps, allocated: stamps, sold: stamps, affixed: 0 };
    await appendAll(log, appendsOf(lives), 1);
    const last = await log.head();
    if (last === undefined) throw new Error('the log is empty');
    const since = performance.now();
    for (const name of SERVICES) services.push(await startService(name, engines.variables));
    const [api] = services;
    if (api === undefined) throw new Error('there is no API');
    const target: Target = {
      url: api.url,
      token: readFileSync(join(engines.variables.LEDGER_DATA_DIR ?? '', 'admin-token'), 'utf8').trim(),
    };
    // Not the last stamp alone: others are on other partitions.
    await untilSettled(engines.databaseUrl, { events: eventsOf(lives), last, since });
    const lags: Lag[] = [];
    const acknowledged: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      bench.log(round === 0 ? '  lag, warm-up' : `  lag, round ${round} of ${rounds}`);
      const from = round * COMMANDS_PER_SECOND * seconds;
      const one = await loadedRound(target, { from, seconds });
      if (round > 0) lags.push(one.lag);
      acknowledged.push(...one.acknowledged);
    }
    return {
      perSecond: COMMANDS_PER_SECOND,
      p99: lags.map(({ latency }) => latency.p99),
      p50: lags.map(({ latency }) => latency.p50),
      audits: [await auditOf(log, acknowledged)],
    };
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await log.close();
  }
}

interface Target {
  readonly url: string;
  readonly token: string;
}

async function loadedRound(
  { url, token }: Target,
  { from, seconds }: { readonly from: number; readonly seconds: number },
): Promise<{ readonly lag: Lag; readonly acknowledged: readonly number[] }> {
  const probes = Math.floor((seconds * 1_000) / PROBE_MILLISECONDS);
  const commands = COMMANDS_PER_SECOND * seconds;
  const [lag, load] = await Promise.all([
    probeLag({
      url,
      token,
      commands: affixings(from, from + probes),
      readPath: (index) => `/v1/stamps/${serialAt(from + index)}`,
      everyMilliseconds: PROBE_MILLISECONDS,
      pollMilliseconds: POLL_MILLISECONDS,
      seconds,
    }),
    runLoad({
      url,
      token,
      requests: affixings(from + probes, from + commands),
      connections: CONNECTIONS,
      seconds,
      rate: (commands - probes) / seconds,
    }),
  ]);
  const failures = failuresOf(load);
  if (failures !== undefined) throw new Error(`commands were not accepted: ${failures}`);
  return {
    lag,
    acknowledged: [
      ...lag.acknowledged.map((index) => from + index),
      ...[...load.acknowledged].map((index) => from + probes + index),
    ],
  };
}

async function auditOf(log: EventStore, acknowledged: readonly number[]): Promise<Audit> {
  let missing = 0;
  for (const index of acknowledged) {
    const { head } = await log.readStream({ stream: stampStream(serialAt(index)), limit: 1 });
    if (head === 'no-stream' || head < AFFIXED_REVISION) missing++;
  }
  return { what: 'affixings, in the event store', acknowledged: acknowledged.length, missing };
}
