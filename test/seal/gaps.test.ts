import { SealGapWatch } from '@stamp-ledger/app';
import type { Instant } from '@stamp-ledger/domain';
import t from 'tap';

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
