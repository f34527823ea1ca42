import {
  type AuditedLog,
  auditEvents,
  type LogAuditReport,
  type LoggedEvent,
  type LogTrust,
  toThousandths,
} from '@stamp-ledger/app';
import type { ConservationAnswer, EventAnswer, LedgerClient, StampAnswer } from '@stamp-ledger/client';
import { UnfinishedError } from '../exit-codes.js';
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

type Client = Pick<LedgerClient, 'audit' | 'events' | 'stamps'>;

export interface ComparisonRequest {
  readonly client: Client;
  readonly log: AuditedLog;
  readonly trust: LogTrust;
  /** A time or a position; without one, where the log ends. */
  readonly asOf?: string;
  /** Entries of the log checked so far. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface ComparedConservation {
  /** What the read models say. */
  readonly report: ConservationAnswer;
  readonly comparison: LogComparison;
  /** Whether the log is what its checkpoint says. */
  readonly audit: LogAuditReport;
}

/**
 * Recomputes conservation from the signed log alone, each entry checked against the checkpoint, and compares it with what
 * the read models say as of the same place in history. Rejects with a LedgerError or a PortError, and with an
 * UnfinishedError where one side has not come to that place yet.
 */
export async function compareWithLog(request: ComparisonRequest): Promise<ComparedConservation> {
  const { client, asOf } = request;
  const past = asOf === undefined ? undefined : (await client.audit.conservation({ asOf })).body;
  const end = past && (await firstAfter(client, past.asOf.position));
  const faults = new Faults();
  const books = new Books((fault) => faults.add(fault));
  let last: LoggedEvent | undefined;
  let isOver = false;
  const audit = await auditEvents({
    ...request,
    visit: (event) => {
      isOver ||= event.id === end?.id;
      if (isOver) return;
      books.take(event);
      last = event;
    },
  });
  const position = last && (await positionOf(client, last));
  if (last !== undefined && position === undefined)
    faults.add(`${last.stream} revision ${last.revision} is sealed, and the ledger does not have it`);
  const report =
    past ?? (await client.audit.conservation(position === undefined ? {} : { asOf: position })).body;
  if (position !== report.asOf.position && faults.count === 0 && audit.findingCount === 0)
    throw new UnfinishedError('the log and the read models have not come to the same place yet: ask again');
  // Books of a log that nobody need believe are no measure of anything.
  const { disagreements, groups } =
    audit.current === undefined ? { disagreements: [], groups: [] } : compareBooks(books, report);
  return {
    report,
    audit,
    comparison: {
      asOf: report.asOf,
      events: books.events,
      disagreements,
      serials: past === undefined ? await differingStamps(client, books, groups) : [],
      faults: faults.listed,
      faultCount: faults.count,
    },
  };
}

class Faults {
  readonly listed: string[] = [];
  count = 0;

  add(fault: string): void {
    this.count += 1;
    if (this.listed.length < CLI_LIMITS.listedFaults) this.listed.push(fault);
  }
}

/** The event with which another moment begins. */
async function firstAfter(
  { events }: Client,
  position: string | undefined,
): Promise<EventAnswer | undefined> {
  const { body } = await events.page({ limit: 1, ...(position === undefined ? {} : { after: position }) });
  return body.events[0];
}

/** Where the ledger has an event of the log, which does not say it. */
async function positionOf(
  { events }: Client,
  { stream, revision, id }: LoggedEvent,
): Promise<string | undefined> {
  for await (const event of events.follow({ stream, stopAtHead: true }))
    if (event.revision === revision) return event.id === id ? event.position : undefined;
  return undefined;
}

function compareBooks(books: Books, report: ConservationAnswer): ReturnType<typeof compareGroups> {
  const { disagreements, groups } = compareGroups(books, report);
  return { disagreements: [...disagreements, ...compareMoney(books, report)], groups };
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
    for (const { serial, stage, revision } of books.stampsOf(group)) {
      looked += 1;
      if (looked > CLI_LIMITS.comparedStamps) return differing;
      const { body } = await client.stamps.lookUp(serial);
      // It may have gone on since the log was read.
      if (body.revision <= revision && body.state !== SHOWN[stage])
        differing.push({ serial, log: stage, readModels: body.state });
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
    `Recomputed from ${events} events of the signed log:`,
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
