import type { Position } from '@stamp-ledger/codec';
import { toMilliseconds } from '@stamp-ledger/codec';
import { LIMITS, PortError, type ProjectionName } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import type { Freshness } from './ledger.js';

/** How far a read model is behind the log: 0 when it has seen the last event. */
export async function freshness(
  { store, readModels, runtime }: Context,
  projection: ProjectionName,
): Promise<Freshness> {
  const now = runtime.clock.now();
  const head = await store.head();
  const status = readModels.status().find((each) => each.projection === projection);
  const seen = status?.recordedAt;
  if (head === undefined || (status?.position !== undefined && status.position >= head))
    return { recordedAt: seen ?? now, lagMilliseconds: 0 };
  return {
    recordedAt: seen ?? now,
    lagMilliseconds: seen === undefined ? 0 : Math.max(0, toMilliseconds(now) - toMilliseconds(seen)),
  };
}

/** Lets the read models catch up with the log as it is now, for a bounded time; false when they have not. */
export async function caughtUp(
  { store, readModels }: Context,
  milliseconds: number = LIMITS.readModelWaitMilliseconds,
): Promise<boolean> {
  const position: Position | undefined = await store.head();
  return position === undefined || readModels.reached({ position, milliseconds });
}

/** For decisions that must not rest on an old read model. */
export async function mustBeCaughtUp(context: Context): Promise<void> {
  if (!(await caughtUp(context))) throw new PortError('unavailable', 'the read models are behind the log');
}
