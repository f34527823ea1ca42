import { Worker } from 'node:worker_threads';
import { PAYLOAD } from './payload.js';

export const JSON_LIMIT = 'events read from JSON and written again, one thread';
/** Less than the one thread's, where the machine's processors are two halves of a core, or shared with others. */
export const JSON_LIMIT_SHARED = 'the same, each of two threads at once';

/** What so many threads do at once: events a second, each thread's, on the mean. */
export async function measureJson({
  seconds,
  threads,
}: {
  readonly seconds: number;
  readonly threads: 1 | 2;
}): Promise<number> {
  const rates = await Promise.all(Array.from({ length: threads }, () => rateOfThread(seconds)));
  return rates.reduce((sum, rate) => sum + rate, 0) / threads;
}

const rateOfThread = (seconds: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./json-worker.js', import.meta.url), { workerData: seconds });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without a rate')));
  });

/** In the calling thread. */
export function jsonPerSecond(seconds: number): number {
  const { metadata } = PAYLOAD;
  const text = `{"data":${PAYLOAD.data(1)},"metadata":${metadata}}`;
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < seconds * 1_000; count += 100)
    for (let index = 0; index < 100; index++) {
      const event = JSON.parse(text) as { index?: number };
      event.index = index;
      JSON.stringify(event);
    }
  return (count * 1_000) / (performance.now() - start);
}
