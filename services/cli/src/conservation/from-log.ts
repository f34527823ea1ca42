import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AuditedLog,
  auditEvents,
  type LogAuditReport,
  type LoggedEvent,
  type LogTrust,
  logAsItIs,
  toThousandths,
} from '@stamp-ledger/app';
import type { ConservationAnswer, EventAnswer, LedgerClient, StampAnswer } from '@stamp-ledger/client';
import { isInstant } from '@stamp-ledger/codec';
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
  /** False where there is no checkpoint to believe. */
  readonly isCompared: boolean;
  readonly events: number;
  readonly disagreements: readonly Disagreement[];
  /** Stamps of the groups that disagree or do not add up, where the moment is now; at most {@link CLI_LIMITS.comparedStamps} are looked at. */
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
  /** Whether entries are still added to this log while it is looked at; a copy is what it is. */
  readonly isGrowing: boolean;
  /** A time or a position; without one, now. */
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
 * UnfinishedError where the log has not come to that place yet.
 */
export async function compareWithLog(request: ComparisonRequest): Promise<ComparedConservation> {
  const { client, asOf } = request;
  const askedAt = Date.now();
  // Of now where no moment is asked for, and before the log is read: of a past one the read models do not show each stamp.
  const { body: report } = await client.audit.conservation(asOf === undefined ? {} : { asOf });
  const { position } = report.asOf;
  const log = await logUpTo(request, position);
  // After the checkpoint was taken: if that covers more than is looked for, the ledger has an event with which it begins.
  const end = await firstAfter(client, position);
  const faults = new Faults();
  const books = new Books((fault) => faults.add(fault));
  let last: LoggedEvent | undefined;
  let next: LoggedEvent | undefined;
  const audit = await auditEvents({
    ...request,
    log,
    visit: (event) => {
      if (event.id === end?.id) next ??= event;
      if (next !== undefined) return;
      books.take(event);
      last = event;
    },
  });
  const isCompared = audit.current !== undefined;
  if (isCompared) {
    const ends = last && (await positionOf(client, last));
    if (last !== undefined && ends === undefined)
      faults.add(`${last.stream} revision ${last.revision} is sealed, and the ledger does not have it`);
    else if (ends !== position && (next !== undefined || !isBefore(ends, position)))
      faults.add(`the log goes on without the events that the ledger has around position ${position}`);
    else if (ends !== position && faults.count === 0 && audit.findingCount === 0)
      throw new UnfinishedError(
        `the log has not come to position ${position} yet: ask again${ends === undefined ? '' : `, or with --as-of ${ends}`}`,
      );
    for (const fault of wrongCut({ asOf, askedAt, last, next })) faults.add(fault);
  }
  // Books of a log that nobody need believe are no measure of anything.
  const { disagreements, groups } = isCompared
    ? compareBooks(books, report)
    : { disagreements: [], groups: [] };
  return {
    report,
    audit,
    comparison: {
      asOf: report.asOf,
      isCompared,
      events: books.events,
      disagreements,
      serials: asOf === undefined ? await differingStamps(client, books, groups) : [],
      faults: faults.listed,
      faultCount: faults.count,
    },
  };
}

/** The log as it is once it has come to a place, or after a while if it grows; what is sealed later is not looked at. */
async function logUpTo(
  { client, log, trust, isGrowing }: ComparisonRequest,
  position: string | undefined,
): Promise<AuditedLog> {
  const until = Date.now() + (isGrowing ? CLI_LIMITS.sealWaitMilliseconds : 0);
  for (;;) {
    const { last, log: taken } = await logAsItIs({ log, trust });
    // Without a checkpoint to believe or a last entry to read there is nothing to wait for.
    const ends = last && (await positionOf(client, last));
    if (ends === undefined || !isBefore(ends, position) || Date.now() >= until) return taken;
    await sleep(CLI_LIMITS.sealPollMilliseconds);
  }
}

/** Positions are opaque, but their order is that of their text. */
const isBefore = (one: string | undefined, other: string | undefined): boolean => (one ?? '') < (other ?? '');

/** Where the ledger cut the log at another place than the time that was asked for, by what the entries themselves say. */
function wrongCut({
  asOf = '',
  askedAt,
  last,
  next,
}: {
  readonly asOf: string | undefined;
  /** Nobody can have counted what came later. */
  readonly askedAt: number;
  readonly last: LoggedEvent | undefined;
  readonly next: LoggedEvent | undefined;
}): string[] {
  if (!isInstant(asOf)) return [];
  const moment = Date.parse(asOf);
  const told = ({ stream, revision, metadata }: LoggedEvent) =>
    `${stream} revision ${revision}, recorded at ${metadata.recordedAt}`;
  return [
    ...(last !== undefined && Date.parse(last.metadata.recordedAt) > moment
      ? [`the ledger counts ${told(last)}: after ${asOf}`]
      : []),
    ...(next !== undefined && Date.parse(next.metadata.recordedAt) <= Math.min(moment, askedAt)
      ? [`the ledger does not count ${told(next)}: not after ${asOf}`]
      : []),
  ];
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
    const addsUp = (reported.get(key)?.difference ?? 0) === 0;
    if ((different.length > 0 || !addsUp) && ofLog !== undefined) groups.push(ofLog);
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
export const isConserved = ({ isCompared, disagreements, serials, faultCount }: LogComparison): boolean =>
  isCompared && disagreements.length === 0 && serials.length === 0 && faultCount === 0;

export function comparisonLines(comparison: LogComparison): string[] {
  const { isCompared, events, disagreements, serials, faults, faultCount } = comparison;
  if (!isCompared) return ['', 'Nothing was compared: the log has no checkpoint to believe.'];
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
