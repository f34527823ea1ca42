/** Lets those who ask for the same thing while it is being fetched share one answer. */
export class SingleFlight<Key, Value> {
  readonly #running = new Map<Key, Promise<Value>>();

  run(key: Key, fetch: () => Promise<Value>): Promise<Value> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = fetch().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
