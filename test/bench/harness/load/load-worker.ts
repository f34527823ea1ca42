// The load generator: one thread that does nothing else. What it spends on a request is missing to the server, so there is
// no promise, no object and no text made for a single one of them where that can be helped.
import { parentPort, workerData } from 'node:worker_threads';
import { LatencyHistogram } from '../latency.js';
import { Lane } from './lane.js';
import { type Load, type LoadRequest, type LoadResult, requestText } from './load.js';

const TICK_MILLISECONDS = 1;
/**
 * Latency in the open loop is taken of what is due later than this: until the generator's own code is compiled, whatever is
 * due waits for it. Half of a load that is shorter than twice this. Later too the generator has its part in every latency:
 * a bare server asked at the same rate shows how much.
 */
const LEAD_IN_MILLISECONDS = 500;

/** A lane, and the request that is under way on it. */
interface Runner {
  lane: Lane | undefined;
  index: number;
  due: number;
}

class Generator {
  readonly #histogram = new LatencyHistogram();
  readonly #statuses: Record<string, number> = {};
  readonly #acknowledged: number[] = [];
  /** Of requests that are sent again and again. */
  readonly #texts: string[] = [];
  #sent = 0;
  #answered = 0;
  #measuredFrom = 0;
  #onAnswered: (runner: Runner, now: number) => void = () => undefined;
  #onFailed: (error: Error) => void = () => undefined;

  constructor(private readonly load: Load) {}

  async run(): Promise<LoadResult> {
    const runners = await this.#open();
    const start = performance.now();
    const { rate, seconds } = this.load;
    if (rate !== undefined) this.#measuredFrom = start + Math.min(LEAD_IN_MILLISECONDS, 500 * seconds);
    const last = await new Promise<number>((resolve, reject) => {
      this.#onFailed = reject;
      if (rate === undefined) this.#closedLoop(runners, { start, resolve });
      else this.#openLoop(runners, { start, rate, resolve });
    });
    for (const { lane } of runners) lane?.close();
    return {
      seconds: (last - start) / 1_000,
      statuses: this.#statuses,
      acknowledged: Uint32Array.from(this.#acknowledged),
      latency: this.#histogram.latency(),
    };
  }

  #open(): Promise<readonly Runner[]> {
    const { hostname, port } = new URL(this.load.url);
    return Promise.all(
      Array.from({ length: this.load.connections }, async () => {
        const runner: Runner = { lane: undefined, index: 0, due: 0 };
        runner.lane = await Lane.open(
          { host: hostname, port: Number(port) },
          {
            answered: (status) => this.#take(runner, status),
            failed: (error) => this.#onFailed(error),
          },
        );
        return runner;
      }),
    );
  }

  /** Resolves when the last answer came. */
  #closedLoop(
    runners: readonly Runner[],
    { start, resolve }: { readonly start: number; readonly resolve: (last: number) => void },
  ): void {
    const end = start + this.load.seconds * 1_000;
    let running = runners.length;
    this.#onAnswered = (runner, now) => {
      if (now < end && this.#hasMore()) this.#send(runner, now);
      else if (--running === 0) resolve(now);
    };
    for (const runner of runners) this.#onAnswered(runner, start);
  }

  #openLoop(
    runners: readonly Runner[],
    {
      start,
      rate,
      resolve,
    }: { readonly start: number; readonly rate: number; readonly resolve: (last: number) => void },
  ): void {
    const idle = [...runners];
    const total = Math.floor(rate * this.load.seconds);
    const interval = 1_000 / rate;
    const sendDue = (now: number): void => {
      for (let due = start + this.#sent * interval; due <= now && this.#sent < total; due += interval) {
        if (!this.#hasMore()) throw new Error('there are too few requests for this rate and time');
        const runner = idle.pop();
        if (runner === undefined) return;
        this.#send(runner, due);
      }
    };
    const ticking = setInterval(() => sendDue(performance.now()), TICK_MILLISECONDS);
    this.#onAnswered = (runner, now) => {
      idle.push(runner);
      sendDue(now);
      if (this.#answered < total) return;
      clearInterval(ticking);
      resolve(now);
    };
  }

  #hasMore(): boolean {
    return this.load.repeat === true || this.#sent < this.load.requests.length;
  }

  #send(runner: Runner, due: number): void {
    const { requests, repeat } = this.load;
    const index = this.#sent++ % requests.length;
    runner.index = index;
    runner.due = due;
    const text = this.#texts[index] ?? requestText(requests[index] as LoadRequest, this.load);
    if (repeat === true) this.#texts[index] = text;
    runner.lane?.send(text);
  }

  #take(runner: Runner, status: number): void {
    const now = performance.now();
    this.#answered += 1;
    if (runner.due >= this.#measuredFrom) this.#histogram.record(now - runner.due);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status >= 200 && status < 300) this.#acknowledged.push(runner.index);
    this.#onAnswered(runner, now);
  }
}

const generator = new Generator(workerData as Load);
parentPort?.postMessage(await generator.run());
