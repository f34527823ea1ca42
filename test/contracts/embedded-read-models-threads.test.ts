import { copyFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foldStampView } from '@stamp-ledger/app';
import {
  deriveCommandId,
  deriveEventId,
  type LedgerEvent,
  type Position,
  serde,
  sha256Hex,
  stampStream,
} from '@stamp-ledger/codec';
import {
  type BatchId,
  DIRECT_CHANNEL,
  type DomainEvent,
  type Instant,
  type Serial,
} from '@stamp-ledger/domain';
import {
  type EmbeddedEventStore,
  inspectEmbeddedReadModels,
  openEmbeddedEventStore,
  readModelsFile,
} from '@stamp-ledger/embedded';
import { LIMITS, type ReadModels, type StreamAppend } from '@stamp-ledger/ports';
import { openEmbeddedReadModels } from '@stamp-ledger/wiring';
import Database from 'better-sqlite3';
import t from 'tap';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from './embedded-stores.js';

const NOW = '2024-09-06T13:00:00.000Z' as Instant;
const PATIENCE = 20_000;
const serialOf = (number: number): Serial => `T${number}`.padEnd(22, 'X') as Serial;

interface Scene {
  readonly directory: string;
  readonly store: EmbeddedEventStore;
  readonly models: ReadModels;
  /** Stops both and opens them again; `between` may do something to the files. */
  reopen(between?: () => Promise<void>): Promise<Scene>;
}

/** What a scene needs of the test it is in. */
interface Teardown {
  teardown(work: () => unknown): void;
}

interface SceneOptions {
  readonly directory?: string;
  readonly projectedFromNothing?: number;
}

async function openScene(test: Teardown, { directory, ...options }: SceneOptions = {}): Promise<Scene> {
  const path = directory ?? (await temporaryDirectory());
  if (directory === undefined) test.teardown(() => rm(path, { recursive: true }));
  const store = await openEmbeddedEventStore({ directory: path });
  const models = await openEmbeddedReadModels({ directory: path, store, now: () => NOW, ...options }).catch(
    async (error: unknown) => {
      await store.close();
      throw error;
    },
  );
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await models.close();
    await store.close();
  };
  test.teardown(close);
  return {
    directory: path,
    store,
    models,
    reopen: async (between = async () => {}) => {
      await close();
      await between();
      return openScene(test, { ...options, directory: path });
    },
  };
}

function append(serial: Serial, revision: number, event: DomainEvent): StreamAppend {
  const stream = stampStream(serial);
  const commandId = deriveCommandId('test', serial, String(revision));
  const metadata = {
    commandId,
    correlationId: commandId,
    causationId: commandId,
    actor: 'tester',
    requestHash: sha256Hex(serial),
    occurredAt: NOW,
    recordedAt: NOW,
  };
  const encoded = serde.encode({ id: deriveEventId(commandId, stream, 0), stream, event, metadata });
  return { stream, expected: revision === 0 ? 'no-stream' : revision - 1, events: [encoded] };
}

const minted = (number: number): StreamAppend =>
  append(serialOf(number), 0, {
    type: 'StampMinted',
    data: {
      serial: serialOf(number),
      batchId: 'batch-1',
      series: 'series-1',
      denomination: { amount: '10000', currency: 'IDR' },
      index: number,
    },
  });

const sold = (number: number): StreamAppend =>
  append(serialOf(number), 1, {
    type: 'StampSold',
    data: { serial: serialOf(number), channel: DIRECT_CHANNEL, holder: 'holder-1' },
  });

/** A stamp that is allocated though nobody minted it. */
const impossible = (number: number): StreamAppend =>
  append(serialOf(number), 0, {
    type: 'StampAllocated',
    data: { serial: serialOf(number), allocationId: 'allocation-1', channel: 'north' },
  });

/** Appends and answers with the position of the last event. */
async function write(store: EmbeddedEventStore, appends: readonly StreamAppend[]): Promise<Position> {
  const results = await store.append(appends);
  const last = results.at(-1);
  if (last?.kind !== 'appended') throw new Error('not appended');
  return last.position;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
const filesIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => /^read-models-[0-9]+\.sqlite$/.test(name));

async function finished(models: ReadModels, rebuildId: string) {
  for (let tries = 0; tries < PATIENCE / 10; tries++) {
    const status = await models.rebuild(rebuildId);
    if (status !== undefined && status.status !== 'running') return status;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the rebuild does not end');
}

/** Which of the models get to a position, once all have or stand still before it. */
const reaching = (models: ReadModels, position: Position): Promise<boolean[]> =>
  Promise.all(
    (['verification', 'inventory', 'audit-index'] as const).map((name) =>
      models.reached({ position, milliseconds: PATIENCE, projections: [name] }),
    ),
  );

t.test('read models follow the log, answer on both threads, and outlive a restart', async (t) => {
  const first = await openScene(t);
  t.strictSame(
    first.models.status().map(({ position, halted }) => [position, halted]),
    [
      [undefined, undefined],
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
  const position = await write(first.store, range(0, 100).map(minted));
  t.equal(await first.models.reached({ position, milliseconds: PATIENCE }), true);
  t.equal((await first.models.stamp(serialOf(42)))?.state, 'minted');
  const { groups } = await first.models.conservation();
  t.match(groups, [{ minted: 100, inStock: 100, difference: 0 }]);
  t.equal((await first.models.findEvents({}, { limit: 1_000 })).length, 100);
  t.equal((await first.models.inventory({})).asOf.position, position);
  t.strictSame(await first.models.unfulfilled({ limit: 10 }), []);
  const again = await first.reopen();
  t.strictSame(again.models.status(), first.models.status());
  const later = await write(again.store, [sold(42)]);
  t.equal(await again.models.reached({ position: later, milliseconds: PATIENCE }), true);
  t.equal((await again.models.stamp(serialOf(42)))?.state, 'sold');
  t.strictSame(await filesIn(again.directory), ['read-models-1.sqlite']);
});

t.test('waiting for progress loses no wake-up and does not outlast its time', async (t) => {
  const { store, models } = await openScene(t);
  for (const number of range(0, 30)) {
    const stopping = new AbortController();
    const moved = models.advanced(stopping.signal);
    const position = await write(store, [minted(number)]);
    await moved;
    t.equal(await models.reached({ position, milliseconds: PATIENCE }), true);
  }
  const never = '9999999999999999' as Position;
  t.equal(await models.reached({ position: never, milliseconds: 20 }), false);
  t.equal(await models.reached({ position: never, milliseconds: 0 }), false);
  const stopping = new AbortController();
  const waiting = models.advanced(stopping.signal);
  stopping.abort();
  await waiting;
  await models.advanced(stopping.signal);
});

t.test('rows that were looked up are good until there may be others', async (t) => {
  const { store, models } = await openScene(t);
  const entry = () => models.status().find(({ projection }) => projection === 'verification');
  for (const number of range(0, 10)) {
    const position = await write(store, [minted(number)]);
    const reach = { position, milliseconds: PATIENCE };
    t.ok(await models.reached({ ...reach, projections: ['verification'] }));
    const shown = entry();
    t.ok(await models.reached(reach));
    t.equal(entry(), shown);
  }
});

t.test('a rebuild swaps in under live appends, without a step back', async (t) => {
  const scene = await openScene(t);
  const { store, models, directory } = scene;
  await write(store, range(0, 2_000).map(minted));
  let appended = 2_000;
  let appending = true;
  const seen: Position[] = [];
  const writer = (async () => {
    while (appending) {
      const position = await write(store, range(appended, appended + 20).map(minted));
      appended += 20;
      const answer = await models.inventory({});
      if (answer.asOf.position !== undefined) seen.push(answer.asOf.position);
      t.equal(await models.reached({ position, milliseconds: PATIENCE }), true);
      const view = await models.stamp(serialOf(appended - 1));
      if (view?.state !== 'minted') t.fail('a swap lost sight of a stamp');
    }
  })();
  for (const rebuildId of ['rebuild-1', 'rebuild-2']) {
    const started = await models.startRebuild(rebuildId);
    t.match(started, { rebuildId, status: 'running' });
    t.match(await models.startRebuild('another'), { rebuildId, status: 'running' }, 'one at a time');
    t.match(await finished(models, rebuildId), { status: 'done', detail: `live since ${NOW}` });
  }
  appending = false;
  await writer;
  t.strictSame(seen, seen.toSorted(), 'answers never go back');
  const head = await store.head();
  t.equal(await models.reached({ position: head as Position, milliseconds: PATIENCE }), true);
  t.match((await models.conservation()).groups, [{ minted: appended, difference: 0 }]);
  t.equal(await models.rebuild('another'), undefined);
  const again = await scene.reopen();
  t.match((await again.models.conservation()).groups, [{ minted: appended, difference: 0 }]);
  t.strictSame(await filesIn(directory), ['read-models-3.sqlite']);
});

t.test('leftovers, damage and another version are dealt with at the start', async (t) => {
  const scene = await openScene(t);
  const { directory } = scene;
  const position = await write(scene.store, range(0, 50).map(minted));
  const wellAfter = async (opened: Scene) => {
    t.equal(await opened.models.reached({ position, milliseconds: PATIENCE }), true);
    t.match((await opened.models.conservation()).groups, [{ minted: 50, difference: 0 }]);
    t.strictSame(new Set(opened.models.status().map((status) => status.position)), new Set([position]));
  };
  await wellAfter(scene);
  const tidy = await scene.reopen(() => writeFile(join(directory, 'read-models-7.sqlite'), 'half a rebuild'));
  t.strictSame(await filesIn(directory), ['read-models-1.sqlite']);
  await wellAfter(tidy);
  const damaged = await tidy.reopen(() => writeFile(readModelsFile(directory, 1), 'x'.repeat(5_000)));
  t.strictSame(await filesIn(directory), ['read-models-2.sqlite']);
  await wellAfter(damaged);
  const newer = await damaged.reopen(async () => {
    const db = new Database(readModelsFile(directory, 2));
    db.pragma('user_version = 99');
    db.close();
  });
  await wellAfter(newer);
  const ahead = await newer.reopen(async () => {
    const db = new Database(readModelsFile(directory, 3));
    db.exec(`UPDATE progress SET position = '9999999999999999'`);
    db.close();
    // A rebuild that broke off left the number that comes next.
    for (const suffix of ['', '-look-up'])
      await copyFile(`${readModelsFile(directory, 3)}${suffix}`, `${readModelsFile(directory, 4)}${suffix}`);
  });
  t.strictSame(await filesIn(directory), ['read-models-4.sqlite']);
  await wellAfter(ahead);
  const lost = await ahead.reopen(() => rm(readModelsFile(directory, 4)));
  await wellAfter(lost);
  t.not(inspectEmbeddedReadModels({ file: readModelsFile(directory, 4) }), 'absent');
  await t.rejects(
    lost.reopen(() => writeFile(join(directory, 'read-models.json'), '{}')),
    { name: 'PortError', kind: 'corrupt' },
  );
});

t.test('read models of a long log that have seen nothing are rebuilt, and otherwise follow it', async (t) => {
  const scene = await openScene(t, { projectedFromNothing: 100 });
  const { directory } = scene;
  const good = await write(scene.store, range(0, 300).map(minted));
  t.equal(await scene.models.reached({ position: good, milliseconds: PATIENCE }), true);
  const again = await scene.reopen(() => rm(readModelsFile(directory, 1)));
  t.equal(await again.models.reached({ position: good, milliseconds: PATIENCE }), true);
  t.match((await again.models.conservation()).groups, [{ minted: 300, difference: 0 }]);
  t.match(await finished(again.models, `from nothing at ${NOW}`), { status: 'done' });
  await write(again.store, [sold(1), impossible(300)]);
  const halted = await again.reopen(async () => {
    t.strictSame(await filesIn(directory), ['read-models-2.sqlite']);
    await rm(readModelsFile(directory, 2));
  });
  const position = (await halted.store.head()) as Position;
  t.match(await finished(halted.models, `from nothing at ${NOW}`), { status: 'failed' });
  t.strictSame(await reaching(halted.models, position), [false, false, true]);
  t.match(
    halted.models.status().filter((status) => status.halted === undefined),
    [{ projection: 'audit-index', position }],
  );
  t.equal((await halted.models.stamp(serialOf(1)))?.state, 'sold');
});

t.test('a rebuild tells how long the log is; what cannot go on after it is halted', async (t) => {
  const scene = await openScene(t, { projectedFromNothing: 100 });
  const { directory } = scene;
  // More than the live read models see before they are held.
  const length = LIMITS.projectionEvents + 1_000;
  for (let from = 0; from < length; from += 1_000)
    await write(scene.store, range(from, from + 1_000).map(minted));
  await write(scene.store, [impossible(length)]);
  const { models } = await scene.reopen(() => rm(readModelsFile(directory, 1)));
  t.match(await models.startRebuild('told'), { status: 'running', eventsTotal: length + 1 });
  const db = new Database(readModelsFile(directory, 1));
  db.pragma('user_version = 99');
  db.close();
  t.match(await finished(models, `from nothing at ${NOW}`), { status: 'failed' });
  const isDead = (): boolean =>
    models.status().every(({ halted }) => halted?.includes('thread ended') === true);
  await eventually(async () => isDead(), { what: 'the end of the live thread', milliseconds: PATIENCE });
});

t.test('an event that does not fit halts its projections, and no rebuild with it takes over', async (t) => {
  const { store, models } = await openScene(t);
  const good = await write(store, [minted(0)]);
  const bad = await write(store, [impossible(1)]);
  t.strictSame(await reaching(models, bad), [false, false, true]);
  const statuses = models.status();
  for (const { projection, position, halted } of statuses) {
    const isIndex = projection === 'audit-index';
    t.equal(position, isIndex ? bad : good);
    if (isIndex) t.equal(halted, undefined);
    else t.match(halted, bad);
  }
  t.equal((await models.stamp(serialOf(0)))?.state, 'minted');
  await models.startRebuild('rebuild-1');
  t.match(await finished(models, 'rebuild-1'), { status: 'failed', detail: bad });
  t.strictSame(models.status(), statuses);
});

t.test('a strong read and the read model say the same', async (t) => {
  const { store, models } = await openScene(t);
  await write(store, [minted(0)]);
  const position = await write(store, [sold(0)]);
  await models.reached({ position, milliseconds: PATIENCE });
  const { events } = await store.readStream({ stream: stampStream(serialOf(0)), limit: 10 });
  const folded = events
    .map((event): LedgerEvent => serde.decode(event))
    .reduce<ReturnType<typeof foldStampView> | undefined>(foldStampView, undefined);
  t.strictSame(await models.stamp(serialOf(0)), folded);
  t.equal(await models.batchMinted('batch-1' as BatchId), 1);
});
