import { accept, type Decider, type Decision, refuse, unchanged } from './decision.js';
import type { IncidentEvent } from './events.js';
import type { IncidentId, Instant } from './ids.js';
import { cannotFollow, impossible } from './invariant.js';
import { sameList } from './list.js';
import { given } from './optional.js';
import type { RelaxedRules } from './wire.generated.js';

export interface IncidentTerms {
  readonly incidentId: IncidentId;
  readonly title: string;
  readonly description?: string;
  readonly startedAt: Instant;
  readonly relaxedRules?: RelaxedRules;
}

export type IncidentState =
  | { readonly status: 'none' }
  | ({ readonly status: 'open' } & IncidentTerms)
  | ({ readonly status: 'closed'; readonly endedAt: Instant; readonly summary?: string } & IncidentTerms);

export type IncidentCommand =
  | ({ readonly kind: 'open' } & IncidentTerms)
  | { readonly kind: 'close'; readonly endedAt: Instant; readonly summary?: string };

/** An outage or a period of relaxed rules: stream `incident-<incidentId>`. */
export const incidentDecider: Decider<IncidentState, IncidentCommand, IncidentEvent> = {
  initialState: { status: 'none' },
  decide: (state, command) => (command.kind === 'open' ? open(state, command) : close(state, command)),
  evolve,
};

function open(
  state: IncidentState,
  command: Extract<IncidentCommand, { kind: 'open' }>,
): Decision<IncidentEvent> {
  if (state.status !== 'none') {
    return sameTerms(state, command)
      ? unchanged
      : refuse('incident-exists', 'An incident with this identifier exists with other terms.', {
          state: state.status,
        });
  }
  const { incidentId, title, description, startedAt, relaxedRules } = command;
  return accept({
    type: 'IncidentOpened',
    data: {
      incidentId,
      title,
      ...given('description', description),
      startedAt,
      ...given('relaxedRules', relaxedRules),
    },
  });
}

function close(
  state: IncidentState,
  command: Extract<IncidentCommand, { kind: 'close' }>,
): Decision<IncidentEvent> {
  const { endedAt, summary } = command;
  switch (state.status) {
    case 'none':
      return refuse('unknown-incident', 'There is no such incident.');
    case 'open':
      if (endedAt < state.startedAt) {
        return refuse('incident-ends-before-start', 'An incident cannot end before it started.', {
          startedAt: state.startedAt,
        });
      }
      return accept({
        type: 'IncidentClosed',
        data: { incidentId: state.incidentId, endedAt, ...given('summary', summary) },
      });
    case 'closed':
      return state.endedAt === endedAt && state.summary === summary
        ? unchanged
        : refuse('incident-closed', 'This incident was closed with other data.', { state: state.status });
  }
}

function evolve(state: IncidentState, event: IncidentEvent): IncidentState {
  switch (event.type) {
    case 'IncidentOpened': {
      if (state.status !== 'none') return cannotFollow(event.type, `status ${state.status} of an incident`);
      const { incidentId, title, description, startedAt, relaxedRules } = event.data;
      return {
        status: 'open',
        incidentId: incidentId as IncidentId,
        title,
        startedAt: startedAt as Instant,
        ...given('description', description),
        ...given('relaxedRules', relaxedRules),
      };
    }
    case 'IncidentClosed':
      return state.status === 'open' && state.incidentId === event.data.incidentId
        ? {
            ...state,
            status: 'closed',
            endedAt: event.data.endedAt as Instant,
            ...given('summary', event.data.summary),
          }
        : cannotFollow(event.type, `status ${state.status} of an incident`);
    default:
      return impossible(event);
  }
}

function sameTerms(state: IncidentTerms, command: IncidentTerms): boolean {
  return (
    state.incidentId === command.incidentId &&
    state.title === command.title &&
    state.description === command.description &&
    state.startedAt === command.startedAt &&
    state.relaxedRules?.version === command.relaxedRules?.version &&
    sameList(state.relaxedRules?.rules, command.relaxedRules?.rules)
  );
}
