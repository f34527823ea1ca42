import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '@stamp-ledger/codec';
import { orderStream, stampStream } from '@stamp-ledger/codec';
import type { OrderId, Serial } from '@stamp-ledger/domain';
import { openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import { failuresOf, type LoadRequest, runLoad } from '../harness/load/load.js';
import type { Bench, Part, PartResult } from '../harness/part.js';
import { single } from '../harness/spread.js';
import { startSeeded } from '../ledger/bench-ledger.js';
import { auditOrders, conservationDifferences, readOrderLog } from '../ledger/order-log.js';
import { affixingOf, orderIdAt, paidOrders } from '../ledger/requests.js';

const STAMPS = 1_000_000;
const QUICK_STAMPS = 20_000;
const SECONDS_MAX = 600;
/** Orders sent while the stamps of those before are affixed. */
const WAVE = 5_000;
const QUICK_WAVE = 1_000;
/** For orders, and as many for affixings. */
const CONNECTIONS = 45;
const WAVE_SECONDS_MAX = 300;
/** What is refused is sent again after a moment; so often at most. */
const ATTEMPTS = 20;
const PAUSE_MILLISECONDS = 1_000;
const REFUSED = '503';

/** The day on which a million stamps were affixed, with their orders, as fast as this machine can. */
export const rushDay: Part = {
  name: 'rush-day',
  title: 'A day of a million orders and affixings, in minutes',
  run: (bench) => liveTheDay(bench),
};

async function liveTheDay(bench: Bench): Promise<PartResult> {
  const stamps = bench.quick ? QUICK_STAMPS : STAMPS;
  const wave = bench.quick ? QUICK_WAVE : WAVE;
  const ledger = await startSeeded({ minted: stamps, allocated: stamps, sold: 0, affixed: 0 });
  const { url, token, directory } = ledger;
  const fulfilments = new Fulfilments(directory);
  let refused = 0;
  const send = async (requests: readonly LoadRequest[]): Promise<void> => {
    let left = requests;
    for (let attempt = 1; left.length > 0; attempt++) {
      if (attempt > ATTEMPTS) throw new Error(`${left.length} requests were not accepted`);
      const { acknowledged, statuses } = await runLoad({
        url,
        token,
        requests: left,
        connections: CONNECTIONS,
        seconds: WAVE_SECONDS_MAX,
      });
      const failures = failuresOf({ statuses: { ...statuses, [REFUSED]: 0 } });
      if (failures !== undefined) throw new Error(`not everything was accepted: ${failures}`);
      const accepted = new Set(acknowledged);
      left = left.filter((_, index) => !accepted.has(index));
      refused += statuses[REFUSED] ?? 0;
      if (left.length > 0) await sleep(PAUSE_MILLISECONDS);
    }
  };
  try {
    const rates: number[] = [];
    const affixed: Serial[] = [];
    const begun = performance.now();
    let sold: readonly Serial[] = [];
    for (let ordered = 0; affixed.length < stamps; ) {
      const start = performance.now();
      const next = Math.min(stamps, ordered + wave);
      const serials = sold;
      const sending = Promise.all([send(paidOrders(ordered, next)), send(serials.map(affixingOf))]);
      // Read while the ledger has work: it is not to wait for that.
      sold = fulfilments.take();
      await sending;
      ordered = next;
      affixed.push(...serials);
      if (serials.length > 0) rates.push((serials.length * 1_000) / (performance.now() - start));
      if (Math.floor(affixed.length / 50_000) > Math.floor((affixed.length - serials.length) / 50_000))
        bench.log(`  ${affixed.length} affixed after ${Math.round((performance.now() - begun) / 1_000)} s`);
    }
    const seconds = (performance.now() - begun) / 1_000;
    const differences = await conservationDifferences(ledger);
    await ledger.kill();
    const log = readOrderLog(directory);
    const orders = Array.from({ length: stamps }, (_, index) => orderStream(orderIdAt(index) as OrderId));
    return {
      rows: [
        {
          what: `${stamps} orders placed, fulfilled and their stamps affixed`,
          unit: 's',
          ours: single(seconds),
          ...(bench.quick ? {} : { target: { kind: 'at-most', value: SECONDS_MAX } as const }),
        },
        { what: 'orders and affixings, over the whole day', unit: '1/s', ours: single(stamps / seconds) },
        { what: 'largest rate of affixings in one wave', unit: '1/s', ours: single(Math.max(...rates)) },
        { what: 'refused, and sent again', unit: 'requests', ours: single(refused) },
      ],
      audits: [
        ...auditOrders('the day', orders, log),
        {
          what: 'affixings, in the log after kill -9',
          acknowledged: affixed.length,
          missing: affixed.filter((serial) => !log.affixed.has(stampStream(serial))).length,
        },
        {
          what: 'conservation of stamps and money',
          acknowledged: stamps,
          missing: differences,
        },
      ],
      notes: [
        `Two times ${CONNECTIONS} connections, each sending its next request when it has an answer: in each wave ${wave} orders, and beside them the affixing of every stamp that was known to be sold before. Five events for each stamp.`,
      ],
    };
  } finally {
    fulfilments.close();
    await ledger.stop();
  }
}

/** Stamps of fulfilled orders, read from the log's file beside the server: asking it would be load. */
class Fulfilments {
  readonly #reader: ReturnType<typeof openEmbeddedLogReader>;
  #after: Position | undefined;

  constructor(directory: string) {
    this.#reader = openEmbeddedLogReader({ directory });
    this.#after = this.#reader.head();
  }

  /** Those sold since the last time. */
  take(): Serial[] {
    const serials: Serial[] = [];
    for (;;) {
      const page = this.#reader.readAll({
        limit: LIMITS.readEvents,
        ...(this.#after === undefined ? {} : { after: this.#after }),
      });
      for (const { type, data } of page)
        if (type === 'OrderFulfilled')
          serials.push(...(JSON.parse(data) as { readonly serials: readonly Serial[] }).serials);
      const last = page.at(-1);
      if (last === undefined) return serials;
      this.#after = last.position;
    }
  }

  close(): void {
    this.#reader.close();
  }
}
