import type { Position } from '@stamp-ledger/codec';
import type { AsOf, Moment } from '@stamp-ledger/ports';
import type { Session } from '../statements.js';
import { given } from './columns.js';
import { lastChangeBefore } from './past.js';
import { readStanding } from './progress-table.js';
import { firstAfter, timeAt } from './timeline.js';

/** A moment worked out: what is now, some position before, or a time before anything happened. */
export type Resolved =
  | { readonly kind: 'now'; readonly asOf: AsOf }
  | { readonly kind: 'past'; readonly asOf: AsOf; readonly position: Position }
  | { readonly kind: 'empty'; readonly asOf: AsOf };

const EMPTY: Resolved = { kind: 'empty', asOf: {} };

/**
 * 'Now' is where the inventory is settled. While its rows are further than that they hold some later events and lack
 * others; then the settled moment is answered as one of the past.
 */
export async function resolve(session: Session, moment: Moment | undefined): Promise<Resolved> {
  const { progress, settled } = (await readStanding(session, 'inventory')) ?? {};
  if (progress === undefined || settled === undefined) return EMPTY;
  const { position, recordedAt } = settled;
  const now: Resolved =
    position >= progress.position
      ? { kind: 'now', asOf: { position: progress.position, recordedAt: progress.recordedAt } }
      : { kind: 'past', position, asOf: { position, recordedAt } };
  if (moment === undefined) return now;
  if ('position' in moment) return moment.position >= position ? now : upTo(session, moment.position);
  const next = await firstAfter(session, moment.recordedAt);
  if (next === undefined || next.position > position) return now;
  // Events that came late may lie behind the one noted as the event before, and then have changed something.
  const change = await lastChangeBefore(session, next.position);
  const last = change === undefined || (next.before ?? '') > change ? next.before : change;
  return last === undefined ? EMPTY : upTo(session, last);
}

async function upTo(session: Session, position: Position): Promise<Resolved> {
  const recordedAt = await timeAt(session, position);
  return { kind: 'past', position, asOf: { position, ...given('recordedAt', recordedAt) } };
}
