import { orderStream } from '@stamp-ledger/codec';
import type { OrderId } from '@stamp-ledger/domain';
import type { LedgerProcess } from '../../support/server-process.js';
import { failuresOf, runLoad } from '../harness/load/load.js';
import type { Part, PartResult } from '../harness/part.js';
import { cpuSeconds } from '../harness/process-usage.js';
import { roundsOf } from '../harness/rounds.js';
import { spreadOf } from '../harness/spread.js';
import { settle, startSeeded } from '../ledger/bench-ledger.js';
import { allFulfilled } from '../ledger/fulfilment.js';
import { Acknowledged } from '../ledger/log-audit.js';
import { orderIdAt, paidOrders } from '../ledger/requests.js';

const CONNECTIONS = 64;
const ORDERS_PER_SECOND = 4_000;

/** Orders of one stamp, paid as they are placed, until the last of them is fulfilled. */
export const orders: Part = {
  name: 'orders',
  title: 'Orders accepted and fulfilled (64 connections)',
  run: async (bench) => {
    const perRound = bench.quick ? 300 : 30_000;
    const warmUp = bench.quick ? 100 : 5_000;
    const stamps = warmUp + perRound * roundsOf(bench);
    const ledger = await startSeeded({ minted: stamps, allocated: stamps, sold: 0, affixed: 0 });
    try {
      const run = new Run(ledger);
      await run.round(warmUp);
      const samples: Sample[] = [];
      for (let round = 0; round < roundsOf(bench); round++) {
        bench.log(`  round ${round + 1} of ${roundsOf(bench)}`);
        await settle(ledger);
        samples.push(await run.round(perRound));
      }
      return await run.result(samples);
    } finally {
      await ledger.stop();
    }
  },
};

interface Sample {
  readonly fulfilledPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly cpuPerThousand: number;
}

class Run {
  readonly #fulfilled = new Acknowledged('accepted orders, fulfilled', 'OrderFulfilled');
  #next = 0;

  constructor(private readonly ledger: LedgerProcess) {}

  async round(count: number): Promise<Sample> {
    const first = this.#next;
    this.#next += count;
    const { url, token, pid } = this.ledger;
    const cpu = cpuSeconds(pid);
    const start = performance.now();
    const requests = paidOrders(first, first + count);
    const result = await runLoad({ url, token, requests, connections: CONNECTIONS, seconds: 300 });
    const acceptedSeconds = (performance.now() - start) / 1_000;
    const failures = failuresOf(result);
    if (failures !== undefined) throw new Error(`orders were not accepted: ${failures}`);
    const streams = [...result.acknowledged].map((index) => orderStream(orderIdAt(first + index) as OrderId));
    await allFulfilled(this.ledger.directory, streams);
    const seconds = (performance.now() - start) / 1_000;
    for (const stream of streams) this.#fulfilled.add(stream);
    return {
      fulfilledPerSecond: count / seconds,
      acceptedPerSecond: count / acceptedSeconds,
      cpuPerThousand: ((cpuSeconds(pid) - cpu) * 1_000) / count,
    };
  }

  async result(samples: readonly Sample[]): Promise<PartResult> {
    const audit = await this.#fulfilled.auditAfterKill(this.ledger);
    return {
      rows: [
        {
          what: 'orders accepted and fulfilled, from the first request to the last fulfilment',
          unit: '1/s',
          measure: 'orders',
          ours: spreadOf(samples.map(({ fulfilledPerSecond }) => fulfilledPerSecond)),
          target: { kind: 'at-least', value: ORDERS_PER_SECOND },
        },
        {
          what: 'orders accepted meanwhile',
          unit: '1/s',
          ours: spreadOf(samples.map(({ acceptedPerSecond }) => acceptedPerSecond)),
        },
        {
          what: 'CPU seconds of the server for 1,000 orders',
          unit: 's',
          measure: 'order-cpu',
          ours: spreadOf(samples.map(({ cpuPerThousand }) => cpuPerThousand)),
        },
      ],
      audits: [audit],
      notes: ['Four events for each order: placed, paid, stamp sold, fulfilled.'],
    };
  }
}
