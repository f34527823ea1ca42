import type { Serial } from '@stamp-ledger/domain';
import type { ReadModels, StockCursor, StockFilter, StockItem } from '@stamp-ledger/ports';
import type { Recently } from './recently.js';

/** Stamps fetched ahead of need. */
const FETCHED_MAX = 2_000;

/**
 * The sellable stamps of one channel and denomination, in order, each handed out once. Fetched ahead in pages behind a
 * cursor; when the end is reached the next request begins at the front again, where returned or new stock may lie.
 */
export class StockShelf {
  readonly #fetched: StockItem[] = [];
  #cursor: StockCursor | undefined;
  /** So many could not be had in this round: nobody needs to look again. */
  #shortOf = Number.POSITIVE_INFINITY;

  constructor(
    private readonly readModels: Pick<ReadModels, 'stock'>,
    private readonly filter: StockFilter,
    private readonly taken: Recently<Serial>,
  ) {}

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
    for (const { serial } of items) this.taken.add(serial);
    return items;
  }

  async #fetch(count: number): Promise<void> {
    const here = new Set(this.#fetched.map(({ serial }) => serial));
    while (this.#fetched.length < count) {
      const page = await this.readModels.stock({
        ...this.filter,
        limit: FETCHED_MAX,
        ...(this.#cursor === undefined ? {} : { after: this.#cursor }),
      });
      this.#cursor = page.at(-1)?.cursor ?? this.#cursor;
      this.#fetched.push(...page.filter(({ serial }) => !here.has(serial) && !this.taken.has(serial)));
      if (page.length < FETCHED_MAX) return;
    }
  }
}
