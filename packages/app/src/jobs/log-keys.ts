import { LOG_KEYS_STREAM } from '@stamp-ledger/codec';
import { logKeysDecider, type ObserveLogKeys } from '@stamp-ledger/domain';
import { formatVkey, parseNote, parseVkey } from '@stamp-ledger/transparency';
import type { Context } from '../context.js';
import { fromProcess } from '../sources.js';

/** One look at the keys of the published log: a key that came or went since the last one is recorded. */
export async function recordLogKeysOnce({ log, aggregates }: Context): Promise<void> {
  const [vkeys, checkpoint] = [await log?.vkeys(), await log?.checkpoint()];
  if (vkeys === undefined || checkpoint === undefined) return;
  const seen = observed(vkeys, checkpoint);
  const { state, head } = await aggregates.logKeys.load(LOG_KEYS_STREAM);
  if (logKeysDecider.decide(state, seen).kind !== 'accepted') return;
  await aggregates.logKeys.execute({
    stream: LOG_KEYS_STREAM,
    source: fromProcess('log-keys', String(head)),
    command: () => seen,
  });
}

function observed(vkeys: Buffer, checkpoint: Buffer): ObserveLogKeys {
  const signers = new Set(parseNote(checkpoint).signatures.map(({ name, keyId }) => `${name}+${keyId}`));
  const keys = vkeys
    .toString()
    .trimEnd()
    .split('\n')
    .map(parseVkey)
    .map((key) => ({ vkey: formatVkey(key), signs: signers.has(`${key.name}+${key.keyId}`) }));
  return { kind: 'observe', keys };
}
