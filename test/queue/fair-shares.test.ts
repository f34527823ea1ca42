import { fairShares } from '@stamp-ledger/domain';
import fc from 'fast-check';
import t from 'tap';

const lines = fc.array(
  fc.record({ weight: fc.integer({ min: 1, max: 1_000 }), waiting: fc.integer({ min: 0, max: 100_000 }) }),
  { maxLength: 12 },
);

t.test(
  'shares: nothing is wasted, nothing is given to nobody, and a long line takes nothing from others',
  async () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 0, max: 50_000 }), (all, budget) => {
        const shares = fairShares(budget, all);
        const wanted = all.reduce((sum, { waiting }) => sum + waiting, 0);
        const given = shares.reduce((sum, share) => sum + share, 0);
        const isNear = (a: number, b: number) => Math.abs(a - b) < 1e-3;
        if (!isNear(given, Math.min(budget, wanted))) return false;
        const weights = all.reduce((sum, { weight, waiting }) => (waiting > 0 ? sum + weight : sum), 0);
        return shares.every((share, index) => {
          const { weight, waiting } = all[index]!;
          if (share > waiting + 1e-6) return false;
          // At least its part of the whole, unless it does not need it.
          return isNear(share, waiting) || share >= (budget * weight) / weights - 1e-6;
        });
      }),
      { numRuns: 300 },
    );
  },
);

t.test('the rest of a short line goes to the others by their weights', async (t) => {
  t.strictSame(
    fairShares(100, [
      { weight: 1, waiting: 10 },
      { weight: 1, waiting: 1_000 },
      { weight: 2, waiting: 1_000 },
    ]),
    [10, 30, 60],
  );
});
