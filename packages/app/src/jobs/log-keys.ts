import { LOG_KEYS_STREAM } from '@stamp-ledger/codec';
import { type LogKeys, logKeysDecider, type ObserveLogKeys } from '@stamp-ledger/domain';
import { formatVkey, openNote, parseVkey, TransparencyError } from '@stamp-ledger/transparency';
import type { Context } from '../context.js';
import { fromProcess } from '../sources.js';

/** One look at the keys that sign the published log: one that came or went since the last look is recorded. */
export async function recordLogKeysOnce({ log, aggregates }: Context): Promise<void> {
  if (log === undefined) return;
  // Before the checkpoint is read: what another process records of a newer one meanwhile makes this the repeat of its command.
  const { state, head } = await aggregates.logKeys.load(LOG_KEYS_STREAM);
  const [vkeys, checkpoint] = [await log.vkeys(), await log.checkpoint()];
  if (vkeys === undefined || checkpoint === undefined) return;
  const signers = signersOf({ vkeys, checkpoint, recorded: state });
  if (signers === undefined) return;
  const seen: ObserveLogKeys = { kind: 'observe', signers };
  if (logKeysDecider.decide(state, seen).kind !== 'accepted') return;
  await aggregates.logKeys.execute({
    stream: LOG_KEYS_STREAM,
    source: fromProcess('log-keys', String(head)),
    command: () => seen,
  });
}

/**
 * The keys that sign the checkpoint, as far as they are listed or recorded: a checkpoint may be published before its keys.
 * Undefined when this is no published log: the sealer tells of the damage, and the next look may find it mended.
 */
function signersOf({
  vkeys,
  checkpoint,
  recorded,
}: {
  readonly vkeys: Buffer;
  readonly checkpoint: Buffer;
  readonly recorded: LogKeys;
}): readonly string[] | undefined {
  const known = new Set([...vkeys.toString().trimEnd().split('\n'), ...recorded]);
  try {
    const { verified } = openNote(checkpoint, Array.from(known, parseVkey));
    // The current key signs first.
    return verified.map(({ key }) => formatVkey(key)).reverse();
  } catch (error) {
    if (error instanceof TransparencyError) return undefined;
    throw error;
  }
}
