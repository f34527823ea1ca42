import { type JSONEventData, NO_STREAM } from '@eventstore/db-client';
import type { Position } from '@stamp-ledger/codec';
import {
  type AppendResult,
  type ExpectedRevision,
  LIMITS,
  PortError,
  type StreamAppend,
} from '@stamp-ledger/ports';
import { toClientEvent } from './events.js';
import { failureOf } from './failures.js';
import { EVENT_STORE_DB_LIMITS, type EventStoreDbTimes } from './limits.js';
import type { LogReader } from './log-reader.js';
import { formatPosition } from './position.js';
import type { SupervisedClient } from './supervised-client.js';
import { Turnstile, within } from './waiting.js';

/** One stream's part of a call, ready to be sent. */
interface Part {
  readonly index: number;
  readonly append: StreamAppend;
  readonly events: JSONEventData[];
}

/** Appends stream by stream, a bounded number of calls at once; appends to one stream stay in order. */
export class Appender {
  readonly #client: SupervisedClient;
  readonly #reader: LogReader;
  readonly #times: EventStoreDbTimes;
  readonly #turnstile = new Turnstile(EVENT_STORE_DB_LIMITS.appendsInFlight);
  readonly #running = new Set<Promise<unknown>>();
  #pendingEvents = 0;

  constructor(client: SupervisedClient, reader: LogReader, times: EventStoreDbTimes) {
    this.#client = client;
    this.#reader = reader;
    this.#times = times;
  }

  async append(appends: readonly StreamAppend[]): Promise<readonly AppendResult[]> {
    const events = countEvents(appends);
    const chains = chainsOf(appends);
    if (this.#pendingEvents + events > LIMITS.pendingAppendEvents)
      throw new PortError('unavailable', 'too many events are waiting to be written');
    this.#pendingEvents += events;
    const work = this.#appendAll(chains);
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
      this.#pendingEvents -= events;
    }
  }

  /** Resolves when every append handed over so far has its answer. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #appendAll(chains: readonly (readonly Part[])[]): Promise<readonly AppendResult[]> {
    const results: AppendResult[] = [];
    let failed: { readonly error: unknown } | undefined;
    const waiting = chains.values();
    const work = async (): Promise<void> => {
      for (const chain of waiting)
        for (const part of chain) {
          if (failed !== undefined) return;
          try {
            results[part.index] = await this.#turnstile.pass(() => this.#appendPart(part));
          } catch (error) {
            failed ??= { error };
          }
        }
    };
    await Promise.all(
      Array.from({ length: Math.min(chains.length, EVENT_STORE_DB_LIMITS.appendsInFlightOfCall) }, work),
    );
    if (failed !== undefined) throw failed.error;
    return results;
  }

  /** Making it again is safe: the ids and the expected revision stay, so what was written is only answered again. */
  async #appendPart({ append, events }: Part): Promise<AppendResult> {
    const { stream, expected } = append;
    const { callMilliseconds: deadline } = this.#times;
    const result = await this.#client.persist(`appending to ${stream}`, async ({ client, credentials }) => {
      const call = client.appendToStream(stream, events, {
        expectedRevision: expected === 'no-stream' ? NO_STREAM : BigInt(expected),
        credentials,
        deadline,
        requiresLeader: true,
      });
      call.catch(() => {});
      return within(
        call,
        deadline + EVENT_STORE_DB_LIMITS.graceMilliseconds,
        () => new PortError('timeout', 'an append was not answered in time'),
      ).catch((error: unknown) => {
        const failure = failureOf(error);
        if (failure.kind === 'version-conflict') return failure;
        throw error;
      });
    });
    if ('kind' in result) return this.#conflict(append, result.actual);
    const position = result.position === undefined ? undefined : formatPosition(result.position);
    const revision = Number(result.nextExpectedRevision);
    // The server answers a repeat like the first time, whatever bytes the repeat has.
    return position === undefined
      ? this.#appended(append)
      : { kind: 'appended', revision, position, written: false };
  }

  /**
   * The server calls it a conflict too when only some of the events are there, and that must never be decided again: the
   * stream says which it is.
   */
  async #conflict(append: StreamAppend, actual: ExpectedRevision): Promise<AppendResult> {
    const first = firstRevision(append);
    if (actual === 'no-stream' || actual < first) return { kind: 'version-conflict', actual };
    const { events } = await this.#reader.readStream({
      stream: append.stream,
      from: first,
      limit: 1,
    });
    if (events[0]?.id !== append.events[0].id) return { kind: 'version-conflict', actual };
    return this.#appended(append);
  }

  /** The answer from the stream itself, for an append whose first event is there. */
  async #appended(append: StreamAppend): Promise<AppendResult> {
    const first = firstRevision(append);
    const position = await this.#lastPosition(append, first);
    return { kind: 'appended', revision: first + append.events.length - 1, position, written: false };
  }

  async #lastPosition({ stream, events }: StreamAppend, first: number): Promise<Position> {
    let position: Position | undefined;
    for (let offset = 0; offset < events.length; offset += LIMITS.readEvents) {
      const wanted = events.slice(offset, offset + LIMITS.readEvents);
      const page = await this.#reader.readStream({ stream, from: first + offset, limit: wanted.length });
      if (wanted.some(({ id }, index) => page.events[index]?.id !== id))
        throw new PortError(
          'corrupt',
          `only some of the events after revision ${first - 1} of ${stream} are the ones being appended`,
        );
      position = page.events.at(-1)?.position;
    }
    if (position === undefined) throw new PortError('corrupt', `an append to ${stream} left no events`);
    return position;
  }
}

const firstRevision = ({ expected }: StreamAppend): number => (expected === 'no-stream' ? 0 : expected + 1);

/** The parts of a call by stream, in the order of the call. Throws a plain Error for one that breaks the port's rules. */
function chainsOf(appends: readonly StreamAppend[]): readonly (readonly Part[])[] {
  const chains = new Map<string, Part[]>();
  for (const [index, append] of appends.entries()) {
    const { expected, stream } = append;
    if (expected !== 'no-stream' && !(Number.isSafeInteger(expected) && expected >= 0))
      throw new Error('an expected revision is a whole number from 0, or no-stream');
    if (!stream.isWellFormed()) throw new Error('a name of a stream is well-formed Unicode');
    const part = { index, append, events: append.events.map(toClientEvent) };
    const chain = chains.get(stream);
    if (chain === undefined) chains.set(stream, [part]);
    else chain.push(part);
  }
  return [...chains.values()];
}

function countEvents(appends: readonly StreamAppend[]): number {
  if (appends.some(({ events }) => events.length === 0)) throw new Error('an append has at least one event');
  const count = appends.reduce((sum, { events }) => sum + events.length, 0);
  if (count === 0 || count > LIMITS.appendEvents)
    throw new Error(`an append call has 1 to ${LIMITS.appendEvents} events`);
  return count;
}
