import { performance } from 'node:perf_hooks';
import { type ClaimResult, type IdempotencyKeys, LIMITS, PortError } from '@stamp-ledger/ports';

/** Milliseconds for which keys that could not be reached are not asked again. */
const REST_MILLISECONDS = 1_000;

/**
 * Keys whose store may be away: then every request is carried out, and the streams themselves answer a command that comes
 * again. A cache must not keep commands from being taken.
 *
 * What a claim came to is owed to the store until it is told: a claim that nobody ends would be taken for running for as
 * long as this process lives. At most {@link LIMITS.idempotencyClaims} are owed; beyond, the oldest are forgotten.
 */
export function tolerantKeys(keys: IdempotencyKeys, onAway: (error: PortError) => void): IdempotencyKeys {
  return new TolerantKeys(keys, onAway);
}

/** Tells the store what a claim came to. */
type Ending = () => Promise<void>;

class TolerantKeys implements IdempotencyKeys {
  #awayUntil = 0;
  readonly #owed = new Map<string, Ending>();
  readonly #paying: NodeJS.Timeout;
  #isPaying = false;

  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly onAway: (error: PortError) => void,
  ) {
    this.#paying = setInterval(() => void this.#payAll(), REST_MILLISECONDS);
    this.#paying.unref();
  }

  async claim(request: Parameters<IdempotencyKeys['claim']>[0]): Promise<ClaimResult> {
    const isPaid = await this.#pay(request.key);
    const claimed = isPaid ? await this.#asking(() => this.keys.claim(request)) : undefined;
    return claimed ?? { kind: 'claimed' };
  }

  finish(request: Parameters<IdempotencyKeys['finish']>[0]): Promise<void> {
    return this.#end(request.key, () => this.keys.finish(request));
  }

  release(key: string): Promise<void> {
    return this.#end(key, () => this.keys.release(key));
  }

  async close(): Promise<void> {
    // What is still owed goes with the process: its claims end with its session.
    clearInterval(this.#paying);
    await this.keys.close();
  }

  async #end(key: string, ending: Ending): Promise<void> {
    this.#owed.delete(key);
    this.#owed.set(key, ending);
    const [oldest] = this.#owed.keys();
    if (oldest !== undefined && this.#owed.size > LIMITS.idempotencyClaims) this.#owed.delete(oldest);
    await this.#pay(key);
  }

  /** True when nothing is owed for the key any more. */
  async #pay(key: string): Promise<boolean> {
    const ending = this.#owed.get(key);
    if (ending === undefined) return true;
    try {
      const isAway = (await this.#asking(async () => ({ answer: await ending() }))) === undefined;
      if (isAway) return false;
    } catch (error) {
      // Told once: it would fail again.
      this.#owed.delete(key);
      throw error;
    }
    if (this.#owed.get(key) === ending) this.#owed.delete(key);
    return true;
  }

  async #payAll(): Promise<void> {
    if (this.#isPaying) return;
    this.#isPaying = true;
    try {
      for (const key of [...this.#owed.keys()]) if (!(await this.#pay(key))) return;
    } catch {
      // Damage is told to whoever asks next.
    } finally {
      this.#isPaying = false;
    }
  }

  /** Undefined while the store is away. */
  async #asking<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    if (performance.now() < this.#awayUntil) return undefined;
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof PortError) || error.kind === 'corrupt') throw error;
      this.#awayUntil = performance.now() + REST_MILLISECONDS;
      this.onAway(error);
      return undefined;
    }
  }
}
