import { batchStream, stampStream } from '@stamp-ledger/codec';
import type { BatchId, BatchState, Serial } from '@stamp-ledger/domain';
import { LIMITS, PortError } from '@stamp-ledger/ports';
import type { CommandSource } from '../aggregate.js';
import type { Context } from '../context.js';
import { mustBeCaughtUp } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { appendOneEach, type StampStep } from './append-one-each.js';
import type { Job } from './job.js';

type Minting = Extract<BatchState, { status: 'minting' }>;

/**
 * Mints the stamps of open batches, chunk after chunk in the order of their index. Chunks are appended one at a time, so
 * that the stamps there are always the first ones of the batch: after a crash minting goes on behind them.
 */
export function mintJob(context: Context): Job {
  const completed = new Set<BatchId>();
  return {
    name: 'minting',
    round: async () => {
      const due = (await context.readModels.batchesToMint({ limit: LIMITS.queryRows })).filter(
        (id) => !completed.has(id),
      );
      // A batch leaves the read model's list for good once its completion is projected.
      if (due.length === 0) {
        completed.clear();
        return 'idle';
      }
      for (const id of due) {
        await mintBatch(context, id);
        completed.add(id);
      }
      return 'worked';
    },
  };
}

async function mintBatch(context: Context, id: BatchId): Promise<void> {
  const { state } = await context.aggregates.batches.load(batchStream(id));
  if (state.status !== 'minting') return;
  await mustBeCaughtUp(context);
  const { serialAt, from } = await plan(context, state);
  const source = fromProcess('minting', id);
  const conflicts: Serial[] = [];
  for (let start = from; start < state.quantity; start += LIMITS.stampChunk) {
    const end = Math.min(start + LIMITS.stampChunk, state.quantity);
    const steps: StampStep[] = [];
    for (let index = start; index < end; index++)
      steps.push(mintStep(state, { serial: serialAt(index), index, source }));
    const { conflicted } = await appendOneEach(context, steps, context.runtime.clock.now());
    for (const step of conflicted) if (!(await mintBesideOthers(context, step))) conflicts.push(step.serial);
  }
  await context.aggregates.batches.execute({
    stream: batchStream(id),
    source,
    command: () => ({ kind: 'complete', minted: state.quantity - conflicts.length, conflicts }),
  });
}

/** Which serials, and from which index on. Provided serials are few and gone through again whole, to find their conflicts. */
async function plan({ readModels, runtime }: Context, { batchId, serials, serialKeyId }: Minting) {
  if (serials !== undefined) {
    const serialAt = (index: number): Serial => {
      const serial = serials[index];
      if (serial === undefined) throw new Error(`batch ${batchId} has no serial ${index}`);
      return serial;
    };
    return { serialAt, from: 0 };
  }
  if (serialKeyId !== runtime.serials.keyId)
    throw new PortError(
      'corrupt',
      `batch ${batchId} was begun with the serial key ${serialKeyId}, this ledger has ${runtime.serials.keyId}: restore that key`,
    );
  return {
    serialAt: (index: number) => runtime.serials.derive(batchId, index),
    from: await readModels.batchMinted(batchId),
  };
}

const mintStep = (
  { batchId, series, denomination }: Minting,
  {
    serial,
    index,
    source,
  }: { readonly serial: Serial; readonly index: number; readonly source: CommandSource },
): StampStep => ({
  serial,
  expected: 'no-stream',
  source,
  event: { type: 'StampMinted', data: { serial, batchId, series, denomination, index } },
});

/**
 * A stream that is not empty may hold checks of a serial that nobody had minted, or this very minting from before a
 * crash; then the stamp is minted all the same. Only another batch's stamp is a conflict.
 */
async function mintBesideOthers(
  { aggregates }: Context,
  { serial, source, event }: StampStep,
): Promise<boolean> {
  if (event.type !== 'StampMinted') throw new Error('not a minting');
  const { batchId, series, denomination, index } = event.data;
  const result = await aggregates.stamps.execute({
    stream: stampStream(serial),
    source,
    command: () => ({ kind: 'mint', serial, batchId: batchId as BatchId, series, denomination, index }),
  });
  return result.kind === 'done';
}
