import { PortError } from '@stamp-ledger/ports';
import { isMissing } from './errors.js';
import { POSTGRES_LIMITS } from './limits.js';
import { LOCKS } from './locks.js';
import type { Queryable } from './statements.js';

export const LIVE_SQL = 'SELECT generation FROM ledger.live';

/** Keeps a swap out until the transaction ends, and says what is live. Several statements: no parameters. */
export const HOLD_LIVE_SQL = `SELECT pg_advisory_xact_lock_shared(${LOCKS.live}, 0); ${LIVE_SQL}`;

export async function readLive(connection: Queryable): Promise<number> {
  const { rows } = await connection.query<{ generation: number }>(LIVE_SQL);
  return liveOf(rows[0]);
}

export function liveOf(row: { readonly generation: number } | undefined): number {
  if (row === undefined) throw new PortError('corrupt', 'no generation of the read models is live');
  return row.generation;
}

/** The number of the live generation, remembered for a moment: a reader may be that much behind a swap. */
export class LiveGeneration {
  #known: { readonly number: number; readonly at: number } | undefined;
  #asking: Promise<number> | undefined;

  constructor(private readonly connection: Queryable) {}

  async current(): Promise<number> {
    const known = this.#known;
    if (known !== undefined && performance.now() - known.at < POSTGRES_LIMITS.generationMilliseconds)
      return known.number;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  forget(): void {
    this.#known = undefined;
  }

  async #ask(): Promise<number> {
    const at = performance.now();
    const number = await readLive(this.connection);
    this.#known = { number, at };
    return number;
  }
}

/** Reads from the live generation; once more when that one was dropped after its number had been read. */
export async function onLive<Answer>(
  live: LiveGeneration,
  read: (generation: number) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read(await live.current());
    } catch (error) {
      if (!isMissing(error) || attempt === POSTGRES_LIMITS.generationAttempts) throw error;
      live.forget();
    }
  }
}
