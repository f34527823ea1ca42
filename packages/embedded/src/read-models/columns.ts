import type { Position } from '@stamp-ledger/codec';
import type { StampStage } from '@stamp-ledger/domain';
import { PortError, type StageCounts, type StampGroup } from '@stamp-ledger/ports';
import { formatPosition } from '../event-log/position.js';

/** What a column can hold. */
export type Value = string | number | null;
export type Row = readonly Value[];

/** States by their stored code: never reorder. */
const STAGES = [
  'minted',
  'allocated',
  'sold',
  'reserved',
  'outcome-unknown',
  'affixed',
  'voided',
] as const satisfies readonly StampStage[];
const UNKNOWN_CODE = 7;
const GROUPS_PER_LOT = 8;

const CODES: Readonly<Record<StampStage, number>> = {
  minted: 0,
  allocated: 1,
  sold: 2,
  reserved: 3,
  'outcome-unknown': 4,
  affixed: 5,
  voided: 6,
};

export const stateCode = (state: StampStage | 'unknown'): number =>
  state === 'unknown' ? UNKNOWN_CODE : CODES[state];

export function stateOf(code: Value | undefined): StampStage | 'unknown' {
  if (code === UNKNOWN_CODE) return 'unknown';
  return stageOf(Number(code));
}

function stageOf(code: number): StampStage {
  const stage = STAGES[code];
  if (stage === undefined) throw new PortError('corrupt', 'a stamp is in a state that does not exist');
  return stage;
}

export const groupNumber = (group: StampGroup | undefined): number | null =>
  group === undefined ? null : group.lot * GROUPS_PER_LOT + CODES[group.state];

export function groupOf(number: Value | undefined): StampGroup | undefined {
  if (number === null || number === undefined) return undefined;
  const group = Number(number);
  return { lot: Math.floor(group / GROUPS_PER_LOT), state: stageOf(group % GROUPS_PER_LOT) };
}

/** First and last group of a lot, the ones that no state has included. */
export const groupsOfLot = (lot: number): readonly [number, number] => [
  lot * GROUPS_PER_LOT,
  lot * GROUPS_PER_LOT + GROUPS_PER_LOT - 1,
];

/** The columns n0 to n6. */
export const COUNT_COLUMNS = STAGES.map((_, code) => `n${code}`);
export const countValues = (counts: StageCounts): number[] => STAGES.map((stage) => counts[stage]);

/** Seven counts from column `at` on. */
export function countsFrom(row: Row, at: number): Record<StampStage, number> {
  return {
    minted: Number(row[at]),
    allocated: Number(row[at + 1]),
    sold: Number(row[at + 2]),
    reserved: Number(row[at + 3]),
    'outcome-unknown': Number(row[at + 4]),
    affixed: Number(row[at + 5]),
    voided: Number(row[at + 6]),
  };
}

/** Text of a column that is never null; the cast gives it back the brand it was stored with. */
export const text = <Text extends string = string>(value: Value | undefined): Text => String(value) as Text;

/** The position in the first column of a row, kept as its place. */
export const positionFrom = ([place]: Row): Position => formatPosition(Number(place));

export const optionalText = <Text extends string = string>(value: Value | undefined): Text | undefined =>
  value === null || value === undefined ? undefined : (String(value) as Text);

export const orNull = <Kept extends string | number>(value: Kept | undefined): Kept | null => value ?? null;

/** `{[key]: value}`, or nothing for undefined. */
export const given = <Key extends string, Kept>(key: Key, value: Kept | undefined): { [K in Key]?: Kept } =>
  value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Kept });
