import { batchStream, stampStream } from '@stamp-ledger/codec';
import { type BatchId, type BatchState, type OpenBatch, refuse, type Serial } from '@stamp-ledger/domain';
import type { Context } from './context.js';
import type { Ledger } from './ledger.js';
import { settled } from './settled.js';
import { fromCaller } from './sources.js';
import { whenAway } from './when-away.js';

/** Batches: opened as one durable event, minted behind it. */
export function batchCommands(context: Context): Ledger['batches'] {
  const { batches } = context.aggregates;
  return {
    open: async (body, caller) => {
      const batchId = (body.batchId ?? caller.commandId) as BatchId;
      const stream = batchStream(batchId);
      const { state } = await batches.load(stream);
      const existing = state.status === 'none' ? await existingSerials(context, body.serials ?? []) : [];
      if (existing.length > 0)
        return refuse('serial-exists', 'Some of the serials exist already.', {
          serials: existing.slice(0, 10),
        });
      return batches.execute({
        stream,
        source: fromCaller(caller),
        command: () => ({ kind: 'open', ...terms(context, batchId, body) }),
      });
    },
    report: async (id) => {
      const { state, lastPosition } = await batches.load(batchStream(id));
      if (state.status === 'none' || lastPosition === undefined) return undefined;
      return {
        state,
        position: lastPosition,
        minted:
          state.status === 'minted' ? state.minted : await whenAway(context.readModels.batchMinted(id), 0),
      };
    },
    settled: (id, signal) =>
      settled<BatchState>(context, {
        aggregate: batches,
        stream: batchStream(id),
        isSettled: ({ status }) => status === 'minted',
        signal,
      }),
  };
}

function terms(
  { runtime }: Context,
  batchId: BatchId,
  { denomination, quantity, series, serials }: OpenBatch,
) {
  const common = { batchId, denomination, quantity, series };
  return serials === undefined
    ? { ...common, serialKeyId: runtime.serials.keyId }
    : { ...common, serials: serials as Serial[] };
}

async function existingSerials({ aggregates }: Context, serials: readonly string[]): Promise<string[]> {
  const existing: string[] = [];
  for (const serial of serials) {
    const { state } = await aggregates.stamps.load(stampStream(serial as Serial));
    if (state.state.stage !== 'unminted') existing.push(serial);
  }
  return existing;
}
