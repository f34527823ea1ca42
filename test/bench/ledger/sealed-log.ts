import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instant } from '@stamp-ledger/domain';
import { type EmbeddedEventStore, openEmbeddedEventStore } from '@stamp-ledger/embedded';
import { createLogger, type EmbeddedSealing, openEmbeddedSealing } from '@stamp-ledger/wiring';
import { eventsOf, type Lives } from './lives.js';
import { seedLog } from './seed.js';

export const ORIGIN = 'bench.example/log';

/** Beside the events of the stamps there are those of their batch and their allocation. */
const OTHER_EVENTS = 4;

/** A log of many events that can be sealed again and again. */
export interface SealableLog {
  readonly directory: string;
  readonly events: number;
  readonly store: EmbeddedEventStore;
  /** Seals the whole log in a thread, as the ledger does, and stays open for what comes. */
  seal(): Promise<EmbeddedSealing>;
  /** Removes what was sealed, keys and all. */
  unseal(): void;
  remove(): Promise<void>;
}

/** Writes a log of about so many events: stamps that are minted, allocated, sold by an order each, and affixed. */
export async function startSealable(events: number): Promise<SealableLog> {
  const stamps = Math.floor(events / eventsOf(livesOf(1)));
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-sealed-'));
  await seedLog(directory, livesOf(stamps));
  const store = await openEmbeddedEventStore({ directory });
  const logger = createLogger('warn');
  const now = () => new Date().toISOString() as Instant;
  return {
    directory,
    events: eventsOf(livesOf(stamps)) + OTHER_EVENTS,
    store,
    seal: async () => {
      const sealing = await openEmbeddedSealing({
        directory,
        origin: ORIGIN,
        store,
        logger,
        now,
        witnesses: { witnesses: [], quorum: 1, strict: false },
      });
      const head = await store.head();
      if (head === undefined || !(await sealing.whenSealed(head, new AbortController().signal)))
        throw new Error(`sealing ended: ${JSON.stringify(sealing.status())}`);
      return sealing;
    },
    unseal: () => {
      for (const name of ['log', 'log-lock', join('keys', 'log')])
        rmSync(join(directory, name), { recursive: true, force: true });
    },
    remove: async () => {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const livesOf = (stamps: number): Lives => ({
  minted: stamps,
  allocated: stamps,
  sold: stamps,
  affixed: stamps,
  ordered: true,
});

/** Events in the log of such a bench. */
export const sealedEvents = ({ quick }: { readonly quick: boolean }): number => (quick ? 7_000 : 1_000_000);
