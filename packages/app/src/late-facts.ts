import { incidentStream, parseInstant } from '@stamp-ledger/codec';
import { type Backfill, type IncidentId, type Instant, refuseLateFact } from '@stamp-ledger/domain';
import type { CommandRequest, CommandSource } from './aggregate.js';
import type { Context } from './context.js';
import type { Caller } from './ledger.js';
import { fromCaller } from './sources.js';

/** What a body says of a fact that is recorded late; its schema has both members or none. */
export interface LateMembers {
  readonly occurredAt?: string | undefined;
  readonly backfill?: Backfill | undefined;
}

/** Who gives the command, and for a late fact when it happened and whether it may be recorded now. */
export async function lateSource(
  { aggregates }: Context,
  { occurredAt: text, backfill }: LateMembers,
  caller: Caller,
): Promise<{ readonly source: CommandSource } & Pick<CommandRequest<never, never>, 'refusal'>> {
  const source = fromCaller(caller);
  const occurredAt: Instant | undefined = text === undefined ? undefined : parseInstant(text);
  if (occurredAt === undefined || backfill === undefined) return { source };
  const incidentId = backfill.incidentId as IncidentId;
  const { state } = await aggregates.incidents.load(incidentStream(incidentId));
  return {
    source: { ...source, late: { occurredAt, backfill } },
    refusal: (recordedAt) => refuseLateFact(state, { occurredAt, recordedAt }),
  };
}
