import type {
  AllocationReport,
  BatchReport,
  Freshness,
  HistoryEvent,
  OrderReport,
  QueueReport,
  StampProof,
  WatchedStock,
} from '@stamp-ledger/app';
import { toMilliseconds } from '@stamp-ledger/codec';
import type { IncidentState, Instant, Opening, StockPolicy } from '@stamp-ledger/domain';
import type { StampView, UnfulfilledOrder } from '@stamp-ledger/ports';

/** What anyone may read of a stamp (A6): never its holder, payment, order or an actor. Undefined members are not sent. */
export function publicStamp(view: StampView) {
  const { serial, state, denomination, series, channel, mintedAt, soldAt, affixedAt, document, voided } =
    view;
  const { count, lastAt } = view.verifications;
  return {
    serial,
    state,
    denomination,
    series,
    channel,
    mintedAt,
    soldAt,
    affixedAt,
    document: document && { sha256: document.sha256, type: document.type },
    voided: voided && { reason: voided.reason, at: voided.at },
    verifications: { count, lastAt },
    revision: view.revision,
  };
}

const asOf = ({ recordedAt, lagMilliseconds }: Freshness) => ({ recordedAt, lagMilliseconds });

export const withFreshness = (view: StampView, freshness: Freshness) => ({
  ...publicStamp(view),
  asOf: asOf(freshness),
});

/** The text of {@link withFreshness}, from the text of {@link publicStamp}. A time and a number want no escaping. */
export const textWithFreshness = (publicText: string, { recordedAt, lagMilliseconds }: Freshness): string =>
  `${publicText.slice(0, -1)},"asOf":{"recordedAt":"${recordedAt}","lagMilliseconds":${lagMilliseconds}}}`;

/** An order as its channel sees it. */
export function order({ state, revision, ahead, estimatedSeconds }: OrderReport) {
  const { orderId, status, channel, denomination, quantity } = state;
  const base = { orderId, status, channel, denomination, quantity, revision, ahead, estimatedSeconds };
  switch (state.status) {
    case 'placed':
      return base;
    case 'rejected':
      return { ...base, reason: state.reason };
    case 'paid':
    case 'cancelled':
      return { ...base, payment: state.payment };
    case 'fulfilled':
      return { ...base, payment: state.payment, serials: state.serials };
    case 'refunded':
      return {
        ...base,
        payment: state.payment,
        serials: state.serials,
        amount: state.amount,
        policyVersion: state.policyVersion,
      };
  }
}

export function batch({ state, minted }: BatchReport) {
  const { batchId, status, denomination, quantity, series } = state;
  const base = { batchId, status, denomination, quantity, series, minted };
  return state.status === 'minted' && state.conflicts.length > 0
    ? { ...base, conflicts: state.conflicts }
    : base;
}

export function allocation({ state, allocated }: AllocationReport) {
  const { allocationId, status, channel, denomination, quantity, batchId } = state;
  return { allocationId, status, channel, denomination, quantity, batchId, allocated };
}

export function incident(state: Exclude<IncidentState, { status: 'none' }>) {
  const { incidentId, status, title, description, startedAt, relaxedRules } = state;
  const base = { incidentId, status, title, description, startedAt, relaxedRules };
  return state.status === 'closed' ? { ...base, endedAt: state.endedAt, summary: state.summary } : base;
}

export function opening({ openingId, status, opensAt, ticketsFrom, title, shares = [] }: Opening) {
  return { openingId, status, opensAt, ticketsFrom, title, shares };
}

/** The waiting room as anyone may see it: whether it is open, how many wait, and what is announced. */
export function queue({ room, openings }: QueueReport, at: Instant) {
  return {
    isOpen: room !== undefined,
    roomId: room?.roomId,
    cause: room?.cause,
    perSecond: room?.perSecond,
    waiting: room?.lines.reduce((sum, { waiting }) => sum + waiting, 0),
    lines: room?.lines,
    openings: openings
      .filter(({ status, opensAt }) => status === 'announced' && opensAt > at)
      .map(({ openingId, opensAt, ticketsFrom, title }) => ({ openingId, opensAt, ticketsFrom, title })),
  };
}

export function stockPolicy({ policyId, channel, denomination, lowBelow, refill }: StockPolicy) {
  return { policyId, channel, denomination, lowBelow, refill };
}

export function watchedStock({ inStock, level, ...policy }: WatchedStock) {
  return { ...stockPolicy(policy), inStock, status: level.status, notRefilled: level.none };
}

/** An event as auditors and subscribers read it. */
export function historyEvent({ event, leafHash, leafIndex, corrections }: HistoryEvent) {
  const { position, stream, revision, id, type, data, metadata } = event;
  const { occurredAt, recordedAt } = metadata;
  return {
    position,
    stream,
    revision,
    id,
    type,
    occurredAt,
    recordedAt,
    data,
    metadata,
    leafHash,
    leafIndex,
    corrections,
  };
}

/** The proof of an event, for whoever holds the event's entry or its leaf hash. */
export function stampProof({ revision, id, leafIndex, leafHash, file }: StampProof) {
  return { revision, eventId: id, leafIndex, leafHash, proof: file };
}

/** A paid order without its stamps; `now` in milliseconds. */
export function unfulfilledOrder({ order, cause }: UnfulfilledOrder, now: number) {
  const { orderId, channel: seller, quantity, denomination, paidAt } = order;
  const ageSeconds =
    paidAt === undefined ? 0 : Math.max(0, Math.floor((now - toMilliseconds(paidAt)) / 1000));
  return { orderId, channel: seller, quantity, denomination, paidAt, cause, ageSeconds };
}
