import { stampStream } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
import { LIMITS, type StampView } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import { caughtUp, freshness, statusOf } from './freshness.js';
import { historyPage } from './history.js';
import type { Freshness, Ledger, StampLookup, StampProof, StampProofs } from './ledger.js';
import { leafOf } from './seal/read-log.js';
import { SingleFlight } from './single-flight.js';
import type { SeenView } from './stamp-views.js';
import { whenAway } from './when-away.js';

/** What verifiers and auditors read of one stamp or document. */
export function stampQueries(
  context: Context,
): Pick<Ledger['stamps'], 'lookUp' | 'history' | 'proofs' | 'ofDocument'> {
  const asking = new SingleFlight<Serial, StampLookup>();
  const answer = (
    serial: Serial,
    seen: SeenView | undefined,
    atLeastRevision: number | undefined,
  ): StampLookup | Promise<StampLookup> => {
    // A stamp that the read model does not know, or not far enough, may be a moment old: the log decides. It also
    // does while the read model is away.
    if (atLeastRevision !== undefined && (seen === undefined || seen.view.revision < atLeastRevision))
      return strongLookUp(context, serial, atLeastRevision);
    // A forged serial that everybody asks for is one question to the log at a time.
    if (seen === undefined) return asking.run(serial, () => strongLookUp(context, serial, undefined));
    const asOf = freshness(context, seen.status);
    return asOf instanceof Promise ? asOf.then((known) => found(seen.view, known)) : found(seen.view, asOf);
  };
  return {
    lookUp: (serial, { strong = false, atLeastRevision }) => {
      if (strong) return strongLookUp(context, serial, atLeastRevision);
      const seen = context.stampViews.find(serial);
      return seen instanceof Promise
        ? whenAway(seen, undefined).then((found) => answer(serial, found, atLeastRevision))
        : answer(serial, seen, atLeastRevision);
    },
    history: (serial, page) => historyPage(context, serial, page),
    proofs: (serial, from = 0) => stampProofs(context, { serial, from }),
    ofDocument: async (sha256, page) => {
      await caughtUp(context, LIMITS.reportWaitMilliseconds);
      const status = statusOf(context.readModels, 'verification');
      return {
        stamps: await context.readModels.stampsOfDocument(sha256, page),
        asOf: await freshness(context, status),
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
    return proof
      ? [{ revision: event.revision, id: event.id, leafHash: leafOf(event).toString('hex'), ...proof }]
      : [];
  });
  const unsealed = events.filter((_, at) => found[at] === undefined).map(({ revision }) => revision);
  const last = events.at(-1)?.revision;
  return { proofs, unsealed, ...(last !== undefined && last < head && { next: last + 1 }) };
}
