import { type Decision, refuse } from './decision.js';
import type { Instant } from './ids.js';
import type { IncidentState } from './incident.js';

/**
 * Whether a fact that happened at `occurredAt` may be recorded now, with reference to an incident: it has to lie in the
 * past and within the incident, open or closed. Undefined when it may.
 */
export function refuseLateFact(
  incident: IncidentState,
  { occurredAt, recordedAt }: { readonly occurredAt: Instant; readonly recordedAt: Instant },
): Extract<Decision<never>, { kind: 'refused' }> | undefined {
  if (incident.status === 'none') return refuse('unknown-incident', 'There is no such incident.');
  if (occurredAt >= recordedAt)
    return refuse('occurred-after-recording', 'A fact recorded late happened before it is recorded.', {
      recordedAt,
    });
  const endedAt = incident.status === 'closed' ? incident.endedAt : undefined;
  if (occurredAt < incident.startedAt || (endedAt !== undefined && occurredAt > endedAt))
    return refuse('occurred-outside-incident', 'The fact did not happen during this incident.', {
      startedAt: incident.startedAt,
      ...(endedAt === undefined ? {} : { endedAt }),
    });
  return undefined;
}
