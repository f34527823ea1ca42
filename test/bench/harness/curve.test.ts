import t from 'tap';
import { curveOf, growthVerdict } from './curve.js';

const costs = (...values: readonly number[]) =>
  values.map((cost, index) => ({ stamps: 10 ** (5 + index), cost }));

t.test('a curve is told from the first and the last size', async (t) => {
  t.equal(curveOf(costs(1, 1.3, 1.05)), 'flat', 'what is between is noise');
  t.equal(curveOf(costs(1, 1.2, 1.4)), 'logarithmic');
  t.equal(curveOf(costs(1, 1.2, 1.6)), 'steeper');
  t.equal(curveOf(costs(1, 0.5)), 'flat', 'cheaper is no growth');
  t.throws(() => curveOf(costs(1)), /two sizes/);
});

t.test('a verdict names the curve and the figures', async (t) => {
  const verdict = growthVerdict('the cost of a command', 'ms', costs(1, 2, 10));
  t.equal(verdict.isKept, false);
  t.match(
    verdict.because,
    'steeper: 100,000: 1, 1,000,000: 2, 10,000,000: 10 ms; × 10, by the logarithm × 1.4',
  );
});
