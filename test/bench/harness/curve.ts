import type { Verdict } from './part.js';
import { figure } from './table.js';

/** What a piece of work costs, in any one unit, where so many stamps are held. */
export interface CostAt {
  readonly stamps: number;
  readonly cost: number;
}

export type Curve = 'flat' | 'logarithmic' | 'steeper';

/** What two measurements of the same thing differ by. */
const NOISE = 1.1;

/** Which curve costs follow from the smallest size to the largest; at least two, the smallest first. */
export function curveOf(costs: readonly CostAt[]): Curve {
  const { growth, logarithm } = growthOf(costs);
  if (growth <= NOISE) return 'flat';
  return growth <= NOISE * logarithm ? 'logarithmic' : 'steeper';
}

/** How many times dearer the largest size is, and how many times that would be if it went by the logarithm of the stamps. */
function growthOf(costs: readonly CostAt[]): { readonly growth: number; readonly logarithm: number } {
  const [first, last] = [costs[0], costs.at(-1)];
  if (first === undefined || last === undefined || first.stamps >= last.stamps)
    throw new Error('a curve needs two sizes');
  return { growth: last.cost / first.cost, logarithm: Math.log(last.stamps) / Math.log(first.stamps) };
}

/** That something grows with the logarithm of the stamps at most, and what it follows. */
export function growthVerdict(what: string, unit: string, costs: readonly CostAt[]): Verdict {
  const curve = curveOf(costs);
  const { growth, logarithm } = growthOf(costs);
  const listed = costs.map(({ stamps, cost }) => `${stamps.toLocaleString('en')}: ${figure(cost)}`);
  return {
    claim: `${what} is flat or logarithmic in the stamps held`,
    isKept: curve !== 'steeper',
    because: `${curve}: ${listed.join(', ')} ${unit}; × ${figure(growth)}, by the logarithm × ${figure(logarithm)}`,
  };
}
