// The load generator: one thread that does nothing else.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { LatencyHistogram } from '../latency.js';
import { Connection } from './connection.js';
import { type Load, type LoadRequest, type LoadResult, requestText } from './load.js';

const TICK_MILLISECONDS = 1;
/**
 * Latency in the open loop is taken of what is due later than this: the generator is slow itself in its first moments, and
 * whatever is due then waits for it, not for the server. Half of a load that is shorter than twice this.
 */
const LEAD_IN_MILLISECONDS = 500;

class Generator {
  readonly #histogram = new LatencyHistogram();
  readonly #statuses: Record<string, number> = {};
  readonly #acknowledged: number[] = [];
  #sent = 0;
  #measuredFrom = 0;

  constructor(private readonly load: Load) {}

  async run(): Promise<LoadResult> {
    const { hostname, port } = new URL(this.load.url);
    const connections = await Promise.all(
      Array.from({ length: this.load.connections }, () =>
        Connection.open({ host: hostname, port: Number(port) }),
      ),
    );
    const start = performance.now();
    if (this.load.rate !== undefined)
      this.#measuredFrom = start + Math.min(LEAD_IN_MILLISECONDS, 500 * this.load.seconds);
    const last = await (this.load.rate === undefined
      ? this.#closed(connections, start)
      : this.#open(connections, { start, rate: this.load.rate }));
    for (const connection of connections) connection.close();
    return {
      seconds: (last - start) / 1_000,
      statuses: this.#statuses,
      acknowledged: Uint32Array.from(this.#acknowledged),
      latency: this.#histogram.latency(),
    };
  }

  /** Answers when the last answer came. */
  async #closed(connections: readonly Connection[], start: number): Promise<number> {
    const end = start + this.load.seconds * 1_000;
    await Promise.all(
      connections.map(async (connection) => {
        for (let now = performance.now(); now < end; now = performance.now()) {
          const index = this.#next();
          if (index === undefined) return;
          await this.#exchange(connection, { index, due: now });
        }
      }),
    );
    return performance.now();
  }

  async #open(
    connections: readonly Connection[],
    { start, rate }: { readonly start: number; readonly rate: number },
  ): Promise<number> {
    const idle = [...connections];
    const waiting: { readonly index: number; readonly due: number }[] = [];
    let first = 0;
    const running = new Set<Promise<void>>();
    const startWaiting = (): void => {
      for (let item = waiting[first]; item !== undefined && idle.length > 0; item = waiting[++first]) {
        const connection = idle.pop() as Connection;
        const exchange = this.#exchange(connection, item).finally(() => {
          running.delete(exchange);
          idle.push(connection);
          startWaiting();
        });
        running.add(exchange);
      }
    };
    const total = Math.floor(rate * this.load.seconds);
    for (let due = 0; due < total; ) {
      const now = performance.now();
      for (; due < total && start + (due * 1_000) / rate <= now; due++) {
        const index = this.#next();
        if (index === undefined) throw new Error('there are too few requests for this rate and time');
        waiting.push({ index, due: start + (due * 1_000) / rate });
      }
      startWaiting();
      await sleep(TICK_MILLISECONDS);
    }
    while (running.size > 0 || first < waiting.length) await Promise.all(running);
    return performance.now();
  }

  #next(): number | undefined {
    const { requests, repeat } = this.load;
    if (this.#sent >= requests.length && repeat !== true) return undefined;
    return this.#sent++ % requests.length;
  }

  async #exchange(
    connection: Connection,
    { index, due }: { readonly index: number; readonly due: number },
  ): Promise<void> {
    const { status } = await connection.send(
      requestText(this.load.requests[index] as LoadRequest, this.load),
    );
    if (due >= this.#measuredFrom) this.#histogram.record(performance.now() - due);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status >= 200 && status < 300) this.#acknowledged.push(index);
  }
}

const generator = new Generator(workerData as Load);
parentPort?.postMessage(await generator.run());
