import { type Arrivals, type Channel, DRAWS, type Place, ROOM_RULES } from '@stamp-ledger/domain';

/** Tickets given by this process that the log has not been told of. */
export class UntoldArrivals {
  readonly #counts = new Map<string, Arrivals>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  add(channel: Channel, second: number): void {
    const key = `${channel} ${second}`;
    this.#counts.set(key, { channel, second, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }

  /** How many of them come before a place, as the lot falls on average. */
  ahead({ channel, second, draw }: Place): number {
    let ahead = 0;
    for (const arrivals of this.#counts.values())
      if (arrivals.channel === channel && arrivals.second <= second)
        ahead += arrivals.second < second ? arrivals.count : (arrivals.count * draw) / DRAWS;
    return Math.floor(ahead);
  }

  /** Takes out as many as one event may tell of, the oldest first. */
  take(): readonly Arrivals[] {
    const taken = [...this.#counts].slice(0, ROOM_RULES.linesPerStep);
    for (const [key] of taken) this.#counts.delete(key);
    return taken.map(([, arrivals]) => arrivals);
  }

  clear(): void {
    this.#counts.clear();
  }
}
