import { LatencyHistogram } from '../harness/latency.js';

/** A store that appends one event to a new stream of its own, at the revision that it expects, durably. */
export interface Appender {
  append(index: number): Promise<unknown>;
  close(): Promise<void>;
}

export interface AppendSample {
  readonly perSecond: number;
  readonly p99: number;
}

/** Appends `count` events with so many in flight; the next begins when one is acknowledged. */
export async function appendMany(
  appender: Appender,
  { from, count, inFlight }: { readonly from: number; readonly count: number; readonly inFlight: number },
): Promise<AppendSample> {
  const histogram = new LatencyHistogram();
  let next = from;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < from + count) {
        const index = next++;
        const began = performance.now();
        await appender.append(index);
        histogram.record(performance.now() - began);
      }
    }),
  );
  return {
    perSecond: (count * 1_000) / (performance.now() - start),
    p99: histogram.latency().p99,
  };
}
