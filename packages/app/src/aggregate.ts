import {
  CodecError,
  deriveEventId,
  type EncodedEvent,
  type EncodeRequest,
  entryText,
  type LedgerEvent,
  type Position,
  type RecordedEvent,
  type Serde,
  type StreamName,
} from '@stamp-ledger/codec';
import type {
  Backfill,
  CommandId,
  Decision,
  DomainEvent,
  Instant,
  MetadataV1,
  Refusal,
} from '@stamp-ledger/domain';
import { type Clock, type EventStore, type ExpectedRevision, LIMITS, PortError } from '@stamp-ledger/ports';
import { leafHash } from '@stamp-ledger/transparency';
import { CommandIndex } from './command-index.js';
import type { CommitMeter } from './commit-meter.js';
import { KeyedQueue } from './keyed-queue.js';
import type { EventLeaf } from './ledger.js';
import { WeightedLru } from './weighted-lru.js';

/** How one kind of stream is folded and decided. `State` may hold more than the domain's: it is folded from whole events. */
export interface AggregateKind<State, Command, Event extends DomainEvent> {
  readonly initialState: State;
  decide(state: State, command: Command): Decision<Event>;
  evolve(state: State, event: LedgerEvent): State;
}

/** What names and explains a command in the metadata of its events. */
export interface CommandSource {
  readonly commandId: CommandId;
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: string;
  readonly requestHash: string;
  /** For a fact that is recorded later than it happened. */
  readonly late?: LateFact;
  /** When nobody waits for the answer any more, by the clock's monotonic milliseconds: then nothing is appended. */
  readonly deadline?: number;
}

export interface LateFact {
  readonly occurredAt: Instant;
  readonly backfill: Backfill;
}

/** The metadata that a command recorded at `at` gives its events. */
export const commandMetadata = (
  { commandId, correlationId, causationId, actor, requestHash, late }: CommandSource,
  at: Instant,
): Omit<MetadataV1, 'schemaVersion'> => ({
  commandId,
  correlationId,
  causationId,
  actor,
  requestHash,
  occurredAt: late?.occurredAt ?? at,
  recordedAt: at,
  ...(late === undefined ? {} : { backfill: late.backfill }),
});

type Decided<Kind extends Decision<never>['kind']> = Extract<Decision<never>, { readonly kind: Kind }>;

export interface CommandRequest<State, Command> {
  readonly stream: StreamName;
  readonly source: CommandSource;
  /** The command, from the state it will be decided on and the time of recording. */
  command(state: State, at: Instant): Command;
  /** Why the command is refused whatever the state; not asked when it was carried out before. */
  refusal?(at: Instant): Decided<'refused'> | undefined;
}

export type CommandResult<State> =
  | {
      readonly kind: 'done';
      readonly changed: boolean;
      readonly state: State;
      readonly revision: number;
      readonly position: Position;
      /** The events that the command wrote, now or when it was first sent. */
      readonly events: readonly LedgerEvent[];
      readonly leaves: readonly EventLeaf[];
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'other-request' }
  /** The deadline passed before anything was handed to the store: nothing was written. */
  | { readonly kind: 'expired' };

/** A stream as folded so far. */
export interface Loaded<State> {
  readonly state: State;
  readonly head: ExpectedRevision;
  readonly lastPosition?: Position;
}

interface Folded<State> {
  state: State;
  head: ExpectedRevision;
  lastPosition: Position | undefined;
  /** Characters of the events folded, as a measure of what is held. */
  weight: number;
  /** Where the latest commands of this stream wrote their events, at most {@link LIMITS.rememberedCommands}. */
  readonly commands: Map<string, Written>;
  /** Where those before them did, once there are any. */
  older?: CommandIndex;
}

/** What a command wrote on a stream. */
interface Written {
  readonly requestHash: string;
  readonly first: number;
  last: number;
}

/** Commands and reads on the streams of one kind. */
export interface Aggregate<State, Command> {
  /**
   * Reads, folds, decides, appends with the expected revision. The same command id again answers as the first time;
   * a decision is never taken on a state older than the stream's head at the time of the call.
   */
  execute(request: CommandRequest<State, Command>): Promise<CommandResult<State>>;
  load(stream: StreamName): Promise<Loaded<State>>;
}

/** A decision in the form in which it is appended. */
interface Draft {
  readonly kind: 'draft';
  readonly stream: StreamName;
  readonly expected: ExpectedRevision;
  readonly events: readonly { readonly request: EncodeRequest; readonly encoded: EncodedEvent }[];
}

/** The last draft that was sent; after a timeout it may still be written. */
interface Pending {
  draft?: Draft;
}

/** What the log commits to of an event just written or read. */
function leafOf({ id, metadata }: LedgerEvent, recorded: RecordedEvent): EventLeaf {
  return { eventId: id, leaf: leafHash(Buffer.from(entryText(recorded))), recordedAt: metadata.recordedAt };
}

/**
 * A state is small however long its stream; the commands remembered are most of what a long one holds. The index of the
 * older ones counts little: to be rid of it costs reading the whole stream again.
 */
const heldAtMost = ({ commands, older }: Pick<Folded<unknown>, 'commands' | 'older'>): number =>
  100_000 + 200 * commands.size + (older?.bytes ?? 0) / 16;

export interface AggregateDependencies {
  readonly store: EventStore;
  readonly serde: Serde;
  readonly clock: Clock;
  readonly commits: Pick<CommitMeter, 'record'>;
}

export function createAggregate<State, Command, Event extends DomainEvent>(
  kind: AggregateKind<State, Command, Event>,
  { store, serde, clock, commits }: AggregateDependencies,
): Aggregate<State, Command> {
  const cache = new WeightedLru<StreamName, Folded<State>>(LIMITS.cachedCharacters);
  const queue = new KeyedQueue<StreamName>(LIMITS.commandsPerStream);

  /** An event that can not be read is the log's fault, not the caller's. */
  const decode = (recorded: RecordedEvent): LedgerEvent => {
    try {
      return serde.decode(recorded);
    } catch (cause) {
      throw cause instanceof CodecError ? new PortError('corrupt', cause.message, { cause }) : cause;
    }
  };

  const apply = (folded: Folded<State>, event: LedgerEvent, recorded: EncodedEvent): void => {
    folded.state = kind.evolve(folded.state, event);
    folded.head = event.revision;
    folded.lastPosition = event.position;
    folded.weight += recorded.data.length + recorded.metadata.length;
    const known = folded.commands.get(event.metadata.commandId);
    if (known === undefined)
      folded.commands.set(event.metadata.commandId, {
        requestHash: event.metadata.requestHash,
        first: event.revision,
        last: event.revision,
      });
    else known.last = event.revision;
    for (const [oldest, { first }] of folded.commands) {
      if (folded.commands.size <= LIMITS.rememberedCommands) break;
      folded.commands.delete(oldest);
      folded.older ??= new CommandIndex();
      folded.older.add(oldest, first);
    }
  };

  /** Folds what was appended since the stream was last seen: the cache saves work, it never answers alone. */
  async function refresh(stream: StreamName): Promise<Folded<State>> {
    const folded = cache.get(stream) ?? {
      state: kind.initialState,
      head: 'no-stream',
      lastPosition: undefined,
      weight: 0,
      commands: new Map(),
    };
    for (;;) {
      const from = folded.head === 'no-stream' ? 0 : folded.head + 1;
      const page = await store.readStream({ stream, from, limit: LIMITS.readEvents });
      for (const recorded of page.events) apply(folded, decode(recorded), recorded);
      if (page.events.length < LIMITS.readEvents) break;
      // A stream of many pages must not keep the process from everything else.
      await clock.sleep(0);
    }
    remember(stream, folded);
    return folded;
  }

  function remember(stream: StreamName, folded: Folded<State>): void {
    if (folded.head !== 'no-stream') cache.set(stream, folded, Math.min(folded.weight, heldAtMost(folded)));
  }

  /** What a command wrote before, however long ago: a repeat must not write it again. */
  async function writtenBefore(
    stream: StreamName,
    { commands, older }: Folded<State>,
    commandId: string,
  ): Promise<Written | undefined> {
    const latest = commands.get(commandId);
    if (latest !== undefined || older === undefined) return latest;
    for (const first of older.candidates(commandId)) {
      const { events } = await store.readStream({ stream, from: first, limit: LIMITS.readEvents });
      const others = events.map(decode).findIndex(({ metadata }) => metadata.commandId !== commandId);
      const count = others < 0 ? events.length : others;
      const [begin] = events;
      if (count === 0 || begin === undefined) continue;
      return { requestHash: decode(begin).metadata.requestHash, first, last: first + count - 1 };
    }
    return undefined;
  }

  /** The answer that a command got when it was first sent, from its own events. */
  async function repeated(stream: StreamName, { first, last }: Written): Promise<CommandResult<State>> {
    let state = kind.initialState;
    const events: LedgerEvent[] = [];
    const leaves: EventLeaf[] = [];
    for (let from = 0; from <= last; from += LIMITS.readEvents) {
      const page = await store.readStream({
        stream,
        from,
        limit: Math.min(LIMITS.readEvents, last - from + 1),
      });
      for (const recorded of page.events) {
        const event = decode(recorded);
        state = kind.evolve(state, event);
        if (event.revision < first) continue;
        events.push(event);
        leaves.push(leafOf(event, recorded));
      }
    }
    const position = events.at(-1)?.position;
    if (position === undefined) throw new PortError('corrupt', `${stream} lost revision ${last}`);
    return { kind: 'done', changed: true, state, revision: last, position, events, leaves };
  }

  function encodeAll(stream: StreamName, source: CommandSource, events: readonly DomainEvent[], at: Instant) {
    const metadata = commandMetadata(source, at);
    return events.map((event, index) => {
      const request = { id: deriveEventId(source.commandId, stream, index), event, metadata, stream };
      return { request, encoded: serde.encode(request) };
    });
  }

  /** What is to be appended, or the answer if that is nothing. */
  function decided(
    folded: Folded<State>,
    { stream, source, command, refusal }: CommandRequest<State, Command>,
  ): Draft | CommandResult<State> {
    const at = clock.now();
    const refused = refusal?.(at);
    if (refused !== undefined) return refused;
    const decision = kind.decide(folded.state, command(folded.state, at));
    if (decision.kind === 'refused') return decision;
    if (decision.kind === 'unchanged') return standing(folded);
    const events = encodeAll(stream, source, decision.events, at);
    return { kind: 'draft', stream, expected: folded.head, events };
  }

  async function attempt(
    request: CommandRequest<State, Command>,
    pending: Pending,
  ): Promise<CommandResult<State> | 'again'> {
    const { stream, source } = request;
    const folded = await refresh(stream);
    const before = await writtenBefore(stream, folded, source.commandId);
    if (before !== undefined)
      return before.requestHash === source.requestHash ? repeated(stream, before) : { kind: 'other-request' };
    // What is still on its way can only be written at the head it was decided on, so there it is sent again as it was:
    // decided anew it would be another text under the same ids.
    const draft = pending.draft?.expected === folded.head ? pending.draft : decided(folded, request);
    if (draft.kind !== 'draft') return draft;

    // What may have been written by an attempt before can no longer be given up.
    const mayExpire = pending.draft === undefined;
    const [first, ...rest] = draft.events.map(({ encoded }) => encoded);
    if (first === undefined) throw new Error('a decision was accepted without an event');
    const begun = clock.monotonicMilliseconds();
    if (mayExpire && source.deadline !== undefined && begun >= source.deadline) return { kind: 'expired' };
    pending.draft = draft;
    const [result] = await store.append([{ stream, expected: draft.expected, events: [first, ...rest] }]);
    commits.record(clock.monotonicMilliseconds() - begun);
    if (result === undefined) throw new Error('the store did not answer an append');
    if (result.kind === 'version-conflict') return 'again';
    return result.written ? written(folded, draft, result) : found(folded, draft, source);
  }

  /** What a draft became: folded, remembered, and answered with. */
  function done(
    folded: Folded<State>,
    stream: StreamName,
    became: readonly { readonly event: LedgerEvent; readonly recorded: RecordedEvent }[],
  ): CommandResult<State> {
    for (const { event, recorded } of became) apply(folded, event, recorded);
    remember(stream, folded);
    const leaves = became.map(({ event, recorded }) => leafOf(event, recorded));
    return { ...standing(folded), changed: true, events: became.map(({ event }) => event), leaves };
  }

  /** Folds what this very call wrote, without reading it back. */
  function written(
    folded: Folded<State>,
    { stream, events: drafted }: Draft,
    result: { readonly revision: number; readonly position: Position },
  ): CommandResult<State> {
    const became = drafted.map(({ request, encoded }, index) => {
      // Positions of the earlier events of one append are not told; no state is folded from them.
      const place = { revision: result.revision - drafted.length + 1 + index, position: result.position };
      return { event: serde.recorded(request, place), recorded: { ...encoded, stream, ...place } };
    });
    return done(folded, stream, became);
  }

  /** Folds what the log has in the draft's place: another process may have sent this command before, at another time. */
  async function found(
    folded: Folded<State>,
    { stream, expected, events: drafted }: Draft,
    { requestHash }: CommandSource,
  ): Promise<CommandResult<State>> {
    const from = expected === 'no-stream' ? 0 : expected + 1;
    const { events } = await store.readStream({ stream, from, limit: drafted.length });
    if (events.length < drafted.length)
      throw new PortError('corrupt', `${stream} does not have what was acknowledged at revision ${from}`);
    const became = events.map((recorded) => ({ event: decode(recorded), recorded }));
    const answer = done(folded, stream, became);
    const isOther = became.some(({ event }) => event.metadata.requestHash !== requestHash);
    return isOther ? { kind: 'other-request' } : answer;
  }

  function standing(folded: Folded<State>): CommandResult<State> & { kind: 'done' } {
    if (folded.head === 'no-stream' || folded.lastPosition === undefined)
      throw new Error('a stream without events can not be unchanged');
    return {
      kind: 'done',
      changed: false,
      state: folded.state,
      revision: folded.head,
      position: folded.lastPosition,
      events: [],
      leaves: [],
    };
  }

  return {
    execute: (request) =>
      queue.run(request.stream, async () => {
        const pending: Pending = {};
        for (let tries = 1; ; tries++) {
          try {
            const result = await attempt(request, pending);
            if (result !== 'again') return result;
          } catch (error) {
            // After a timeout nobody knows whether it was written: the next attempt reads back by command id first.
            if (!(error instanceof PortError && error.kind === 'timeout') || tries >= LIMITS.commandAttempts)
              throw error;
          }
          if (tries >= LIMITS.commandAttempts)
            throw new PortError('unavailable', `${request.stream} is contended`);
        }
      }),
    load: async (stream) => {
      const { state, head, lastPosition } = await queue.run(stream, () => refresh(stream));
      return lastPosition === undefined ? { state, head } : { state, head, lastPosition };
    },
  };
}
