import { fnv1a } from '@stamp-ledger/codec';
import type { PortError, WorkShare } from '@stamp-ledger/ports';
import type pg from 'pg';
import { LastingSession } from './lasting-session.js';
import { POSTGRES_LIMITS } from './limits.js';
import { heldBy, LOCKS } from './locks.js';
import { checkMigrated } from './migrate.js';

/** Keys are divided by slots. The same in every process. */
const SLOTS = 16;

const LOOK = `SELECT (SELECT count(*) FROM ${heldBy(LOCKS.shareMember)})::int AS members,
  ARRAY(SELECT held.objid::int FROM ${heldBy(LOCKS.shareSlot)}) AS taken`;
const JOIN = 'SELECT pg_advisory_lock_shared($1, 0)';
const TAKE = 'SELECT slot FROM unnest($2::int[]) AS slot WHERE pg_try_advisory_lock($1, slot)';
const GIVE_UP = 'SELECT pg_advisory_unlock($1, slot) FROM unnest($2::int[]) AS slot';

export interface PostgresWorkShareOptions {
  readonly url: string;
  readonly slots?: number;
  /** Told why nothing can be owned for now. */
  readonly onError?: (error: PortError) => void;
}

/**
 * Joins those who divide the work. Every slot is a lock of this process's session, and ends with it. Each member holds
 * at most its part of the slots, and looks once in a while whether members came or went.
 */
export async function openPostgresWorkShare(options: PostgresWorkShareOptions): Promise<WorkShare> {
  const share = new PostgresWorkShare(options.slots ?? SLOTS);
  await share.open(options);
  return share;
}

class PostgresWorkShare implements WorkShare {
  readonly #owned = new Set<number>();
  #term = 0;
  #session: LastingSession | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(private readonly slots: number) {}

  async open({ url, onError }: PostgresWorkShareOptions): Promise<void> {
    this.#session = await LastingSession.open({
      url,
      purpose: 'work share',
      statementMilliseconds: POSTGRES_LIMITS.shareLookMilliseconds,
      onOpen: async (client) => {
        // An attempt before this one may have come as far as taking slots.
        this.#owned.clear();
        await checkMigrated(client);
        await client.query(JOIN, [LOCKS.shareMember]);
        await this.#divide(client);
      },
      onLost: () => this.#loseAll(),
      onError,
    });
    this.#timer = setInterval(() => this.#look(), POSTGRES_LIMITS.shareMilliseconds);
    this.#timer.unref();
  }

  owns(key: string): boolean {
    return this.#session?.client !== undefined && this.#owned.has(slotOf(key, this.slots));
  }

  term(): number {
    return this.#term;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#session?.close();
    await this.#looking;
  }

  #look(): void {
    const client = this.#session?.client;
    if (client === undefined || this.#looking !== undefined) return;
    this.#looking = this.#divide(client)
      .catch((error: unknown) => this.#session?.drop(client, error))
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #divide(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ members: number; taken: number[] }>(LOOK);
    const { members = 1, taken = [] } = rows[0] ?? {};
    const part = Math.ceil(this.slots / Math.max(members, 1));
    if (this.#owned.size > part) await this.#giveUp(client, [...this.#owned].slice(part));
    else if (this.#owned.size < part)
      await this.#take(client, this.#free(taken).slice(0, part - this.#owned.size));
  }

  /** What nobody held just now, from some slot on: others look for theirs elsewhere. */
  #free(taken: readonly number[]): number[] {
    const start = Math.floor(Math.random() * this.slots);
    const inTurn = Array.from({ length: this.slots }, (_, index) => (start + index) % this.slots);
    return inTurn.filter((slot) => !taken.includes(slot));
  }

  async #take(client: pg.Client, slots: readonly number[]): Promise<void> {
    if (slots.length === 0) return;
    const { rows } = await client.query<{ slot: number }>(TAKE, [LOCKS.shareSlot, slots]);
    if (rows.length === 0 || this.#isOver(client)) return;
    for (const { slot } of rows) this.#owned.add(slot);
    this.#term++;
  }

  /** Not owned from here on; the lock follows. */
  async #giveUp(client: pg.Client, slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.#owned.delete(slot);
    this.#term++;
    await client.query(GIVE_UP, [LOCKS.shareSlot, slots]);
  }

  /** True when the session ended while it was asked; the first answers come before it is in place. */
  #isOver(client: pg.Client): boolean {
    const current = this.#session?.client;
    return current !== undefined && current !== client;
  }

  #loseAll(): void {
    this.#owned.clear();
    this.#term++;
  }
}

/** The same key is in the same slot everywhere. */
const slotOf = (key: string, slots: number): number => fnv1a(key) % slots;
