import type { Position } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
import {
  LIMITS,
  type ReadModels,
  type StockCursor,
  type StockFilter,
  type StockItem,
} from '@stamp-ledger/ports';
import { queueKey } from '../queue-key.js';
import { Recently } from './recently.js';

/**
 * The sellable stamps of one channel and denomination, in order, each handed out once. Fetched ahead in pages behind a
 * cursor; when the end is reached the next request begins at the front again, where returned or new stock may lie.
 */
export class StockShelf {
  readonly #fetched: StockItem[] = [];
  readonly #taken = new Recently<Serial>();
  #cursor: StockCursor | undefined;
  /** So many could not be had in this round: nobody needs to look again. */
  #shortOf = Number.POSITIVE_INFINITY;

  constructor(
    private readonly readModels: Pick<ReadModels, 'stock'>,
    private readonly filter: StockFilter,
  ) {}

  /** Stamps handed out that the read model may still count as stock. */
  get takenCount(): number {
    return this.#taken.size;
  }

  /** Stock may have come since the round before. */
  beginRound(): void {
    this.#shortOf = Number.POSITIVE_INFINITY;
  }

  /** `count` stamps, or undefined when there are not so many; then none is taken. */
  async take(count: number): Promise<StockItem[] | undefined> {
    if (count >= this.#shortOf) return undefined;
    if (this.#fetched.length < count) await this.#fetch(count);
    if (this.#fetched.length < count && this.#cursor !== undefined) {
      this.#cursor = undefined;
      await this.#fetch(count);
    }
    if (this.#fetched.length < count) {
      this.#cursor = undefined;
      this.#shortOf = count;
      return undefined;
    }
    const items = this.#fetched.splice(0, count);
    for (const { serial } of items) this.#taken.add(serial);
    return items;
  }

  /** Fetches anew next time. */
  drop(): void {
    this.#fetched.length = 0;
    this.#cursor = undefined;
  }

  settle(position: Position): void {
    this.#taken.settle(position);
  }

  forget(seen: Position): void {
    this.#taken.forget(seen);
  }

  async #fetch(count: number): Promise<void> {
    const here = new Set(this.#fetched.map(({ serial }) => serial));
    while (this.#fetched.length < count) {
      const page = await this.readModels.stock({
        ...this.filter,
        limit: LIMITS.fetchedStamps,
        ...(this.#cursor === undefined ? {} : { after: this.#cursor }),
      });
      this.#cursor = page.at(-1)?.cursor ?? this.#cursor;
      this.#fetched.push(...page.filter(({ serial }) => !here.has(serial) && !this.#taken.has(serial)));
      if (page.length < LIMITS.fetchedStamps) return;
    }
  }
}

/** A shelf for every queue that was ever asked for. */
export class StockShelves {
  readonly #shelves = new Map<string, StockShelf>();

  constructor(private readonly readModels: Pick<ReadModels, 'stock'>) {}

  of({ channel, denomination }: StockFilter): StockShelf {
    const key = queueKey({ channel, denomination });
    const known = this.#shelves.get(key);
    if (known !== undefined) return known;
    const made = new StockShelf(this.readModels, { channel, denomination });
    this.#shelves.set(key, made);
    return made;
  }

  beginRound(): void {
    for (const shelf of this.#shelves.values()) shelf.beginRound();
  }

  settle(position: Position): void {
    for (const shelf of this.#shelves.values()) shelf.settle(position);
  }

  forget(seen: Position): void {
    for (const shelf of this.#shelves.values()) shelf.forget(seen);
  }

  /** Hands out anew whatever the read model shows. */
  clear(): void {
    this.#shelves.clear();
  }
}
