import { type Audit, isKept, type PartResult, type Row, ratioOf, type Target, type Verdict } from './part.js';
import type { Spread } from './spread.js';

/** Three digits say all that such measurements can. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

function spreadText({ median, min, max, rounds }: Spread): string {
  return rounds === 1 ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`;
}

function targetText(target: Target | undefined): string {
  switch (target?.kind) {
    case undefined:
      return '';
    case 'at-least':
      return `at least ${figure(target.value)}`;
    case 'at-most':
      return `at most ${figure(target.value)}`;
    case 'ratio-at-least':
      return `at least ${figure(target.value)}x`;
  }
}

const KEPT_TEXT = { true: 'kept', false: '**missed**', undefined: '' } as const;

function cellsOf(row: Row): readonly string[] {
  const ratio = ratioOf(row);
  return [
    row.what,
    row.unit,
    spreadText(row.ours),
    row.beside === undefined ? '' : `${row.beside.what}: ${spreadText(row.beside.spread)}`,
    ratio === undefined ? '' : `${figure(ratio)}x`,
    targetText(row.target),
    KEPT_TEXT[`${isKept(row)}`],
  ];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const HEADS = ['what', 'unit', 'ours: median (min–max)', 'peer or limit', 'ratio', 'target', ''];

export const tableOf = (rows: readonly Row[]): string =>
  [line(HEADS), line(HEADS.map(() => '---')), ...rows.map((row) => line(cellsOf(row)))].join('\n');

const verdictsOf = (verdicts: readonly Verdict[]): string =>
  [
    line(['what is to be shown', 'seen', '']),
    line(['---', '---', '---']),
    ...verdicts.map(({ claim, isKept: kept, because }) => line([claim, because, KEPT_TEXT[`${kept}`]])),
  ].join('\n');

const auditLine = ({ what, acknowledged, missing }: Audit): string =>
  `- ${what}: ${acknowledged.toLocaleString('en')} acknowledged, ${missing === 0 ? 'none missing' : `**${missing.toLocaleString('en')} MISSING**`}`;

/** A part's table, what was audited, and what a reader must know. */
export function sectionOf(
  title: string,
  { verdicts = [], rows, audits = [], notes = [] }: PartResult,
): string {
  const blocks = [`## ${title}`];
  if (verdicts.length > 0) blocks.push(verdictsOf(verdicts));
  blocks.push(tableOf(rows));
  if (audits.length > 0) blocks.push(audits.map(auditLine).join('\n'));
  if (notes.length > 0) blocks.push(notes.map((note) => `- ${note}`).join('\n'));
  return blocks.join('\n\n');
}
