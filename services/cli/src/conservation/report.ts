import type { ConservationAnswer, ConservationGroup, MoneyConservation } from '@stamp-ledger/client';
import { moneyText } from '../answers.js';
import { table } from '../table.js';

const isZero = (amount: string): boolean => /^-?0+(\.0+)?$/.test(amount);

/** In how many lines something is missing or too much: 0 is what an auditor hopes for. */
export const differencesOf = (report: ConservationAnswer): number =>
  report.groups.filter((group) => group.difference !== 0).length +
  moneyOf(report).filter((line) => !isZero(line.difference.amount)).length;

export const moneyOf = ({
  money,
  otherCurrencies = [],
}: ConservationAnswer): readonly MoneyConservation[] => [money, ...otherCurrencies];

/** The report for people: stamps, money, and any serial behind a difference. */
export function conservationLines(report: ConservationAnswer): string[] {
  const differences = differencesOf(report);
  const serials = report.groups.flatMap((group) => group.serials ?? []);
  return [
    `Conservation as of ${report.asOf.recordedAt ?? 'the beginning'} (position ${report.asOf.position ?? 'none'})`,
    '',
    ...table(STAMP_COLUMNS, [...report.groups, ...totals(report.groups)]),
    '',
    ...table(MONEY_COLUMNS, moneyOf(report)),
    '',
    ...(serials.length === 0
      ? []
      : ['Serials behind a difference:', ...serials.map((serial) => `  ${serial}`), '']),
    differences === 0
      ? 'Differences: 0. Every stamp and every payment is accounted for.'
      : `Differences: ${differences}.`,
  ];
}

type Row = Omit<ConservationGroup, 'denomination' | 'serials'> & Partial<ConservationGroup>;

const STAMP_COLUMNS: readonly { title: string; cell: (row: Row) => string | number }[] = [
  { title: 'batch', cell: (row) => row.batchId },
  { title: 'channel', cell: (row) => row.channel },
  { title: 'denomination', cell: (row) => moneyText(row.denomination) ?? '' },
  { title: 'minted', cell: (row) => row.minted },
  { title: 'in stock', cell: (row) => row.inStock },
  { title: 'allocated', cell: (row) => row.allocated },
  { title: 'sold', cell: (row) => row.sold },
  { title: 'reserved', cell: (row) => row.reserved },
  { title: 'unknown', cell: (row) => row.outcomeUnknown },
  { title: 'affixed', cell: (row) => row.affixed },
  { title: 'voided', cell: (row) => row.voided },
  { title: 'difference', cell: (row) => row.difference },
];

const MONEY_COLUMNS: readonly { title: string; cell: (row: MoneyConservation) => string }[] = [
  { title: 'currency', cell: (row) => row.currency },
  { title: 'paid', cell: (row) => row.paid.amount },
  { title: 'fulfilled', cell: (row) => row.fulfilled.amount },
  { title: 'pending', cell: (row) => row.pending.amount },
  { title: 'refunded', cell: (row) => row.refunded.amount },
  { title: 'difference', cell: (row) => row.difference.amount },
];

/** One line that sums up several; none for a single one. */
function totals(groups: readonly Row[]): Row[] {
  if (groups.length < 2) return [];
  const sum = (pick: (row: Row) => number) => groups.reduce((total, row) => total + pick(row), 0);
  return [
    {
      batchId: 'all',
      channel: '',
      minted: sum((row) => row.minted),
      inStock: sum((row) => row.inStock),
      allocated: sum((row) => row.allocated),
      sold: sum((row) => row.sold),
      reserved: sum((row) => row.reserved),
      outcomeUnknown: sum((row) => row.outcomeUnknown),
      affixed: sum((row) => row.affixed),
      voided: sum((row) => row.voided),
      difference: sum((row) => row.difference),
    },
  ];
}
