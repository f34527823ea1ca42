import { performance } from 'node:perf_hooks';
import { type IdempotencyKeys, PortError } from '@stamp-ledger/ports';

/** Milliseconds for which keys that could not be reached are not asked again. */
const REST_MILLISECONDS = 1_000;

/**
 * Keys whose store may be away: then every request is carried out, and the streams themselves answer a command that comes
 * again. A cache must not keep commands from being taken.
 */
export function tolerantKeys(keys: IdempotencyKeys, onAway: (error: PortError) => void): IdempotencyKeys {
  let awayUntil = 0;
  const asking = async <Answer>(ask: () => Promise<Answer>, otherwise: Answer): Promise<Answer> => {
    if (performance.now() < awayUntil) return otherwise;
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof PortError) || error.kind === 'corrupt') throw error;
      awayUntil = performance.now() + REST_MILLISECONDS;
      onAway(error);
      return otherwise;
    }
  };
  return {
    claim: (request) => asking(() => keys.claim(request), { kind: 'claimed' }),
    finish: (request) => asking(() => keys.finish(request), undefined),
    release: (key) => asking(() => keys.release(key), undefined),
    close: () => keys.close(),
  };
}
