import type { Decider, Decision, DomainEvent, Refusal } from '@stamp-ledger/domain';

/** The state after `events`. */
export function fold<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  events: readonly Event[],
  from: State = decider.initialState,
): State {
  return events.reduce((state, event) => decider.evolve(state, event), from);
}

/** The state after `commands`, none of which may be refused. */
export function after<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  ...commands: readonly Command[]
): State {
  return commands.reduce((state, command) => {
    const decision = decider.decide(state, command);
    if (decision.kind === 'refused') throw new Error(`refused: ${decision.refusal.code}`);
    return decision.kind === 'accepted' ? fold(decider, decision.events, state) : state;
  }, decider.initialState);
}

/** One word for a decision: the event types joined by `+`, `unchanged`, or the refusal's code. */
export function outcome(decision: Decision<DomainEvent>): string {
  if (decision.kind === 'accepted') return decision.events.map((event) => event.type).join('+');
  return decision.kind === 'refused' ? decision.refusal.code : 'unchanged';
}

/** The events of an accepted decision; none otherwise. */
export function eventsOf<Event extends DomainEvent>(decision: Decision<Event>): readonly Event[] {
  return decision.kind === 'accepted' ? decision.events : [];
}

export function refusalOf(decision: Decision<DomainEvent>): Refusal | undefined {
  return decision.kind === 'refused' ? decision.refusal : undefined;
}

/** Whether a refusal's detail is one sentence without the insides of anything. */
export function isOneSentence(detail: string): boolean {
  return /^[A-Z][^.\n]*\.$/.test(detail) && !/undefined|null|\[object|stack/i.test(detail);
}

/**
 * Which state gives which outcome, read from `{outcome: [states]}`.
 *
 * @throws Error unless the row names each of `states` exactly once
 */
export function byState<State extends string>(
  row: Readonly<Record<string, readonly State[]>>,
  states: readonly State[],
): ReadonlyMap<State, string> {
  const outcomes = Object.entries(row).flatMap(([name, where]) =>
    where.map((state): [State, string] => [state, name]),
  );
  const map = new Map(outcomes);
  if (outcomes.length !== states.length || states.some((state) => !map.has(state))) {
    throw new Error(`a row must name every state once: ${Object.keys(row).join(', ')}`);
  }
  return map;
}
