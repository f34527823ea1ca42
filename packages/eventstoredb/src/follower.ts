import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import type { EventStore } from '@stamp-ledger/ports';
import type { EventStoreDbTimes } from './limits.js';
import { type LivePage, subscribe } from './live.js';
import type { LogReader } from './log-reader.js';
import type { SupervisedClient } from './supervised-client.js';
import { backoff, pause } from './waiting.js';

/** Follows the log: reads up to its end, then subscribes, and begins anew from where it was whenever that ends. */
export class Follower {
  readonly #client: SupervisedClient;
  readonly #reader: LogReader;
  readonly #times: EventStoreDbTimes;

  constructor(client: SupervisedClient, reader: LogReader, times: EventStoreDbTimes) {
    this.#client = client;
    this.#reader = reader;
    this.#times = times;
  }

  /** As {@link EventStore.follow}. Rejects with a PortError when the log cannot even be read. */
  async *follow({
    after,
    limit,
    signal,
  }: Parameters<EventStore['follow']>[0]): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
    let reached = after;
    for (let idleRounds = 0; !signal.aborted; idleRounds++) {
      const begun = performance.now();
      // Reading comes first in every round: it is what proves that the server is there, and it is bounded.
      for await (const page of this.#pages(reached, limit, signal)) {
        reached = page.reached ?? reached;
        if (signal.aborted) return;
        if (page.events.length === 0) continue;
        idleRounds = 0;
        yield page.events;
      }
      // One that held for a while is no reason to wait long before the next.
      if (performance.now() - begun > this.#times.retryMillisecondsMax) idleRounds = 0;
      await pause(backoff(idleRounds + 1, this.#times), signal);
    }
  }

  /** The rest of the log and one subscription. */
  async *#pages(
    after: Position | undefined,
    limit: number,
    signal: AbortSignal,
  ): AsyncGenerator<LivePage, void, undefined> {
    let reached = after;
    for (let atEnd = false; !atEnd && !signal.aborted; ) {
      const page = await this.#reader.readAfter(reached, limit);
      reached = page.reached;
      atEnd = page.atEnd;
      yield page;
    }
    if (signal.aborted) return;
    const { idleMilliseconds } = this.#times;
    const request = { after: reached, limit, signal, idleMilliseconds };
    yield* this.#client.stream('following the log', (session) =>
      subscribe(session, request, (at) => this.#isBehind(at)),
    );
  }

  /** True when there is more than `reached`, or nobody can tell. */
  async #isBehind(reached: Position | undefined): Promise<boolean> {
    try {
      const last = await this.#reader.last();
      return last !== undefined && (reached === undefined || last.position > reached);
    } catch {
      return true;
    }
  }
}
