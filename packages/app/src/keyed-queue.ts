import { PortError } from '@stamp-ledger/ports';

/** Runs tasks of one key one after another, tasks of different keys side by side; at most `waitingMax` wait for one key. */
export class KeyedQueue<Key> {
  readonly #tails = new Map<Key, { tail: Promise<unknown>; waiting: number }>();

  constructor(private readonly waitingMax: number) {}

  async run<Result>(key: Key, task: () => Promise<Result>): Promise<Result> {
    const entry = this.#tails.get(key) ?? { tail: Promise.resolve(), waiting: 0 };
    if (entry.waiting >= this.waitingMax) throw new PortError('unavailable', 'too much waits for one key');
    entry.waiting++;
    const result = entry.waiting === 1 ? task() : entry.tail.then(task);
    entry.tail = result.catch(() => undefined);
    this.#tails.set(key, entry);
    try {
      return await result;
    } finally {
      entry.waiting--;
      if (entry.waiting === 0) this.#tails.delete(key);
    }
  }
}
