import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import { LIMITS } from '@stamp-ledger/ports';
import {
  feed,
  type Page,
  type ProjectionRun,
  type Runner,
  readPage,
  report,
  retrying,
  startRunners,
} from './follow-log.js';

/** As for {@link runProjections}; transactions of different projections may run side by side in the store. */
export interface ReadThrough extends Omit<ProjectionRun, 'waitForMore'> {
  /** What one transaction takes; {@link LIMITS.rebuildEvents} unless told. */
  readonly pageEvents?: number;
}

/**
 * Takes the projections through the log to its end as it is now, each at its own pace within a few pages of the others,
 * so that while one waits for its transaction another is worked out. Every page is read and decoded once. Otherwise as {@link runProjections}.
 */
export async function readThrough(wanted: ReadThrough): Promise<void> {
  const { read, pageEvents = LIMITS.rebuildEvents } = wanted;
  const run = {
    ...wanted,
    read: ({ after }: { readonly after?: Position }) => readMany(read, { start: after, most: pageEvents }),
  };
  const runners = await retrying(run, () => startRunners(run));
  if (runners === undefined) return;
  report(run, runners);
  const pages = new Pages(run, runners.length);
  await Promise.all(runners.map((runner) => follow(run, runner, { pages, runners })));
}

/** As much as one transaction takes, in as many calls as that needs. */
async function readMany(
  read: ReadThrough['read'],
  { start, most }: { readonly start: Position | undefined; readonly most: number },
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let after = start; events.length < most; ) {
    const page = await read({ limit: LIMITS.readEvents, ...(after && { after }) });
    for (const event of page) events.push(event);
    after = page.at(-1)?.position;
    if (page.length < LIMITS.readEvents) break;
  }
  return events;
}

async function follow(
  run: ReadThrough,
  runner: Runner,
  { pages, runners }: { readonly pages: Pages; readonly runners: readonly Runner[] },
): Promise<void> {
  try {
    while (!run.signal.aborted && runner.halted === undefined) {
      const page = await pages.next(runner);
      if (page === undefined) return;
      if (page === 'unreadable') runner.halted = 'the log cannot be read';
      else if (page.events.length === 0 && page.fault === undefined) return;
      else await feed(run, runner, page);
      report(run, runners);
    }
  } finally {
    pages.leave(runner);
  }
}

/** The pages that are in hand, shared by all who read through the same log. */
class Pages {
  readonly #pages = new Map<Position | undefined, Promise<Page | 'unreadable' | undefined>>();
  /** Pages that each has been given. */
  readonly #given = new Map<Runner, number>();
  #waiting: (() => void)[] = [];

  constructor(
    private readonly run: ReadThrough,
    private readonly readers: number,
  ) {}

  /** The page behind where the runner stands, once the others are not too far behind it. */
  async next(runner: Runner): Promise<Page | 'unreadable' | undefined> {
    const given = (this.#given.get(runner) ?? 0) + 1;
    this.#given.set(runner, given);
    this.#wake();
    while (given > this.#slowest() + LIMITS.rebuildPagesAhead)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const after = runner.progress?.position;
    const known = this.#pages.get(after);
    if (known !== undefined) return known;
    const page = retrying(this.run, () => readPage(this.run, after));
    this.#pages.set(after, page);
    this.#forget();
    return page;
  }

  /** It takes no more: nobody waits for it. */
  leave(runner: Runner): void {
    this.#given.set(runner, Number.POSITIVE_INFINITY);
    this.#wake();
  }

  #slowest(): number {
    return this.#given.size < this.readers ? 0 : Math.min(...this.#given.values());
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The oldest beyond those that may be asked for again. */
  #forget(): void {
    for (const after of this.#pages.keys()) {
      if (this.#pages.size <= LIMITS.rebuildPagesAhead + 1) return;
      this.#pages.delete(after);
    }
  }
}
