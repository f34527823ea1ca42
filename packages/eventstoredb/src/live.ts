import {
  type AllStreamSubscription,
  type ResolvedEvent,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import { isOwn, positionOf, STREAM_PREFIXES, toRecordedEvent } from './events.js';
import { EVENT_STORE_DB_LIMITS } from './limits.js';
import { formatPosition, type Place, parsePosition } from './position.js';
import type { Session } from './supervised-client.js';

export interface LivePage {
  readonly events: readonly RecordedEvent[];
  /** Everything of the ledger up to here has been given out with this page. */
  readonly reached: Position | undefined;
}

export interface LiveRequest {
  readonly after: Position | undefined;
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly idleMilliseconds: number;
}

/** One subscription to the ledger's events: what it has read ahead, and the checkpoints among that. */
class Subscribed {
  readonly #subscription: AllStreamSubscription;
  /** Checkpoints in order, each with the number of events it stands behind. At most one for a number of events. */
  readonly #checkpoints: { readonly behind: number; readonly place: Place }[] = [];
  #taken = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  constructor({ client, credentials }: Session, after: Position | undefined) {
    this.#subscription = client.subscribeToAll(
      {
        fromPosition: after === undefined ? START : parsePosition(after),
        filter: streamNameFilter({
          prefixes: STREAM_PREFIXES,
          maxSearchWindow: EVENT_STORE_DB_LIMITS.searchWindow,
          checkpointInterval: EVENT_STORE_DB_LIMITS.checkpointEveryWindows,
          // Called as it is read, before the events ahead of it are taken. Whatever it threw would stall everything.
          checkpointReached: (_, place) => this.#noteCheckpoint(place),
        }),
        credentials,
        requiresLeader: true,
      },
      { highWaterMark: EVENT_STORE_DB_LIMITS.bufferedEvents },
    );
    const wake = (): void => this.#wake();
    const ended = (): void => {
      this.#ended = true;
      wake();
    };
    this.#subscription
      .on('readable', wake)
      .on('end', ended)
      .on('close', ended)
      .on('error', (error: unknown) => {
        this.#failure ??= { error };
        wake();
      });
  }

  #noteCheckpoint(place: Place): void {
    const behind = this.#taken + this.#subscription.readableLength;
    if (this.#checkpoints.at(-1)?.behind === behind) this.#checkpoints.pop();
    this.#checkpoints.push({ behind, place });
    this.#wake();
  }

  /** What is there by now, at most `limit` events; undefined when there is nothing new. */
  take(limit: number): LivePage | undefined {
    const events: RecordedEvent[] = [];
    let reached: Position | undefined;
    while (events.length < limit) {
      const resolved: ResolvedEvent | null = this.#subscription.read();
      if (resolved === null) break;
      this.#taken++;
      reached = positionOf(resolved);
      if (isOwn(resolved)) events.push(toRecordedEvent(resolved));
    }
    while ((this.#checkpoints[0]?.behind ?? Number.POSITIVE_INFINITY) <= this.#taken) {
      const checkpoint = this.#checkpoints.shift();
      const position = checkpoint === undefined ? undefined : formatPosition(checkpoint.place);
      if (position !== undefined && (reached === undefined || position > reached)) reached = position;
    }
    return reached === undefined ? undefined : { events, reached };
  }

  /** True when nothing more will come; throws what the subscription ended with. */
  isOver(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#ended;
  }

  /** Resolves with true when there may be something to take, with false after the time. */
  stirred({ idleMilliseconds, signal }: LiveRequest): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (stirred: boolean) => (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', woken);
        this.#wake = () => {};
        resolve(stirred);
      };
      const woken = done(true);
      const timer = setTimeout(done(false), idleMilliseconds);
      signal.addEventListener('abort', woken, { once: true });
      this.#wake = woken;
    });
  }

  end(): void {
    this.#subscription.unsubscribe().catch(() => {});
    this.#subscription.destroy();
  }
}

/**
 * Pages of one subscription until it ends, in whatever way: by an error, which is thrown, by itself, or silent although
 * `isBehind` says that there is more.
 */
export async function* subscribe(
  session: Session,
  request: LiveRequest,
  isBehind: (reached: Position | undefined) => Promise<boolean>,
): AsyncGenerator<LivePage, void, undefined> {
  const { limit, signal } = request;
  let reached = request.after;
  const subscribed = new Subscribed(session, reached);
  try {
    while (!signal.aborted) {
      const page = subscribed.take(limit);
      if (page !== undefined) {
        reached = page.reached;
        yield page;
        continue;
      }
      if (subscribed.isOver()) return;
      if (!(await subscribed.stirred(request)) && (await isBehind(reached))) return;
    }
  } finally {
    subscribed.end();
  }
}
