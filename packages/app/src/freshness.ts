import { type Position, toMilliseconds } from '@stamp-ledger/codec';
import {
  LIMITS,
  PortError,
  type ProjectionName,
  type ProjectionStatus,
  type ReadModels,
} from '@stamp-ledger/ports';
import type { Context } from './context.js';
import type { Freshness } from './ledger.js';
import type { FirstAfter, KnownHead } from './log-head.js';

/** Where one projection stands; undefined while nothing is known of it. */
export const statusOf = (
  readModels: Pick<ReadModels, 'status'>,
  projection: ProjectionName,
): ProjectionStatus | undefined => readModels.status().find((each) => each.projection === projection);

/**
 * How far a read model, standing as `status` says, is behind the log: since when its first unseen event is there, or 0
 * when it has seen them all. When the log cannot be asked, the age of the last event seen: the answer may be that old.
 * At once while it is known where the log ends, and the model is there.
 */
export function freshness(
  context: Pick<Context, 'runtime' | 'logHead'>,
  status: ProjectionStatus | undefined,
): Freshness | Promise<Freshness> {
  const head = context.logHead.find();
  return head instanceof Promise
    ? head.then((known) => freshnessAt(context, status, known))
    : freshnessAt(context, status, head);
}

function freshnessAt(
  { runtime, logHead }: Pick<Context, 'runtime' | 'logHead'>,
  status: ProjectionStatus | undefined,
  head: KnownHead,
): Freshness | Promise<Freshness> {
  const position = status?.position;
  const isUpToDate = head === undefined || (head !== 'unknown' && position !== undefined && position >= head);
  const recordedAt = status?.recordedAt ?? runtime.clock.now();
  if (isUpToDate) return { recordedAt, lagMilliseconds: 0 };
  const lagSince = (first: FirstAfter): Freshness => {
    if (first === 'none') return { recordedAt, lagMilliseconds: 0 };
    const since = first === 'unknown' ? toMilliseconds(recordedAt) : first;
    return { recordedAt, lagMilliseconds: Math.max(0, toMilliseconds(runtime.clock.now()) - since) };
  };
  return head === 'unknown' ? lagSince('unknown') : logHead.firstAfter(position).then(lagSince);
}

/** Lets the read models catch up with the log as it is now, for a bounded time; false when they have not. */
export async function caughtUp(
  { store, readModels }: Pick<Context, 'store' | 'readModels'>,
  milliseconds: number = LIMITS.readModelWaitMilliseconds,
  projections: readonly ProjectionName[] = ['inventory', 'verification'],
): Promise<boolean> {
  const position = await store.head();
  return position === undefined || readModels.reached({ position, milliseconds, projections });
}

/** For decisions that must not rest on an old read model. */
export async function mustBeCaughtUp(context: Pick<Context, 'store' | 'readModels'>): Promise<void> {
  if (!(await caughtUp(context))) throw new PortError('unavailable', 'the read models are behind the log');
}

/** The position that every one of these projections has seen; undefined while one has seen nothing. */
export function seenByAll(
  readModels: ReadModels,
  projections: readonly ProjectionName[],
): Position | undefined {
  let least: Position | undefined;
  for (const { projection, position } of readModels.status()) {
    if (!projections.includes(projection)) continue;
    if (position === undefined) return undefined;
    if (least === undefined || position < least) least = position;
  }
  return least;
}
