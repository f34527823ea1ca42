/** Lets those who ask for the same thing while it is being read share one answer. */
export class SingleFlight<Key, Value> {
  readonly #running = new Map<Key, Promise<Value>>();

  /** The answer that is being read. */
  get(key: Key): Promise<Value> | undefined {
    return this.#running.get(key);
  }

  run(key: Key, read: () => Promise<Value>): Promise<Value> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = read().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
