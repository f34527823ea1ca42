import { incidentStream, parseInstant } from '@stamp-ledger/codec';
import type { IncidentId, Instant } from '@stamp-ledger/domain';
import type { Context } from './context.js';
import type { Ledger } from './ledger.js';
import { fromCaller } from './sources.js';

/** Outages and periods of relaxed rules, as facts of the ledger. */
export function incidentCommands({ aggregates, readModels }: Context): Ledger['incidents'] {
  const { incidents } = aggregates;
  return {
    open: ({ incidentId, startedAt, ...rest }, caller) => {
      const id = (incidentId ?? caller.commandId) as IncidentId;
      return incidents.execute({
        stream: incidentStream(id),
        source: fromCaller(caller),
        command: (_state, at) => ({
          kind: 'open',
          incidentId: id,
          startedAt: instantOr(startedAt, at),
          ...rest,
        }),
      });
    },
    close: (id, { endedAt, summary }, caller) =>
      incidents.execute({
        stream: incidentStream(id),
        source: fromCaller(caller),
        command: (_state, at) => ({
          kind: 'close',
          endedAt: instantOr(endedAt, at),
          ...(summary === undefined ? {} : { summary }),
        }),
      }),
    get: async (id) => {
      const { state } = await incidents.load(incidentStream(id));
      return state.status === 'none' ? undefined : state;
    },
    list: (page) => readModels.incidents(page),
  };
}

const instantOr = (text: string | undefined, otherwise: Instant): Instant =>
  text === undefined ? otherwise : (parseInstant(text) ?? otherwise);
