import type { Answer } from '@stamp-ledger/client';

/** Something the ledger acknowledged: from then on it may never be missing. */
export interface Fact {
  readonly stream: string;
  /** One of these stands at the position that came with the answer. */
  readonly types: readonly string[];
}

/** Every acknowledged fact by its position in the log. */
export class Facts {
  readonly #byPosition = new Map<string, Fact>();
  readonly #unplaced: Fact[] = [];
  #twice = 0;

  get count(): number {
    return this.#byPosition.size + this.#unplaced.length;
  }

  /** Facts acknowledged without a position: each is a fault of the ledger. */
  get unplaced(): readonly Fact[] {
    return this.#unplaced;
  }

  /** Answers that named a position which another answer had named before: only repeats do so. */
  get repeats(): number {
    return this.#twice;
  }

  add(answer: Answer<unknown>, stream: string, ...types: readonly string[]): void {
    if (answer.position === undefined) this.#unplaced.push({ stream, types });
    else if (this.#byPosition.has(answer.position)) this.#twice += 1;
    else this.#byPosition.set(answer.position, { stream, types });
  }

  at(position: string): Fact | undefined {
    return this.#byPosition.get(position);
  }
}
