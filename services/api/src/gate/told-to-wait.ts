/** Requests, by who sent them and their idempotency keys, that were told to come back later; the latest of them. */
export class ToldToWait {
  readonly #until = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** When a request was told to come back; 0 when it never was. */
  until(key: string): number {
    return this.#until.get(key) ?? 0;
  }

  tell(key: string, until: number): void {
    this.#until.delete(key);
    this.#until.set(key, until);
    if (this.#until.size <= this.most) return;
    const [oldest] = this.#until.keys();
    if (oldest !== undefined) this.#until.delete(oldest);
  }
}
