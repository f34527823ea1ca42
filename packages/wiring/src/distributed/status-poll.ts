import { setTimeout } from 'node:timers/promises';
import { PortError, type ProjectionStatus } from '@stamp-ledger/ports';
import { ProgressWatch } from '../read-models/progress-watch.js';

/** Milliseconds between two looks at where the projections of other processes stand. */
const POLL_MILLISECONDS = 40;
const AWAY_MILLISECONDS = 500;

/** Follows the projections that other processes run, by asking their store. */
export class StatusPoll {
  readonly watch = new ProgressWatch();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #away = false;

  constructor(
    private readonly options: {
      readonly read: () => Promise<readonly ProjectionStatus[]>;
      readonly onAway: (error: PortError) => void;
      readonly onFatal: (error: unknown) => void;
    },
  ) {
    this.#running = this.#run().catch((error: unknown) => options.onFatal(error));
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      const pause = this.#away ? AWAY_MILLISECONDS : POLL_MILLISECONDS;
      await setTimeout(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    try {
      this.watch.update(await this.options.read());
      this.#away = false;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (!this.#away && !this.#stopping.signal.aborted) this.options.onAway(error);
      this.#away = true;
    }
  }
}
