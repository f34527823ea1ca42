/** Those who wait for something to come true. Each looks again whenever something has changed: nothing is polled. */
export class Waiting {
  readonly #looks = new Set<() => void>();

  get count(): number {
    return this.#looks.size;
  }

  /** Everybody looks again. */
  changed(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves when it is so, at once when it is already, or when `signal` aborts. */
  until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo() && !signal.aborted) return;
        this.#looks.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      this.#looks.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }
}
