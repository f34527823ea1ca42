import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fromMilliseconds, serialDeriver, toMilliseconds } from '@stamp-ledger/codec';
import type { CommandId, Instant } from '@stamp-ledger/domain';
import { type Clock, PortError, type Runtime } from '@stamp-ledger/ports';
import { readOrCreateSecret } from './secret-file.js';
import { sleep } from './sleep.js';

const SERIAL_KEY_BYTES = 32;

/** A clock that can be told of a time that is past. */
export interface RisingClock extends Clock {
  /** From now on no time before this one is told. */
  notBefore(instant: Instant): void;
}

/**
 * The machine's clock and randomness, and the key that serials are derived with. Rejects when the log has events, or
 * cannot say whether it has, and the key is gone: a new one would leave a batch half minted for ever.
 */
export async function openRuntime({
  dataDirectory,
  logHasEvents,
  clock,
}: {
  readonly dataDirectory: string;
  readonly logHasEvents: boolean | 'unknown';
  readonly clock: Clock;
}): Promise<Runtime> {
  const path = join(dataDirectory, 'keys', 'serial.key');
  if (logHasEvents === 'unknown' && !existsSync(path))
    throw new PortError(
      'unavailable',
      'keys/serial.key is not there, and the log cannot say if it should be',
    );
  if (logHasEvents && !existsSync(path))
    throw new Error('keys/serial.key is missing beside a log that has events: restore it from the backup');
  const hex = await readOrCreateSecret(path, () => randomBytes(SERIAL_KEY_BYTES).toString('hex'));
  const key = Buffer.from(hex.trim(), 'hex');
  if (key.length !== SERIAL_KEY_BYTES)
    throw new Error('keys/serial.key does not hold 32 bytes in hexadecimal');
  return {
    clock,
    ids: { commandId: () => randomUUID() as CommandId },
    serials: serialDeriver(key),
  };
}

/** Wall time that never goes back, even when the machine's clock does. */
export function monotoneClock(): RisingClock {
  let latest = 0;
  return {
    now: () => {
      latest = Math.max(latest, Date.now());
      return fromMilliseconds(latest);
    },
    notBefore: (instant) => {
      latest = Math.max(latest, toMilliseconds(instant));
    },
    monotonicMilliseconds: () => performance.now(),
    sleep,
  };
}
