import { batchStream, stampStream } from '@stamp-ledger/codec';
import type { BatchId, BatchState, Serial } from '@stamp-ledger/domain';
import { LIMITS, PortError } from '@stamp-ledger/ports';
import type { CommandSource } from '../aggregate.js';
import type { Context } from '../context.js';
import { caughtUp } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { WORK_KEYS } from '../work-keys.js';
import { appendEach, encodeEach, type StampStep } from './append-one-each.js';
import type { Job } from './job.js';
import { type Lot, lotsJob } from './lots.js';

type Minting = Extract<BatchState, { status: 'minting' }>;

/**
 * Mints the stamps of open batches, chunk after chunk in the order of their index. Chunks of a batch are appended one at
 * a time, so that all before the one last seen are whole: after a crash minting goes on with that one, and what of it is
 * there already is not written again.
 */
export const mintJob = (context: Context): Job =>
  lotsJob({
    name: 'minting',
    due: async () => {
      const open = await context.readModels.batchesToMint({ limit: LIMITS.queryRows });
      return open.filter((id) => context.share.owns(WORK_KEYS.minting(id)));
    },
    term: () => context.share.term(),
    ready: () => caughtUp(context),
    begin: (id) => beginBatch(context, id),
  });

async function beginBatch(context: Context, id: BatchId): Promise<Lot | undefined> {
  const { state } = await context.aggregates.batches.load(batchStream(id));
  if (state.status !== 'minting') return undefined;
  const { serialAt, from } = await plan(context, state);
  const source = fromProcess('minting', id);
  const conflicts: Serial[] = [];
  const chunkFrom = (first: number, end: number): StampStep[] => {
    const steps: StampStep[] = [];
    for (let index = first; index < Math.min(first + LIMITS.stampChunk, end); index++)
      steps.push(mintStep(state, { serial: serialAt(index), index, source }));
    return steps;
  };
  let next = from;
  return {
    step: async () => {
      const end = Math.min(next + LIMITS.mintedStamps, state.quantity);
      let before: Promise<void> = Promise.resolve();
      for (; next < end; next = Math.min(next + LIMITS.stampChunk, end)) {
        const chunk = encodeEach(context, chunkFrom(next, end), context.runtime.clock.now());
        // The log writes a chunk while the next one is made, and has it whole before it is given that.
        await before;
        before = appendEach(context, chunk).then(async ({ conflicted }) => {
          for (const step of conflicted)
            if (!(await mintBesideOthers(context, step))) conflicts.push(step.serial);
        });
        // Others have their turn while thousands are made; and a failure of this chunk is for the next await.
        await Promise.race([before, context.runtime.clock.sleep(0)]);
      }
      await before;
      if (next < state.quantity) return false;
      await context.aggregates.batches.execute({
        stream: batchStream(id),
        source,
        command: () => ({ kind: 'complete', minted: state.quantity - conflicts.length, conflicts }),
      });
      return true;
    },
  };
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
  const minted = await readModels.batchMinted(batchId);
  return {
    serialAt: (index: number) => runtime.serials.derive(batchId, index),
    // A store may have taken a part of the chunk: that one is repeated whole.
    from: Math.floor(minted / LIMITS.stampChunk) * LIMITS.stampChunk,
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
