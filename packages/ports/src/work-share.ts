/**
 * Divides the work behind accepted commands among the processes that do it, by key: a channel, a batch, or the name of a
 * sweep. At any time at most one process owns a key, but for one that lost it and does not know yet; whatever is done
 * under a key must be safe then too, and only rarely happens twice.
 */
export interface WorkShare {
  owns(key: string): boolean;
  /** Changes with everything that is owned: what was remembered of the work is then worth nothing. */
  term(): number;
  close(): Promise<void>;
}
