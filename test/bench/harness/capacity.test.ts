import t from 'tap';
import { affixingsPerSecond, capacityOf } from './capacity.js';
import type { Measure, Row } from './part.js';
import { single } from './spread.js';

const row = (measure: Measure, value: number): Row => ({
  what: measure,
  unit: '',
  ours: single(value),
  measure,
});

t.test('nothing measured, nothing said', async (t) => {
  t.equal(capacityOf([]), undefined);
  t.equal(capacityOf([row('stamp-bytes', 1_000)]), undefined);
});

t.test('what was measured stands beside a nation’s worst burst', async (t) => {
  t.equal(Math.round(affixingsPerSecond), 139, 'a million a day, 60 % of it in six hours, times five');
  const text = capacityOf([
    row('commands', 10 * affixingsPerSecond),
    row('command-cpu', 0.5),
    row('look-ups', 20 * affixingsPerSecond),
    row('stamp-bytes', 1_000),
    row('stamp-bytes', 2_000),
  ]);
  t.match(text, /^\| affixings \| 139 \| 1,389 \| 10 \|$/m);
  t.match(text, /^\| look-ups \| 1,389 \| 2,778 \| 2 \|$/m, 'ten for every affixing');
  t.notMatch(text, 'orders |');
  t.match(text, '0.0694 processors');
  t.match(text, '0.73 TB at 2,000 bytes a stamp', 'of several sizes the last');
});
