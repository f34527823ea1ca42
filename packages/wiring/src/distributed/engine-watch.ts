import { performance } from 'node:perf_hooks';
import { PortError } from '@stamp-ledger/ports';
import { atMost } from '../close-all.js';
import { sleep } from '../sleep.js';

const ASK_MILLISECONDS = 1_000;
/** Milliseconds without an answer after which an engine counts as away: a restart of one takes less. */
const AWAY_MILLISECONDS = 10_000;
/** Milliseconds that the first question may hold up a start. */
const START_MILLISECONDS = 5_000;

export interface EngineWatchOptions {
  /** As it is called in readiness and in the log. */
  readonly engine: string;
  /** Rejects with a PortError. */
  readonly ask: () => Promise<void>;
  /** Told once each time that it goes away. */
  readonly onAway: (error: PortError) => void;
  /** Ends the asking. A question that is under way is left to itself: the engine may never answer it. */
  readonly signal: AbortSignal;
  /** Told what keeps an engine that never answered before from ever doing so. */
  readonly onFatal: (error: unknown) => void;
}

/** Asks an engine again and again whether it answers: readiness is what was seen last, not what was once opened. */
export class EngineWatch {
  #answeredAt: number | undefined;
  #isAway = false;

  private constructor(private readonly options: EngineWatchOptions) {}

  /**
   * Asks for the first time, and goes on asking. Rejects when the answer is that it can never be used; without an answer
   * the watch begins all the same.
   */
  static async start(options: EngineWatchOptions): Promise<EngineWatch> {
    const watch = new EngineWatch(options);
    const first = watch.#ask();
    await atMost(START_MILLISECONDS, first);
    void first.then(() => watch.#run()).catch(options.onFatal);
    return watch;
  }

  get hasAnswered(): boolean {
    return this.#answeredAt !== undefined;
  }

  /** Why a service that needs the engine is not ready. */
  failing(): readonly string[] {
    const { engine } = this.options;
    if (this.#answeredAt === undefined) return [`${engine} has not answered yet`];
    return performance.now() - this.#answeredAt > AWAY_MILLISECONDS ? [`${engine} cannot be reached`] : [];
  }

  async #run(): Promise<void> {
    const { signal } = this.options;
    while (!signal.aborted) {
      await sleep(ASK_MILLISECONDS, signal);
      if (!signal.aborted) await this.#ask();
    }
  }

  async #ask(): Promise<void> {
    try {
      await this.options.ask();
      this.#answeredAt = performance.now();
      this.#isAway = false;
    } catch (error) {
      if (this.options.signal.aborted) return;
      if (!(error instanceof PortError)) throw error;
      if (error.kind === 'corrupt' && !this.hasAnswered) throw error;
      if (!this.#isAway) this.options.onAway(error);
      this.#isAway = true;
    }
  }
}
