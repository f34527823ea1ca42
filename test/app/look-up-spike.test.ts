import type { Serial } from '@stamp-ledger/domain';
import { PortError } from '@stamp-ledger/ports';
import t from 'tap';
import { begin, caller, passing, patience, scene, until } from './scene.js';

// Everybody looks at the same few stamps at once: what reaches the read model and the log must not grow with them.
const OWN = 'X000000000000000000001' as Serial;
const FORGED = 'X000000000000000000002' as Serial;
const MANY = 500;

const counts = { rows: 0, heads: 0, streams: 0 };
let isAway = false;
/** What a read waits for before it is answered. */
let held: Promise<void> = Promise.resolve();

const { directory, remove } = await scene();
const life = await begin(directory, {
  store: (store) => ({
    ...passing(store),
    head: () => {
      counts.heads += 1;
      return store.head();
    },
    readStream: async (request) => {
      if (request.stream === `stamp-${FORGED}`) {
        counts.streams += 1;
        await held;
      }
      return store.readStream(request);
    },
  }),
  readModels: (models) => ({
    ...models,
    stamp: async (serial) => {
      counts.rows += 1;
      await held;
      if (isAway) throw new PortError('unavailable', 'away');
      return models.stamp(serial);
    },
  }),
});
t.teardown(async () => {
  await life.end();
  await remove();
});
const { stamps, batches } = life.ledger;

/** Asks for one stamp many times while nothing is answered yet, and answers what it cost. */
async function spike(serial: Serial): Promise<{ readonly kinds: Set<string>; readonly cost: typeof counts }> {
  const before = { ...counts };
  let open = (): void => undefined;
  held = new Promise((resolve) => {
    open = resolve;
  });
  const answers = Array.from({ length: MANY }, () => stamps.lookUp(serial, {}));
  await new Promise((resolve) => setImmediate(resolve));
  open();
  const kinds = new Set((await Promise.all(answers)).map(({ kind }) => kind));
  return {
    kinds,
    cost: {
      rows: counts.rows - before.rows,
      heads: counts.heads - before.heads,
      streams: counts.streams - before.streams,
    },
  };
}

async function caughtUp(): Promise<void> {
  const position = await life.store.head();
  if (position !== undefined) await life.readModels.reached({ position, milliseconds: 20_000 });
}

t.test('one stamp', async (t) => {
  const body = {
    denomination: { amount: '10000', currency: 'IDR' },
    quantity: 1,
    series: 's',
    serials: [OWN],
  };
  const opened = await batches.open(body, caller());
  if (opened.kind !== 'done' || opened.state.status === 'none') throw new Error('no batch');
  await batches.settled(opened.state.batchId, patience());
  await until(life, async () => (await life.readModels.stamp(OWN)) !== undefined);
  await caughtUp();
  const first = await spike(OWN);
  t.strictSame(first.kinds, new Set(['found']));
  t.equal(first.cost.rows, 1, 'the row is read once for all who wait');
  t.ok(first.cost.heads <= 5, `the log was asked ${first.cost.heads} times where it ends`);
  t.equal((await spike(OWN)).cost.rows, 1, 'it is held once it is asked for again');
  t.equal((await spike(OWN)).cost.rows, 0, 'and then not read at all while the model stands still');
});

t.test('a forged serial', async (t) => {
  const { kinds, cost } = await spike(FORGED);
  t.strictSame(kinds, new Set(['unknown']));
  t.strictSame({ rows: cost.rows, streams: cost.streams }, { rows: 1, streams: 1 });
});

t.test('a change is seen, and so is a model built anew', async (t) => {
  await stamps.sell(OWN, { channel: 'direct', holder: 'h' }, caller());
  await caughtUp();
  t.match(await stamps.lookUp(OWN, {}), { view: { state: 'sold' } });
  const before = counts.rows;
  const { rebuildId } = await life.readModels.startRebuild('rebuild-1');
  await until(life, async () => (await life.readModels.rebuild(rebuildId))?.status === 'done');
  t.match(await stamps.lookUp(OWN, {}), { view: { state: 'sold' } });
  t.equal(counts.rows, before + 1, 'no row of the old model is held');
});

t.test('while the model is away, the log answers', async (t) => {
  await stamps.affix(OWN, { document: { sha256: 'ab'.repeat(32), type: 'letter' } }, caller());
  await caughtUp();
  isAway = true;
  const { kinds, cost } = await spike(OWN);
  t.strictSame(kinds, new Set(['found']));
  t.equal(cost.rows, 1, 'it is asked once, and nothing of its failure is held');
  t.match(await stamps.lookUp(OWN, {}), { view: { state: 'affixed' }, asOf: { lagMilliseconds: 0 } });
  isAway = false;
});
