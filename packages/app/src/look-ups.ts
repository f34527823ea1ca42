import { entryText, type RecordedEvent, stampStream } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
import { LIMITS, type Moment, type StampView } from '@stamp-ledger/ports';
import { leafHash } from '@stamp-ledger/transparency';
import type { Context } from './context.js';
import { caughtUp, freshness } from './freshness.js';
import type { Freshness, HistoryEvent, Ledger, StampLookup, StampProof, StampProofs } from './ledger.js';
import { whenAway } from './when-away.js';

/** What verifiers and auditors read of one stamp or document. */
export function stampQueries(
  context: Context,
): Pick<Ledger['stamps'], 'lookUp' | 'history' | 'proofs' | 'ofDocument'> {
  return {
    lookUp: async (serial, { strong = false, atLeastRevision }) => {
      if (strong) return strongLookUp(context, serial, atLeastRevision);
      const view = await whenAway(context.readModels.stamp(serial), undefined);
      // A stamp that the read model does not know, or not far enough, may be a moment old: the log decides. It also
      // does while the read model is away.
      if (view === undefined || (atLeastRevision !== undefined && view.revision < atLeastRevision))
        return strongLookUp(context, serial, atLeastRevision);
      return found(view, await freshness(context, 'verification'));
    },
    history: async (serial, moment) => {
      const events: RecordedEvent[] = [];
      while (events.length < LIMITS.historyEvents) {
        const page = await context.store.readStream({
          stream: stampStream(serial),
          from: events.length,
          limit: LIMITS.readEvents,
        });
        events.push(...page.events);
        if (page.events.length < LIMITS.readEvents) break;
      }
      if (events.length === 0) return undefined;
      const indexes = await context.log?.leafIndexes(events);
      const history = events.map((event, at) => {
        const leafIndex = indexes?.[at];
        return { ...historyEvent(context, event), ...(leafIndex !== undefined && { leafIndex }) };
      });
      return moment === undefined ? history : history.filter(isBy(moment));
    },
    proofs: (serial, from = 0) => stampProofs(context, { serial, from }),
    ofDocument: async (sha256) => {
      await caughtUp(context, LIMITS.reportWaitMilliseconds);
      return {
        stamps: await context.readModels.stampsOfDocument(sha256),
        asOf: await freshness(context, 'verification'),
      };
    },
  };
}

const found = (view: StampView, asOf: Freshness): StampLookup =>
  view.state === 'unknown' ? { kind: 'unknown' } : { kind: 'found', view, asOf };

async function strongLookUp(
  { aggregates, runtime }: Context,
  serial: Serial,
  atLeastRevision: number | undefined,
): Promise<StampLookup> {
  const { state, head } = await aggregates.stamps.load(stampStream(serial));
  if (atLeastRevision !== undefined && head !== 'no-stream' && head < atLeastRevision)
    return { kind: 'revision-not-reached', revision: head };
  if (state.view === undefined) return { kind: 'unknown' };
  return found(state.view, { recordedAt: runtime.clock.now(), lagMilliseconds: 0 });
}

async function stampProofs(
  { store, log }: Context,
  { serial, from }: { readonly serial: Serial; readonly from: number },
): Promise<StampProofs | undefined> {
  const { events, head } = await store.readStream({
    stream: stampStream(serial),
    from,
    limit: LIMITS.provenEvents,
  });
  if (head === 'no-stream' || log === undefined) return undefined;
  const found = await log.prove(events);
  const proofs = events.flatMap((event, at): StampProof[] => {
    const proof = found[at];
    return proof ? [{ revision: event.revision, id: event.id, leafHash: leafHashOf(event), ...proof }] : [];
  });
  const unsealed = events.filter((_, at) => found[at] === undefined).map(({ revision }) => revision);
  const last = events.at(-1)?.revision;
  return { proofs, unsealed, ...(last !== undefined && last < head && { next: last + 1 }) };
}

/** An event with the leaf hash that anyone can recompute from its bytes. */
export function historyEvent({ serde }: Context, recorded: RecordedEvent): HistoryEvent {
  return {
    event: serde.decode(recorded),
    leafHash: leafHashOf(recorded),
  };
}

const leafHashOf = (recorded: RecordedEvent): string =>
  leafHash(Buffer.from(entryText(recorded))).toString('hex');

const isBy =
  (moment: Moment) =>
  ({ event }: HistoryEvent): boolean =>
    'position' in moment ? event.position <= moment.position : event.metadata.recordedAt <= moment.recordedAt;
