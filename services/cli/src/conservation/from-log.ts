import { toThousandths } from '@stamp-ledger/app';
import type { ConservationAnswer, EventAnswer, LedgerClient, StampAnswer } from '@stamp-ledger/client';
import { CLI_LIMITS } from '../limits.js';
import { type BookGroup, Books, groupKey, STAGES, type Stage, SUMS } from './books.js';
import { moneyOf } from './report.js';

/** One number that the log and the read models do not agree on. */
export interface Disagreement {
  /** `batch channel currency amount`, or a currency. */
  readonly of: string;
  readonly what: string;
  readonly log: string;
  readonly readModels: string;
}

/** A stamp that the log and the verification model show differently. */
export interface DifferingStamp {
  readonly serial: string;
  readonly log: Stage;
  readonly readModels: string;
}

export interface LogComparison {
  readonly asOf: ConservationAnswer['asOf'];
  readonly events: number;
  readonly disagreements: readonly Disagreement[];
  /** Stamps of the groups that disagree, where the moment is now; at most {@link CLI_LIMITS.comparedStamps} are looked at. */
  readonly serials: readonly DifferingStamp[];
  /** What no history may hold, at most {@link CLI_LIMITS.listedFaults}. */
  readonly faults: readonly string[];
  readonly faultCount: number;
}

/**
 * Recomputes a report of conservation from the log alone and compares: events are read in global order up to the moment
 * the report speaks of. Rejects with a LedgerError.
 */
export async function compareWithLog(
  client: Pick<LedgerClient, 'events' | 'stamps'>,
  report: ConservationAnswer,
  { isNow, onProgress }: { readonly isNow: boolean; readonly onProgress: (events: number) => void },
): Promise<LogComparison> {
  const faults: string[] = [];
  let faultCount = 0;
  const books = new Books((fault) => {
    faultCount += 1;
    if (faults.length < CLI_LIMITS.listedFaults) faults.push(fault);
  });
  for await (const event of eventsUpTo(client, report.asOf.position)) {
    books.take(event);
    if (books.events % CLI_LIMITS.page === 0) onProgress(books.events);
  }
  const { disagreements, groups } = compareGroups(books, report);
  return {
    asOf: report.asOf,
    events: books.events,
    disagreements: [...disagreements, ...compareMoney(books, report)],
    serials: isNow ? await differingStamps(client, books, groups) : [],
    faults,
    faultCount,
  };
}

async function* eventsUpTo(
  client: Pick<LedgerClient, 'events'>,
  position: string | undefined,
): AsyncGenerator<EventAnswer> {
  if (position === undefined) return;
  for await (const event of client.events.follow({ stopAtHead: true })) {
    if (event.position > position) return;
    yield event;
  }
}

function compareGroups(
  books: Books,
  report: ConservationAnswer,
): { readonly disagreements: Disagreement[]; readonly groups: BookGroup[] } {
  const reported = new Map(report.groups.map((group) => [groupKey(group), group]));
  const counted = new Map([...books.groups].map((group) => [groupKey(group), group]));
  const disagreements: Disagreement[] = [];
  const groups: BookGroup[] = [];
  for (const key of new Set([...reported.keys(), ...counted.keys()])) {
    const ofLog = counted.get(key);
    const different = (['minted', ...STAGES] as const).filter(
      (what) => (ofLog?.[what] ?? 0) !== (reported.get(key)?.[what] ?? 0),
    );
    for (const what of different)
      disagreements.push({
        of: key,
        what,
        log: String(ofLog?.[what] ?? 0),
        readModels: String(reported.get(key)?.[what] ?? 0),
      });
    if (different.length > 0 && ofLog !== undefined) groups.push(ofLog);
  }
  return { disagreements, groups };
}

function compareMoney(books: Books, report: ConservationAnswer): Disagreement[] {
  const reported = new Map(moneyOf(report).map((line) => [line.currency, line]));
  return [...new Set([...reported.keys(), ...books.money.keys()])].flatMap((currency) =>
    SUMS.flatMap((what) => {
      const log = books.money.get(currency)?.[what] ?? 0n;
      const shown = reported.get(currency)?.[what].amount ?? '0';
      return toThousandths(shown) === log
        ? []
        : [{ of: currency, what, log: `${log} thousandths`, readModels: shown }];
    }),
  );
}

const SHOWN: Readonly<Record<Stage, StampAnswer['state']>> = {
  inStock: 'minted',
  allocated: 'allocated',
  sold: 'sold',
  reserved: 'reserved',
  outcomeUnknown: 'outcome-unknown',
  affixed: 'affixed',
  voided: 'voided',
};

async function differingStamps(
  client: Pick<LedgerClient, 'stamps'>,
  books: Books,
  groups: readonly BookGroup[],
): Promise<DifferingStamp[]> {
  const differing: DifferingStamp[] = [];
  let looked = 0;
  for (const group of groups)
    for (const { serial, stage } of books.stampsOf(group)) {
      looked += 1;
      if (looked > CLI_LIMITS.comparedStamps) return differing;
      const { body } = await client.stamps.lookUp(serial);
      if (body.state !== SHOWN[stage]) differing.push({ serial, log: stage, readModels: body.state });
    }
  return differing;
}

/** Whether log and read models tell the same, and a history that can be. */
export const isConserved = ({ disagreements, faultCount }: LogComparison): boolean =>
  disagreements.length === 0 && faultCount === 0;

export function comparisonLines(comparison: LogComparison): string[] {
  const { events, disagreements, serials, faults, faultCount } = comparison;
  return [
    '',
    `Recomputed from ${events} events of the log:`,
    ...disagreements.map(
      ({ of, what, log, readModels }) =>
        `  ${of}: ${what} is ${log} by the log, ${readModels} by the read models`,
    ),
    ...serials.map(
      ({ serial, log, readModels }) => `  ${serial}: ${log} by the log, ${readModels} by the read models`,
    ),
    ...faults.map((fault) => `  ${fault}`),
    ...(faultCount > faults.length ? [`  and ${faultCount - faults.length} more`] : []),
    isConserved(comparison) ? '  the read models say what the log says.' : '  they do not agree.',
  ];
}
