import { lastingGap, SealGapWatch, unwatchedIn } from '@stamp-ledger/app';
import type { Instant } from '@stamp-ledger/domain';
import { PortError, type ProcessRun } from '@stamp-ledger/ports';
import t from 'tap';
import { World } from './world.js';

const at = (second: number): Instant => new Date(1_725_600_000_000 + second * 1_000).toISOString() as Instant;

/** A watch whose clock the test sets. */
function watchAt() {
  let now = at(0);
  const watch = new SealGapWatch(() => now);
  return {
    watch,
    seal: (second: number, since: number, events: number) => {
      now = at(second);
      watch.sealed({ events, since: at(since) });
    },
  };
}

t.test('rounds in time leave nothing', async (t) => {
  const { watch, seal } = watchAt();
  seal(1, 0.5, 10);
  seal(4, 2, 10);
  t.strictSame(watch.take(), []);
});

t.test('late rounds one after the other are one delay, which ends with a round in time', async (t) => {
  const { watch, seal } = watchAt();
  seal(100, 10, 1_000);
  t.strictSame(watch.take(), [{ from: at(10), to: at(100), events: 1_000 }]);
  seal(101, 50, 500);
  seal(102, 80, 100);
  t.strictSame(watch.take(), [{ from: at(10), to: at(102), events: 1_600 }], 'the same, grown');
  seal(103, 102, 5);
  seal(120, 110, 7);
  seal(121, 120.5, 7);
  t.strictSame(watch.take(), [{ from: at(110), to: at(120), events: 7 }]);
  t.strictSame(watch.take(), [], 'told once');
});

t.test('late rounds with idle time between are two delays', (t) => {
  const { watch, seal } = watchAt();
  seal(10, 0, 1);
  seal(3_600, 3_590, 2);
  t.strictSame(watch.take(), [
    { from: at(0), to: at(10), events: 1 },
    { from: at(3_590), to: at(3_600), events: 2 },
  ]);
  t.end();
});

t.test('a delay that goes on and one that ended are told apart', async (t) => {
  const { watch, seal } = watchAt();
  seal(10, 0, 1);
  seal(11, 10.5, 1);
  seal(30, 20, 2);
  seal(31, 21, 3);
  t.strictSame(watch.take(), [
    { from: at(0), to: at(10), events: 1 },
    { from: at(20), to: at(31), events: 5 },
  ]);
});

t.test('a log that cannot be read has a lasting gap all the same, behind what its sealer says', async (t) => {
  const world = await World.begin();
  t.teardown(() => world.end());
  await world.append(5);
  const [, , third] = await world.store.readAll({ limit: 5 });
  const sealing = { sealed: () => ({ size: 3, position: third!.position }) };
  const now = '2100-01-01T00:00:00.000Z' as Instant;
  for (const end of [
    async () => 'unknown' as const,
    async () => Promise.reject(new PortError('unavailable', 'files')),
  ])
    t.match(await lastingGap({ store: world.store, log: { end }, sealing, now }), {
      extent: 'lasting',
      events: 2,
    });
});

t.test('when nobody knows how far the log is sealed, that is told', async (t) => {
  const world = await World.begin();
  t.teardown(() => world.end());
  await world.append(5);
  const log = { end: async () => 'unknown' as const };
  const now = '2100-01-01T00:00:00.000Z' as Instant;
  for (const sealing of [undefined, { sealed: () => undefined }])
    t.strictSame(await lastingGap({ store: world.store, log, sealing, now }), { extent: 'unknown' });
});

t.test('times without a sealer are those between its runs, as far as they are known', (t) => {
  const run = (service: string, startedAt: number, seenAt: number, stoppedAt?: number): ProcessRun => ({
    instance: `${service}-${startedAt}`,
    service,
    version: '1',
    startedAt: at(startedAt),
    seenAt: at(seenAt),
    ...(stoppedAt !== undefined && { stoppedAt: at(stoppedAt) }),
  });
  const runs = [
    run('sealer', 200, 300, 300),
    run('api', 0, 1_000),
    run('sealer', 50, 90),
    run('sealer', 301, 390),
    run('sealer', 394, 395, 396),
  ];
  t.strictSame(unwatchedIn({ from: at(0), to: at(500) }, { runs, told: [] }), [
    { from: at(0), to: at(50) },
    // It was killed, at the latest when it was to be heard of again.
    { from: at(95), to: at(200) },
    { from: at(396), to: at(500) },
  ]);
  t.strictSame(unwatchedIn({ from: at(210), to: at(290) }, { runs, told: [] }), []);
  t.strictSame(unwatchedIn({ from: at(110), to: at(120) }, { runs, told: [] }), [
    { from: at(110), to: at(120) },
  ]);
  t.strictSame(
    unwatchedIn({ from: at(110), to: at(111) }, { runs: [], told: [] }),
    [],
    'shorter than events may wait',
  );
  t.end();
});

t.test('of a time without a sealer, what is told otherwise is not told again, and the rest is', (t) => {
  const measured = (from: number, to: number) =>
    ({ extent: 'measured', from: at(from), to: at(to), events: 1 }) as const;
  const unwatched = (...told: Parameters<typeof unwatchedIn>[1]['told']) =>
    unwatchedIn({ from: at(0), to: at(1_000) }, { runs: [], told });
  t.strictSame(unwatched(measured(400, 410)), [
    { from: at(0), to: at(400) },
    { from: at(410), to: at(1_000) },
  ]);
  t.strictSame(unwatched(measured(-50, 100), { extent: 'lasting', from: at(900), events: 1 }), [
    { from: at(100), to: at(900) },
  ]);
  t.strictSame(unwatched({ extent: 'unknown' }), [{ from: at(0), to: at(1_000) }]);
  t.strictSame(unwatched(measured(-1, 500), measured(500, 1_001)), []);
  t.end();
});
