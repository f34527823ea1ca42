import { stampStream } from '@stamp-ledger/codec';
import type { LedgerProcess } from '../../support/server-process.js';
import { failuresOf, type LoadResult, perSecond, runLoad } from '../harness/load/load.js';
import type { Bench, Part, PartResult } from '../harness/part.js';
import { countFsyncs, cpuSeconds, residentBytes } from '../harness/process-usage.js';
import { interleaved, roundsOf } from '../harness/rounds.js';
import { single, spreadOf } from '../harness/spread.js';
import { measureSqlite } from '../harness/sqlite-limit.js';
import { settle, startSeeded } from '../ledger/bench-ledger.js';
import { serialAt } from '../ledger/lives.js';
import { Acknowledged } from '../ledger/log-audit.js';
import { affixings } from '../ledger/requests.js';

const CONNECTIONS = 64;
/** Share of the rate just measured at which latency is taken: at more than the capacity there is only a queue. */
const LATENCY_SHARE = 0.8;
const TARGETS = { perSecond: 10_000, p99: 20 };
const LIMIT = 'SQLite alone, groups of 32';

/** One stamp affixed by each request: token, validation, decision, fsync, projections behind. */
export const command: Part = {
  name: 'command',
  title: 'Single commands over HTTP (affixing, 64 connections)',
  run: async (bench) => {
    const sizes = sizesOf(bench);
    const ledger = await startSeeded({
      minted: sizes.stamps,
      allocated: sizes.stamps,
      sold: sizes.stamps,
      affixed: 0,
    });
    try {
      return await new Run(bench, ledger, sizes).measure();
    } finally {
      await ledger.stop();
    }
  },
};

interface Sizes {
  readonly stamps: number;
  readonly perRound: number;
  readonly warmUp: number;
  readonly latencySeconds: number;
}

function sizesOf(bench: Bench): Sizes {
  const { quick } = bench;
  const perRound = quick ? 500 : 30_000;
  const warmUp = quick ? 200 : 10_000;
  // The open loop takes what is left: a round's worth for each, and a round for counting fsyncs.
  return {
    perRound,
    warmUp,
    stamps: warmUp + (2 * roundsOf(bench) + 1) * perRound,
    latencySeconds: quick ? 0.5 : 2,
  };
}

interface Sample {
  readonly perSecond: number;
  readonly cpuPerThousand?: number;
}

class Run {
  readonly #acknowledged = new Acknowledged('affixings', 'StampAffixed');
  #next = 0;

  constructor(
    private readonly bench: Bench,
    private readonly ledger: LedgerProcess,
    private readonly sizes: Sizes,
  ) {}

  async measure(): Promise<PartResult> {
    const { bench, ledger, sizes } = this;
    const samples = await interleaved<Sample>(bench, [
      {
        name: 'ours',
        warmUp: () => this.#closed(sizes.warmUp),
        round: () => this.#timed(),
      },
      {
        name: LIMIT,
        warmUp: async () => measureSqlite({ group: 32, events: sizes.warmUp }),
        round: async () => ({ perSecond: measureSqlite({ group: 32, events: sizes.perRound }) }),
      },
    ]);
    const ours = samples.get('ours') ?? [];
    const rate = spreadOf(ours.map(({ perSecond: value }) => value));
    const latencies: LoadResult[] = [];
    for (let round = 0; round < roundsOf(bench); round++) latencies.push(await this.#open(rate.median));
    const residentMegabytes = residentBytes(ledger.pid) / 1e6;
    const fsyncs = await this.#fsyncsPerCommand();
    const audit = await this.#acknowledged.auditAfterKill(ledger);
    const share = `at ${LATENCY_SHARE * 100} % of that rate, open loop`;
    return {
      rows: [
        {
          what: 'commands, closed loop',
          unit: '1/s',
          ours: rate,
          beside: { what: LIMIT, spread: spreadOf((samples.get(LIMIT) ?? []).map((of) => of.perSecond)) },
          target: { kind: 'at-least', value: TARGETS.perSecond },
        },
        {
          what: `p99 ${share}`,
          unit: 'ms',
          ours: spreadOf(latencies.map(({ latency }) => latency.p99)),
          target: { kind: 'at-most', value: TARGETS.p99 },
        },
        { what: `p50 ${share}`, unit: 'ms', ours: spreadOf(latencies.map(({ latency }) => latency.p50)) },
        { what: `p99.9 ${share}`, unit: 'ms', ours: spreadOf(latencies.map(({ latency }) => latency.p999)) },
        {
          what: 'CPU seconds of the server for 1,000 commands, read models included',
          unit: 's',
          ours: spreadOf(ours.map(({ cpuPerThousand = Number.NaN }) => cpuPerThousand)),
        },
        ...(fsyncs === undefined
          ? []
          : [{ what: 'fsyncs for one command (all files of the server)', unit: '', ours: single(fsyncs) }]),
        { what: 'resident memory', unit: 'MB', ours: single(residentMegabytes) },
      ],
      audits: [audit],
      notes: [
        fsyncs === undefined
          ? 'fsyncs were NOT counted: strace is absent or may not attach'
          : 'fsyncs were counted by strace in a round of its own, which it slows: groups are larger than at full speed. They include those of the read models, the idempotency keys and checkpoints.',
        'In the open loop latency runs from the moment a request was due; requests are made due every millisecond.',
      ],
    };
  }

  async #timed(): Promise<Sample> {
    await settle(this.ledger);
    const before = cpuSeconds(this.ledger.pid);
    const result = await this.#closed(this.sizes.perRound);
    await settle(this.ledger);
    const cpu = cpuSeconds(this.ledger.pid) - before;
    return { perSecond: perSecond(result), cpuPerThousand: (cpu * 1_000) / result.acknowledged.length };
  }

  #closed(count: number): Promise<LoadResult> {
    return this.#load(count, { seconds: 120 });
  }

  async #open(capacity: number): Promise<LoadResult> {
    await settle(this.ledger);
    const { perRound, latencySeconds } = this.sizes;
    const rate = capacity * LATENCY_SHARE;
    return this.#load(perRound, { seconds: Math.min(latencySeconds, perRound / rate), rate });
  }

  async #fsyncsPerCommand(): Promise<number | undefined> {
    await settle(this.ledger);
    const count = Math.min(this.sizes.perRound, 5_000);
    const fsyncs = await countFsyncs(this.ledger.pid, async () => {
      await this.#closed(count);
    });
    return fsyncs === undefined ? undefined : fsyncs / count;
  }

  async #load(count: number, how: { readonly seconds: number; readonly rate?: number }): Promise<LoadResult> {
    const first = this.#next;
    this.#next += count;
    if (this.#next > this.sizes.stamps) throw new Error('the stamps do not suffice');
    const { url, token } = this.ledger;
    const requests = affixings(first, first + count);
    const result = await runLoad({ url, token, requests, connections: CONNECTIONS, ...how });
    for (const index of result.acknowledged) this.#acknowledged.add(stampStream(serialAt(first + index)));
    const others = failuresOf(result);
    if (others !== undefined) throw new Error(`commands were not accepted: ${others}`);
    return result;
  }
}
