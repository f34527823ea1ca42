import type { Instant } from '@stamp-ledger/domain';
import {
  type Clock,
  type LagPeak,
  LIMITS,
  type OperationsJournal,
  PortError,
  type ProcessRun,
  type RefusalCount,
  type SealGap,
} from '@stamp-ledger/ports';

export interface RecorderOptions {
  readonly journal: OperationsJournal;
  readonly clock: Clock;
  readonly run: Pick<ProcessRun, 'instance' | 'service' | 'version'>;
  /** How far the read models are behind now; none for a process that does not read them. */
  readonly lags: () => Promise<readonly Omit<LagPeak, 'minute'>[]>;
  /** What a sealer in this process found since it was asked the last time. */
  readonly sealGaps?: () => readonly SealGap[];
  /** The journal cannot be written now; what was to be written is kept and tried again. */
  readonly onPortError: (error: PortError) => void;
}

/**
 * Gathers what a process has to tell the operations journal and writes it every few seconds. Counting is a step in
 * memory: a command never waits for the journal, and never fails because of it.
 */
export class OperationsRecorder {
  readonly #startedAt: Instant;
  /** Counts by minute and kind, oldest minute first. */
  readonly #pending = new Map<Instant, Map<string, number>>();
  /** By their beginning. */
  readonly #pendingGaps = new Map<Instant, SealGap>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(private readonly options: RecorderOptions) {
    this.#startedAt = options.clock.now();
  }

  get journal(): OperationsJournal {
    return this.options.journal;
  }

  /** Counts refusals. `kind` is the name of a problem. */
  refused(kind: string, count = 1): void {
    this.#add({ minute: minuteOf(this.options.clock.now()), kind, count });
  }

  /** Writes what is there. While the journal is away it is kept, and the answer is false. */
  async flush(): Promise<boolean> {
    return this.#write({});
  }

  /** Records the start, and from then on what comes up, until {@link stop}. */
  start(): void {
    this.#running ??= this.#loop();
  }

  /** Records the stop; closes nothing. A journal that is away does not hold up the end of the process for long. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const patience = new AbortController();
    const ended = (async () => {
      await this.#running;
      await this.#write({ stoppedAt: this.options.clock.now() });
      patience.abort();
    })();
    await Promise.race([ended, this.options.clock.sleep(LIMITS.journalStopMilliseconds, patience.signal)]);
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#write({});
      await this.options.clock.sleep(LIMITS.journalFlushMilliseconds, signal);
    }
  }

  async #write(stop: Pick<ProcessRun, 'stoppedAt'>): Promise<boolean> {
    const { clock, journal, run } = this.options;
    const refusals = [...this.#pending].flatMap(([minute, kinds]) =>
      [...kinds].map(([kind, count]) => ({ minute, kind, count })),
    );
    this.#pending.clear();
    for (const gap of this.options.sealGaps?.() ?? []) this.#pendingGaps.set(gap.from, gap);
    const sealGaps = [...this.#pendingGaps.values()];
    const now = clock.now();
    try {
      const lags = (await this.options.lags())
        .filter(({ milliseconds }) => milliseconds > 0)
        .map((lag) => ({ ...lag, minute: minuteOf(now) }));
      await journal.record(
        { refusals, lags, sealGaps, run: { ...run, startedAt: this.#startedAt, seenAt: now, ...stop } },
        now,
      );
      for (const gap of sealGaps)
        if (this.#pendingGaps.get(gap.from) === gap) this.#pendingGaps.delete(gap.from);
      return true;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      for (const refusal of refusals) this.#add(refusal);
      this.options.onPortError(error);
      return false;
    }
  }

  #add({ minute, kind, count }: RefusalCount): void {
    const latest = [...this.#pending.keys()].at(-1);
    const isFull = this.#pending.size >= LIMITS.journalHeldMinutes && !this.#pending.has(minute);
    const place = isFull && latest !== undefined ? latest : minute;
    const kinds = this.#pending.get(place) ?? new Map<string, number>();
    kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    this.#pending.set(place, kinds);
  }
}

/** When the minute of a time began. */
const minuteOf = (instant: Instant): Instant => `${instant.slice(0, 16)}:00.000Z` as Instant;
