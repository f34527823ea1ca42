import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fromMilliseconds, serialDeriver, toMilliseconds } from '@stamp-ledger/codec';
import type { CommandId, Instant } from '@stamp-ledger/domain';
import type { Clock, Runtime } from '@stamp-ledger/ports';
import { readOrCreateSecret } from './secret-file.js';
import { sleep } from './sleep.js';

const SERIAL_KEY_BYTES = 32;

/**
 * The machine's clock and randomness, and the key that serials are derived with. Rejects when the log has events
 * and the key is gone: a new one would leave a batch half minted for ever.
 */
export async function openRuntime({
  dataDirectory,
  logHasEvents,
  notBefore,
}: {
  readonly dataDirectory: string;
  readonly logHasEvents: boolean;
  /** Time of the log's last event. */
  readonly notBefore: Instant | undefined;
}): Promise<Runtime> {
  const path = join(dataDirectory, 'keys', 'serial.key');
  if (logHasEvents && !existsSync(path))
    throw new Error('keys/serial.key is missing beside a log that has events: restore it from the backup');
  const hex = await readOrCreateSecret(path, () => randomBytes(SERIAL_KEY_BYTES).toString('hex'));
  const key = Buffer.from(hex.trim(), 'hex');
  if (key.length !== SERIAL_KEY_BYTES)
    throw new Error('keys/serial.key does not hold 32 bytes in hexadecimal');
  return {
    clock: monotoneClock(notBefore === undefined ? 0 : toMilliseconds(notBefore)),
    ids: { commandId: () => randomUUID() as CommandId },
    serials: serialDeriver(key),
  };
}

/** Wall time that never goes back, even when the machine's clock does. */
export function monotoneClock(notBeforeMilliseconds: number): Clock {
  let latest = notBeforeMilliseconds;
  let printed = fromMilliseconds(latest);
  return {
    now: () => {
      const now = Date.now();
      if (now > latest) {
        latest = now;
        printed = fromMilliseconds(now);
      }
      return printed;
    },
    monotonicMilliseconds: () => performance.now(),
    sleep,
  };
}
