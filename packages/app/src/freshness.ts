import { type Position, recordedAt as recordedAtOf, toMilliseconds } from '@stamp-ledger/codec';
import { LIMITS, PortError, type ProjectionName, type ReadModels } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import type { Freshness } from './ledger.js';
import { whenAway } from './when-away.js';

/**
 * How far a read model is behind the log: since when its first unseen event is there, or 0 when it has seen them all.
 * When the log cannot be asked, the age of the last event seen: the answer may be that old.
 */
export async function freshness(
  { store, readModels, runtime, logHead }: Context,
  projection: ProjectionName,
): Promise<Freshness> {
  const status = readModels.status().find((each) => each.projection === projection);
  const position = status?.position;
  const now = runtime.clock.now();
  const recordedAt = status?.recordedAt ?? now;
  const head = await logHead.find();
  const age = Math.max(0, toMilliseconds(now) - toMilliseconds(recordedAt));
  if (head === 'unknown') return { recordedAt, lagMilliseconds: age };
  if (head === undefined || (position !== undefined && position >= head))
    return { recordedAt, lagMilliseconds: 0 };
  const first = { limit: 1, ...(position === undefined ? {} : { after: position }) };
  const unseen = await whenAway(
    store.readAll(first).then((page) => page[0] ?? 'none'),
    undefined,
  );
  if (unseen === undefined) return { recordedAt, lagMilliseconds: age };
  if (unseen === 'none') return { recordedAt, lagMilliseconds: 0 };
  return {
    recordedAt,
    lagMilliseconds: Math.max(0, toMilliseconds(now) - toMilliseconds(recordedAtOf(unseen) ?? recordedAt)),
  };
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
