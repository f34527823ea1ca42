import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fromMilliseconds, serialDeriver, ticketSealer, toMilliseconds } from '@stamp-ledger/codec';
import type { CommandId, Instant } from '@stamp-ledger/domain';
import { type Clock, PortError, type Runtime } from '@stamp-ledger/ports';
import { readOrCreateSecret } from './secret-file.js';
import { sleep } from './sleep.js';

const KEY_BYTES = 32;

/** A clock that can be told of a time that is past. */
export interface RisingClock extends Clock {
  /** From now on no time before this one is told. */
  notBefore(instant: Instant): void;
}

/**
 * The machine's clock and randomness, and the keys that serials are derived and tickets sealed with. Rejects when the log
 * has events, or cannot say whether it has, and the key of serials is gone: a new one would leave a batch half minted for
 * ever.
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
  return {
    clock,
    ids: { commandId: () => randomUUID() as CommandId },
    serials: serialDeriver(await readKey(dataDirectory, 'serial.key')),
    // May be lost: a new one is made, and whoever holds a ticket takes another.
    tickets: ticketSealer(await readKey(dataDirectory, 'queue.key')),
  };
}

async function readKey(dataDirectory: string, name: string): Promise<Buffer> {
  const path = join(dataDirectory, 'keys', name);
  const hex = await readOrCreateSecret(path, () => randomBytes(KEY_BYTES).toString('hex'));
  const key = Buffer.from(hex.trim(), 'hex');
  if (key.length !== KEY_BYTES) throw new Error(`keys/${name} does not hold 32 bytes in hexadecimal`);
  return key;
}

/** Wall time that never goes back, even when the machine's clock does. */
export function monotoneClock(): RisingClock {
  let latest = 0;
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
    notBefore: (instant) => {
      const past = toMilliseconds(instant);
      if (past <= latest) return;
      latest = past;
      printed = fromMilliseconds(past);
    },
    monotonicMilliseconds: () => performance.now(),
    sleep,
  };
}
