import type { ReadModels, StockCursor, StockFilter, StockItem } from '@stamp-ledger/ports';

/**
 * The stock that one filter finds, walked from the oldest stamp on by all who give from it: each takes what lies behind
 * the stamps of the others, whether or not the read model has seen those go.
 */
export class StockWalk {
  #after: StockCursor | undefined;
  #passedBy = false;

  constructor(
    private readonly readModels: Pick<ReadModels, 'stock'>,
    private readonly filter: StockFilter,
  ) {}

  /** Stamps may lie behind that are still stock. */
  get passedBy(): boolean {
    return this.#passedBy;
  }

  /** Hands the next `limit` stamps to `give`, which answers whether all of them were given; how many there were. */
  async step(limit: number, give: (page: readonly StockItem[]) => Promise<boolean>): Promise<number> {
    const page = await this.readModels.stock({
      ...this.filter,
      limit,
      ...(this.#after === undefined ? {} : { after: this.#after }),
    });
    this.#after = page.at(-1)?.cursor ?? this.#after;
    let allGiven = page.length === 0;
    try {
      allGiven ||= await give(page);
    } finally {
      this.#passedBy ||= !allGiven;
    }
    return page.length;
  }

  /** Begins at the front again, which the read model must show as it is by now. */
  restart(): void {
    this.#after = undefined;
    this.#passedBy = false;
  }
}
