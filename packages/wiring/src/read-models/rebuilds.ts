import type { RunStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { readModelsFile } from '@stamp-ledger/embedded';
import { LIMITS, PortError, type RebuildStatus } from '@stamp-ledger/ports';
import { buildGeneration } from './build-threads.js';
import { Generation } from './generation.js';
import { removeGenerations, writePointer } from './pointer.js';

export interface RebuildsOptions {
  readonly directory: string;
  readonly now: () => Instant;
  readonly live: () => Generation;
  readonly head: () => Promise<Position | undefined>;
  /** Makes the next generation the live one for everything asked from now on. */
  readonly swap: (next: Generation) => void;
}

/** Read models built anew beside the live ones, one build at a time. */
export class Rebuilds {
  readonly #statuses = new Map<string, RebuildStatus>();
  readonly #options: RebuildsOptions;
  #running: string | undefined;
  #work: Promise<void> = Promise.resolve();
  #next: Generation | undefined;
  #changed: () => void = () => {};
  readonly #closing = new AbortController();

  constructor(options: RebuildsOptions) {
    this.#options = options;
  }

  /** As {@link ReadModels.startRebuild}. While one is running, its status is the answer, whatever id is asked for. */
  async start(rebuildId: string): Promise<RebuildStatus> {
    // Positions of the embedded log count its events.
    const eventsTotal = Number((await this.#options.head()) ?? 0);
    if (this.#closing.signal.aborted) throw new PortError('unavailable', 'the read models are closed');
    const known = this.#statuses.get(this.#running ?? rebuildId);
    if (known !== undefined) return known;
    const status = this.#set({ rebuildId, status: 'running', eventsDone: 0, eventsTotal });
    this.#running = rebuildId;
    // What cannot be tidied up now is removed at the next start.
    this.#work = this.#work.then(() => this.#run(rebuildId)).catch(() => undefined);
    return status;
  }

  status(rebuildId: string): RebuildStatus | undefined {
    return this.#statuses.get(rebuildId);
  }

  wake(head: Position): void {
    this.#next?.wake(head);
    this.#changed();
  }

  /** Gives up a rebuild that is running. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#changed();
    await this.#work;
  }

  async #run(rebuildId: string): Promise<void> {
    const { directory, live, now } = this.#options;
    const old = live();
    const number = old.number + 1;
    try {
      removeGenerations(directory, (each) => each === number);
      await buildGeneration({
        logDirectory: directory,
        file: readModelsFile(directory, number),
        signal: this.#closing.signal,
        onEvents: (events) => this.#progressed(rebuildId, events),
      });
      this.#next = await Generation.start(directory, number);
      await this.#catchUp(this.#next, rebuildId);
      await this.#takeOver(this.#next, old);
      this.#finish(rebuildId, 'done', `live since ${now()}`);
    } catch (error) {
      this.#finish(rebuildId, 'failed', error instanceof Error ? error.message : 'unknown error');
      try {
        await this.#next?.close();
        removeGenerations(directory, (each) => each === number);
      } finally {
        if (!this.#closing.signal.aborted) await old.resume();
      }
      return;
    } finally {
      this.#next = undefined;
      this.#running = undefined;
    }
    await old.close();
    removeGenerations(directory, (each) => each === old.number);
  }

  /** Until the next generation has seen all that the log had at some moment during its last page. */
  async #catchUp(next: Generation, rebuildId: string): Promise<void> {
    next.onStatus(() => {
      this.#progressed(rebuildId, Math.min(...next.statuses.map(({ events }) => events)));
      this.#changed();
    });
    const head = await this.#options.head();
    if (head === undefined) return;
    next.wake(head);
    await this.#until(next, () => hasReached(next.statuses, head));
  }

  #progressed(rebuildId: string, eventsDone: number): void {
    const known = this.#statuses.get(rebuildId);
    if (known?.status !== 'running') return;
    this.#set({ ...known, eventsDone, eventsTotal: Math.max(eventsDone, known.eventsTotal) });
  }

  /** Holds the live generation where it is, lets the next one pass it, and puts that in its place. */
  async #takeOver(next: Generation, old: Generation): Promise<void> {
    await old.pause();
    await this.#until(next, () => old.statuses.every(({ position }) => hasReached(next.statuses, position)));
    next.openQueries();
    writePointer(this.#options.directory, next.number);
    this.#options.swap(next);
  }

  /** Resolves when the condition holds after some change; rejects when the build cannot go on. */
  #until(next: Generation, isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const halted = next.statuses.find((status) => status.halted !== undefined);
        if (isSo()) settle(resolve);
        else if (halted !== undefined)
          settle(() => reject(new PortError('corrupt', `${halted.projection} halted: ${halted.halted}`)));
        else if (this.#closing.signal.aborted)
          settle(() => reject(new PortError('unavailable', 'the read models were closed')));
      };
      const settle = (how: () => void): void => {
        this.#changed = () => {};
        how();
      };
      this.#changed = look;
      look();
    });
  }

  #set(status: RebuildStatus): RebuildStatus {
    this.#statuses.set(status.rebuildId, status);
    const [oldest] = this.#statuses.keys();
    if (this.#statuses.size > LIMITS.rememberedRebuilds && oldest !== undefined)
      this.#statuses.delete(oldest);
    return status;
  }

  #finish(rebuildId: string, status: 'done' | 'failed', detail: string): void {
    const { eventsDone = 0, eventsTotal = 0 } = this.#statuses.get(rebuildId) ?? {};
    this.#set({ rebuildId, status, detail, eventsDone, eventsTotal });
  }
}

function hasReached(statuses: readonly RunStatus[], position: Position | undefined): boolean {
  return position === undefined || statuses.every((status) => (status.position ?? '') >= position);
}
