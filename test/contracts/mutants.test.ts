import { copyFile, mkdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ContractCase,
  eventStoreContract,
  idempotencyKeysContract,
  type KeysUnderTest,
  type StoreUnderTest,
} from '@stamp-ledger/contracts';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { EventStore } from '@stamp-ledger/ports';
import t from 'tap';
import { embeddedEventStore, embeddedIdempotencyKeys, temporaryDirectory } from './embedded-stores.js';
import { EVENT_STORE_MUTANTS } from './event-store-mutants.js';

/** Far more than it takes, for a loaded machine. */
t.setTimeout(120_000);
// Some defects show only when nothing more comes.
t.jobs = 8;

/** Long enough for any case that is going to pass. */
const DEADLINE = 2_000;

/** Whether the named case fails, as it must. */
async function shows(cases: readonly ContractCase[], caseName: string): Promise<boolean> {
  const chosen = cases.filter(({ name }) => name.includes(caseName));
  if (chosen.length !== 1) throw new Error(`${chosen.length} cases are named "${caseName}"`);
  const outcomes = await Promise.allSettled(chosen.map(({ run }) => run()));
  return outcomes.every(({ status }) => status === 'rejected');
}

for (const [defect, [shownBy, wrap]] of Object.entries(EVENT_STORE_MUTANTS))
  t.test(`a store that ${defect} is caught`, async (t) => {
    const stores: EventStore[] = [];
    const open = () =>
      embeddedEventStore((store) => {
        stores.push(store);
        return wrap(store);
      });
    t.ok(
      await shows(eventStoreContract({ name: 'mutant', deadline: DEADLINE, open }), shownBy),
      `by "${shownBy}"`,
    );
    await Promise.all(stores.map((store) => store.close()));
  });

/** What a power cut leaves of a log that is acknowledged before it was synced: what was not synced is gone. */
async function withoutSync(): Promise<StoreUnderTest> {
  const directory = await temporaryDirectory();
  const store = await openEmbeddedEventStore({ directory });
  const opened: EventStore[] = [store];
  return {
    store,
    async reopen() {
      await store.close();
      const again = await openEmbeddedEventStore({ directory });
      opened.push(again);
      return again;
    },
    async crash() {
      const image = join(directory, 'crash');
      await mkdir(image);
      for (const file of ['log.sqlite', 'log.sqlite-wal'])
        await copyFile(join(directory, file), join(image, file));
      await truncate(join(image, 'log.sqlite-wal'));
      const crashed = await openEmbeddedEventStore({ directory: image });
      opened.push(crashed);
      return crashed;
    },
    async destroy() {
      await Promise.all(opened.map((each) => each.close()));
      await rm(directory, { recursive: true });
    },
  };
}

t.test('a store that acknowledges before it has synced is caught', async (t) => {
  const cases = eventStoreContract({ name: 'mutant', deadline: DEADLINE, open: withoutSync });
  t.ok(await shows(cases, 'what is acknowledged last is there when the process dies'));
});

/** Acknowledges from memory and writes later: everything not written yet is gone after a restart. */
async function writeBehind(): Promise<StoreUnderTest> {
  const durable = await embeddedEventStore();
  const memory = await embeddedEventStore();
  return {
    store: memory.store,
    reopen: () => durable.reopen(),
    destroy: async () => {
      await Promise.all([durable.destroy(), memory.destroy()]);
    },
  };
}

t.test('a store that keeps what it acknowledged in memory is caught', async (t) => {
  const cases = eventStoreContract({ name: 'mutant', deadline: DEADLINE, open: writeBehind });
  t.ok(await shows(cases, 'a restart keeps everything'));
});

const KEY_MUTANTS: Record<
  string,
  readonly [shownBy: string, mutate: (underTest: KeysUnderTest) => KeysUnderTest]
> = {
  'claims a key twice': [
    'a new key is claimed once',
    (underTest) => ({
      ...underTest,
      keys: {
        ...bound(underTest),
        async claim(request) {
          const result = await underTest.keys.claim(request);
          return result.kind === 'in-progress' ? { kind: 'claimed' } : result;
        },
      },
    }),
  ],
  'does not look at the request': [
    'another request with a claimed or finished key',
    (underTest) => ({
      ...underTest,
      keys: { ...bound(underTest), claim: ({ key }) => underTest.keys.claim({ key, requestHash: 'any' }) },
    }),
  ],
  'forgets answers at a restart': [
    'a clean restart keeps finished answers',
    (underTest) => {
      const other = embeddedIdempotencyKeys();
      return {
        ...underTest,
        reopen: async () => (await other).keys,
        destroy: async () => {
          await underTest.destroy();
          await (await other).destroy();
        },
      };
    },
  ],
  'forgets what the log knows': [
    'a request that only the log knows',
    (underTest) => ({ ...underTest, reopen: () => underTest.reopen() }),
  ],
  'never forgets an answer': [
    'an answer is forgotten when its time is over',
    (underTest) => ({ ...underTest, advance: () => {} }),
  ],
  'keeps a released key': [
    'a released key may be claimed again',
    (underTest) => ({
      ...underTest,
      keys: { ...bound(underTest), release: async () => {} },
    }),
  ],
};

const bound = ({ keys }: KeysUnderTest): KeysUnderTest['keys'] => ({
  claim: (request) => keys.claim(request),
  finish: (request) => keys.finish(request),
  release: (key) => keys.release(key),
  close: () => keys.close(),
});

for (const [defect, [shownBy, mutate]] of Object.entries(KEY_MUTANTS))
  t.test(`idempotency keys where the adapter ${defect} are caught`, async (t) => {
    const open = async () => mutate(await embeddedIdempotencyKeys());
    t.ok(await shows(idempotencyKeysContract({ name: 'mutant', open }), shownBy), `by "${shownBy}"`);
  });
