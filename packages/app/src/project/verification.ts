import { type LedgerEvent, type StreamName, stampStream } from '@stamp-ledger/codec';
import {
  type BatchId,
  type Channel,
  DIRECT_CHANNEL,
  type EventData,
  type Instant,
  type OrderId,
  type Serial,
  type StampStage,
} from '@stamp-ledger/domain';
import type { StampView } from '@stamp-ledger/ports';
import type { Projection } from './batch.js';
import { admit, applyOrFault, beginsUnseenStream } from './guard.js';
import { isStampEvent, type StampLedgerEvent } from './kinds.js';
import { advance } from './progress.js';

/**
 * A row of the verification model after one more event of its stream. The projection and strong reads share it, so
 * they cannot differ. Before minting a serial has state `unknown`; only verifications are counted then.
 *
 * @throws Error when the event cannot follow, or is of another kind of stream
 */
export function foldStampView(view: StampView | undefined, event: LedgerEvent): StampView {
  if (!isStampEvent(event)) throw new Error(`${event.type} is no event of a stamp`);
  const serial = event.data.serial as Serial;
  const { revision } = event;
  const at = event.metadata.occurredAt as Instant;
  if (event.type === 'StampMinted') return minted(view, event.data, { serial, revision, at });
  const known: StampView = view ?? {
    serial,
    state: 'unknown',
    revision,
    verifications: { count: 0, severalActors: false },
  };
  if (event.type === 'StampVerified')
    return { ...known, revision, verifications: verified(known, event.metadata.actor, at) };
  if (known.state === 'unknown') throw new Error(`${event.type} before minting`);
  return { ...known, revision, ...changed(event, at) };
}

function minted(
  view: StampView | undefined,
  data: EventData['StampMinted'],
  { serial, revision, at }: { readonly serial: Serial; readonly revision: number; readonly at: Instant },
): StampView {
  if (view !== undefined && view.state !== 'unknown') throw new Error('minted twice');
  return {
    serial,
    state: 'minted',
    revision,
    batchId: data.batchId as BatchId,
    series: data.series,
    denomination: data.denomination,
    channel: DIRECT_CHANNEL,
    mintedAt: at,
    verifications: view?.verifications ?? { count: 0, severalActors: false },
  };
}

function verified({ verifications }: StampView, actor: string, at: Instant): StampView['verifications'] {
  const { count, lastActor, severalActors } = verifications;
  return {
    count: count + 1,
    lastAt: at,
    lastActor: actor,
    severalActors: severalActors || (lastActor !== undefined && lastActor !== actor),
  };
}

type LifeEvent = Exclude<StampLedgerEvent, { readonly type: 'StampMinted' | 'StampVerified' }>;

/** What the event changes of a minted stamp. A reservation or a doubt binds no document yet. */
function changed(event: LifeEvent, at: Instant): Partial<StampView> {
  switch (event.type) {
    case 'StampAllocated':
      return { state: 'allocated', channel: event.data.channel as Channel };
    case 'StampDeallocated':
      return { state: 'minted', channel: DIRECT_CHANNEL };
    case 'StampSold':
      return sold(event.data, at);
    case 'StampReserved':
      return stage('reserved');
    case 'StampReleased':
      return stage('sold');
    case 'AffixOutcomeUnknown':
      return stage('outcome-unknown');
    case 'AffixOutcomeResolved':
      return event.data.result === 'affixed' ? affixed(event.data.document, at) : stage('sold');
    case 'StampAffixed':
      return affixed(event.data.document, at);
    case 'StampVoided':
      return { state: 'voided', voided: { reason: event.data.reason, at } };
    case 'EventCorrected':
      return {};
  }
}

const stage = (state: StampStage): Partial<StampView> => ({ state });

const sold = (data: EventData['StampSold'], at: Instant): Partial<StampView> => ({
  state: 'sold',
  channel: data.channel as Channel,
  soldAt: at,
  ...(data.orderId === undefined ? {} : { orderId: data.orderId as OrderId }),
});

const affixed = (document: EventData['StampAffixed']['document'], at: Instant): Partial<StampView> => ({
  state: 'affixed',
  affixedAt: at,
  document: { sha256: document.sha256, type: document.type },
});

/** One row a serial: what a verifier reads. */
export const verificationProjection: Projection<'verification'> = {
  name: 'verification',
  async project(transaction, events, source) {
    const from = await transaction.loadProgress();
    const ofStamps = events.filter(isStampEvent);
    const serials = new Set<Serial>();
    for (const event of ofStamps)
      if (!beginsUnseenStream(event, from)) serials.add(event.data.serial as Serial);
    const views = new Map<string, StampView>();
    const revisions = new Map<StreamName, number>();
    for (const view of await transaction.loadStamps([...serials])) {
      views.set(view.serial, view);
      revisions.set(stampStream(view.serial), view.revision);
    }
    const admitted = await admit(ofStamps, revisions, source);
    const changedViews = new Map<string, StampView>();
    for (const event of admitted.events)
      applyOrFault(event, (applied) => {
        const view = foldStampView(viewOf(applied, views), applied);
        views.set(view.serial, view);
        changedViews.set(view.serial, view);
      });
    const write = advance(from, events, admitted.repaired);
    if (write === undefined) return { progress: from, repaired: 0 };
    await transaction.save({ ...write, stamps: [...changedViews.values()] });
    return { progress: write.progress, repaired: admitted.repaired.length };
  },
};

const viewOf = (event: LedgerEvent, views: ReadonlyMap<string, StampView>): StampView | undefined =>
  isStampEvent(event) ? views.get(event.data.serial) : undefined;
