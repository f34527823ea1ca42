import { createPublishedLog, type PublishedLog } from '@stamp-ledger/app';
import { entryText, type RecordedEvent, stampStream } from '@stamp-ledger/codec';
import { leafHash, parseTlogProof, TransparencyError, verifyTlogProof } from '@stamp-ledger/transparency';
import { LatencyHistogram } from '../harness/latency.js';
import type { Part } from '../harness/part.js';
import { measureSha256, SHA256_LIMIT } from '../harness/sha256.js';
import { single } from '../harness/spread.js';
import { eventsOf, serialAt } from '../ledger/lives.js';
import { ORIGIN, type SealableLog, sealedEvents, startSealable } from '../ledger/sealed-log.js';

const TARGET_MILLISECONDS = 5;
const WARM_UP = 200;
/** Far from each other, in an order that no cache can guess. */
const STRIDE = 7_919_999;

/** One proof at a time out of a large log: its files read, the hashes of the path made of them. */
export const proofs: Part = {
  name: 'proofs',
  title: 'A proof that an event is in the log',
  run: async (bench) => {
    const log = await startSealable(sealedEvents(bench));
    const sealing = await log.seal();
    try {
      const published = createPublishedLog({
        store: log.store,
        tiles: sealing.tiles,
        quorum: 1,
      });
      const logKeys = sealing.identity.signers.map(({ verifier }) => verifier);
      const isRight = (event: RecordedEvent, file: string): boolean => {
        const leaf = leafHash(Buffer.from(entryText(event)));
        return isProven(parseTlogProof(Buffer.from(file)), { leaf, origin: ORIGIN, logKeys });
      };
      const count = bench.quick ? 200 : 5_000;
      const latencies = new LatencyHistogram();
      let wrong = 0;
      for (let number = -WARM_UP; number < count; number++) {
        const event = await eventOf(log, number + WARM_UP);
        const { milliseconds, file } = await proven(published, event);
        if (number < 0) continue;
        latencies.record(milliseconds);
        if (file === undefined || !isRight(event, file)) wrong++;
      }
      const { p50, p99, max } = latencies.latency();
      return {
        rows: [
          {
            what: 'p99 of a single proof',
            unit: 'ms',
            ours: single(p99),
            target: { kind: 'at-most', value: TARGET_MILLISECONDS },
          },
          { what: 'p50 of a single proof', unit: 'ms', ours: single(p50) },
          { what: 'the slowest', unit: 'ms', ours: single(max) },
          {
            what: SHA256_LIMIT,
            unit: '1/s',
            ours: single(measureSha256({ seconds: bench.quick ? 0.1 : 1 })),
          },
        ],
        audits: [
          { what: 'proofs that verify, of events that are sealed', acknowledged: count, missing: wrong },
        ],
        notes: [
          `${count.toLocaleString('en')} proofs, one after the other, of events all over a log of ${log.events.toLocaleString('en')}. The tiles high up in the tree are in memory after the first proofs; each reads the checkpoint and its tile of leaves from files, which are in the page cache. The event was read before.`,
        ],
      };
    } finally {
      await sealing.close();
      await log.remove();
    }
  },
};

function isProven(...claim: Parameters<typeof verifyTlogProof>): boolean {
  try {
    verifyTlogProof(...claim);
    return true;
  } catch (error) {
    if (error instanceof TransparencyError) return false;
    throw error;
  }
}

/** The last event of some stamp. */
async function eventOf({ store, events }: SealableLog, number: number): Promise<RecordedEvent> {
  const stamps = Math.floor(
    events / eventsOf({ minted: 1, allocated: 1, sold: 1, affixed: 1, ordered: true }),
  );
  const stream = stampStream(serialAt((number * STRIDE) % stamps));
  const { events: found } = await store.readStream({ stream, limit: 9 });
  const event = found.at(-1);
  if (event === undefined) throw new Error(`${stream} has no events`);
  return event;
}

async function proven(published: PublishedLog, event: RecordedEvent) {
  const start = performance.now();
  const [proof] = await published.prove([event]);
  return { milliseconds: performance.now() - start, file: proof?.file };
}
