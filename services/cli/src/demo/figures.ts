import { build, type Histogram } from 'hdr-histogram-js';

export type Operation =
  | 'order'
  | 'order to stamps'
  | 'affix'
  | 'reserve'
  | 'release'
  | 'outcome'
  | 'void'
  | 'refund'
  | 'verify'
  | 'look-up';

const HIGHEST_MICROSECONDS = 600_000_000;

export interface Latency {
  readonly operation: string;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const newHistogram = (): Histogram =>
  build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROSECONDS,
    numberOfSignificantValueDigits: 3,
  });

/** Counts and latencies of one run. */
export class Figures {
  readonly #latencies = new Map<Operation, Histogram>();
  readonly #perSecond: number[] = [];
  readonly #counts = new Map<string, number>();

  latency(operation: Operation, milliseconds: number): void {
    let histogram = this.#latencies.get(operation);
    if (histogram === undefined) {
      histogram = newHistogram();
      this.#latencies.set(operation, histogram);
    }
    const microseconds = Math.round(milliseconds * 1_000);
    histogram.recordValue(Math.min(HIGHEST_MICROSECONDS, Math.max(1, microseconds)));
  }

  /** An order was accepted at this moment of the rush. */
  acceptedOrder(atMilliseconds: number): void {
    const second = Math.floor(atMilliseconds / 1_000);
    this.#perSecond[second] = (this.#perSecond[second] ?? 0) + 1;
  }

  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  counted(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Accepted orders of the fullest second. */
  peakPerSecond(): number {
    return this.#perSecond.reduce((most, count) => Math.max(most, count ?? 0), 0);
  }

  /** Accepted orders a second over the fullest stretch of so many seconds. */
  sustainedPerSecond(seconds: number): number {
    const length = Math.max(1, Math.min(seconds, this.#perSecond.length));
    let sum = 0;
    let most = 0;
    for (let second = 0; second < this.#perSecond.length; second += 1) {
      sum += (this.#perSecond[second] ?? 0) - (this.#perSecond[second - length] ?? 0);
      most = Math.max(most, sum);
    }
    return most / length;
  }

  latencies(): Latency[] {
    return [...this.#latencies].map(([operation, histogram]) => summary(operation, histogram));
  }
}

export function summary(operation: string, histogram: Histogram): Latency {
  return {
    operation,
    count: histogram.totalCount,
    p50: histogram.getValueAtPercentile(50) / 1_000,
    p99: histogram.getValueAtPercentile(99) / 1_000,
    max: histogram.maxValue / 1_000,
  };
}

export { newHistogram };
