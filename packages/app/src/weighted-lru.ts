/** Least-recently-used cache bounded by the sum of its entries' weights; the newest entry is kept whatever it weighs. */
export class WeightedLru<Key, Value> {
  readonly #entries = new Map<Key, { readonly value: Value; readonly weight: number }>();
  /** Goes on where it stopped: a new one would pass every entry that has left the map's front since it last grew. */
  #oldest = this.#entries.keys();
  #weight = 0;

  constructor(private readonly weightMax: number) {}

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: Key, value: Value, weight: number): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    while (this.#weight > this.weightMax && this.#entries.size > 1) {
      const oldest = this.#oldest.next();
      if (oldest.done !== true && oldest.value !== key) this.delete(oldest.value);
      else this.#oldest = this.#entries.keys();
    }
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }
}
