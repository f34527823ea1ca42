import { toMilliseconds } from '@stamp-ledger/codec';
import type { Channel, Instant, Opening, QueueState } from '@stamp-ledger/domain';

type Openings = QueueState['openings'];

const announced = (openings: Openings): Opening[] =>
  [...openings.values()].filter(({ status }) => status === 'announced');

/** The opening for which tickets are given at a time, before it opens. */
export const openingBefore = (openings: Openings, at: Instant): Opening | undefined =>
  announced(openings).find(({ ticketsFrom, opensAt }) => ticketsFrom <= at && at < opensAt);

/**
 * The second of POSIX time that a ticket given at a time is counted to. All those of an opening are counted to the second
 * before it, and so come before whoever comes later, in the order of their draws.
 */
export function secondOf(openings: Openings, at: Instant): number {
  const opening = openingBefore(openings, at);
  const counted = opening === undefined ? toMilliseconds(at) : toMilliseconds(opening.opensAt) - 1;
  return Math.floor(counted / 1_000);
}

/** The shares that the latest opening stated whose tickets have begun; they hold until another states others. */
export function weightsAt(openings: Openings, at: Instant): ReadonlyMap<Channel, number> {
  const latest = announced(openings)
    .filter(({ shares, ticketsFrom }) => shares !== undefined && ticketsFrom <= at)
    .sort((a, b) => (a.ticketsFrom < b.ticketsFrom ? 1 : -1))[0];
  return new Map((latest?.shares ?? []).map(({ channel, weight }) => [channel as Channel, weight]));
}
