import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gatedStore } from '@stamp-ledger/app';
import { entryText, type Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { openEmbeddedEventStore, openTileFiles } from '@stamp-ledger/embedded';
import { decodeBundle, openCheckpoint, parseSkey, tilePath, tileWidth } from '@stamp-ledger/transparency';
import { type OpenLedger, openEmbeddedSealing } from '@stamp-ledger/wiring';
import t, { type Test } from 'tap';
import { mintStamps, sellStamp } from '../api/world.js';
import { passing } from '../app/scene.js';
import { eventually } from '../support/eventually.js';
import { directoryFor, during, logger, openTestLedger } from '../support/server.js';
import { leafOf, mth } from '../transparency/naive.js';

const ORIGIN = 'stamp-ledger.test/log';

const sealedUp = async ({ ledger }: OpenLedger): Promise<boolean> =>
  (await ledger.sealing?.whenSealed((await ledger.audit.head())!, AbortSignal.timeout(20_000))) === true;

/** The published log, read and checked as an outsider would. */
async function published(t: Test, directory: string) {
  const tiles = openTileFiles({ directory: join(directory, 'log') });
  const skey = readFileSync(join(directory, 'keys/log/0001.skey'), 'utf8').trim();
  const trust = { origin: ORIGIN, logKeys: [parseSkey(skey).verifier] };
  const { size, root } = openCheckpoint((await tiles.readCheckpoint())!, trust);
  const entries: string[] = [];
  for (let index = 0; index * 256 < size; index++) {
    const width = tileWidth({ level: 'entries', index, size });
    const bundle = await tiles.read(tilePath({ level: 'entries', index, width }));
    entries.push(...decodeBundle(bundle!, width).map(String));
  }
  t.ok(mth(entries.map((entry) => leafOf(Buffer.from(entry)))).equals(root), 'the bundles hash to the root');
  return { size, root, entries };
}

async function eventsOf(directory: string): Promise<string[]> {
  const store = await openEmbeddedEventStore({ directory });
  const entries: string[] = [];
  for (let after: Position | undefined; ; ) {
    const page = await store.readAll({ limit: 5_000, ...(after && { after }) });
    entries.push(...page.map(entryText));
    after = page.at(-1)?.position;
    if (after === undefined) break;
  }
  await store.close();
  return entries;
}

const LOG_FILES = /^log\.sqlite/;
const copyLog = (from: string, to: string): void => {
  for (const name of readdirSync(to)) if (LOG_FILES.test(name)) rmSync(join(to, name));
  for (const name of readdirSync(from)) if (LOG_FILES.test(name)) cpSync(join(from, name), join(to, name));
};

t.test('what the ledger does is sealed beside it, in order', async (t) => {
  const directory = directoryFor(t);
  await during(directory, async ({ call }, opened) => {
    const [serial = ''] = await mintStamps(call, 300);
    await sellStamp(call, serial);
    t.ok(await sealedUp(opened));
    t.equal(opened.ledger.sealing?.lagMilliseconds(), 0);
    t.match((await call('/metrics')).text, /stamp_ledger_sealed_events 30[0-9]\n/);
    t.equal(opened.health().ready, true);
  });
  const log = await published(t, directory);
  t.strictSame(log.entries, await eventsOf(directory));
  await during(directory, async ({ call }, opened) => {
    await mintStamps(call, 10);
    t.ok(await sealedUp(opened));
  });
  t.strictSame((await published(t, directory)).entries, await eventsOf(directory));
});

t.test(
  'an older copy of the events under a newer log: refused intake, refilled, the same root, open',
  async (t) => {
    const directory = directoryFor(t);
    const backup = directoryFor(t);
    await during(directory, async ({ call }, opened) => {
      await mintStamps(call, 200);
      t.ok(await sealedUp(opened));
    });
    copyLog(directory, backup);
    const backedUp = (await published(t, directory)).size;
    await during(directory, async ({ call }, opened) => {
      for (const serial of await mintStamps(call, 200)) await sellStamp(call, serial);
      t.ok(await sealedUp(opened));
    });
    const before = await published(t, directory);
    copyLog(backup, directory);

    await refilledWith(t, { directory, before: before.size, backedUp });

    await during(directory, async ({ call }, opened) => {
      t.equal(opened.health().ready, true);
      await mintStamps(call, 1);
      t.ok(await sealedUp(opened));
    });
    const after = await published(t, directory);
    t.strictSame(after.entries.slice(0, before.size), before.entries);
    t.ok(after.size > before.size);
    t.strictSame(after.entries, await eventsOf(directory));
  },
);

/** Opens the sealing of a directory whose events are an older copy, and looks at it while the lost ones are put back. */
async function refilledWith(
  t: Test,
  { directory, before, backedUp }: { directory: string; before: number; backedUp: number },
): Promise<void> {
  const store = await openEmbeddedEventStore({ directory });
  let letGo = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const slow = {
    ...passing(store),
    append: (appends: Parameters<typeof store.append>[0]) => released.then(() => store.append(appends)),
    onCommit: store.onCommit.bind(store),
  };
  const sealing = await openEmbeddedSealing({
    directory,
    origin: ORIGIN,
    store: slow,
    logger,
    now,
    witnesses: { witnesses: [], quorum: 1, strict: false },
  });
  t.strictSame(sealing.status(), { kind: 'refilling', missing: { from: backedUp, to: before } });
  const gated = gatedStore(store, sealing.intake);
  await t.rejects(gated.append([]), { message: /intake is halted/ });
  t.equal((await gated.readAll({ limit: 1 })).length, 1, 'reads go on');
  letGo();
  t.ok(await sealing.whenSealed(position(before), AbortSignal.timeout(20_000)));
  t.equal(sealing.intake.closed(), undefined, 'intake is open again');
  await sealing.close();
  await store.close();
}

const now = () => new Date().toISOString() as Instant;
const position = (place: number): Position => String(place).padStart(16, '0') as Position;

t.test('events of another history under a sealed log: intake stays halted, reads go on', async (t) => {
  const directory = directoryFor(t);
  const other = directoryFor(t);
  const serials = await during(directory, async ({ call }, opened) => {
    const minted = await mintStamps(call, 20);
    t.ok(await sealedUp(opened));
    return minted;
  });
  await during(other, async ({ call }) => mintStamps(call, 40));
  copyLog(other, directory);
  await during(directory, async ({ call }, opened) => {
    t.match(opened.ledger.sealing?.status(), { kind: 'halted', halt: { reason: 'source-differs' } });
    const body = { title: 'x', startedAt: '2024-09-05T02:00:00Z' };
    t.equal((await call('/v1/incidents', { body })).status, 503);
    t.equal((await call(`/v1/stamps/${serials[0]}?consistency=strong`)).status, 404);
    t.match((await call('/metrics')).text, /stamp_ledger_sealing_halted\{reason="source-differs"\} 1/);
  });
});

t.test('an older copy of the events and a bundle that is gone: intake stays closed', async (t) => {
  const directory = directoryFor(t);
  const backup = directoryFor(t);
  await during(directory, async ({ call }, opened) => {
    await mintStamps(call, 10);
    t.ok(await sealedUp(opened));
  });
  copyLog(directory, backup);
  await during(directory, async ({ call }, opened) => {
    await mintStamps(call, 300);
    t.ok(await sealedUp(opened));
  });
  copyLog(backup, directory);
  rmSync(join(directory, 'log/tile/entries/000'));
  await during(directory, async ({ call }, { ledger }) => {
    const status = await eventually(
      async () => {
        const now = ledger.sealing?.status();
        return now?.kind === 'halted' && now;
      },
      { what: 'a halt', milliseconds: 10_000 },
    );
    t.match(status, { halt: { reason: 'tiles-damaged' } });
    const body = { title: 'x', startedAt: '2024-09-05T02:00:00Z' };
    t.equal((await call('/v1/incidents', { body })).status, 503);
  });
});

t.test('a log without its keys does not start', async (t) => {
  const directory = directoryFor(t);
  await during(directory, async ({ call }) => mintStamps(call, 1));
  rmSync(join(directory, 'keys/log'), { recursive: true });
  await t.rejects(openTestLedger(directory), /keys\/log is empty/);
});
