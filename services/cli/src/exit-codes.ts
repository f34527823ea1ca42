import { PortError } from '@stamp-ledger/app';
import { LedgerError } from '@stamp-ledger/client';

/** What the process's exit code says. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  /** The ledger understood and said no. */
  refused: 3,
  notFound: 4,
  /** No answer, or the ledger cannot answer now; whether a command ran may be unknown. */
  unavailable: 5,
  /** `verify`: the verdict is not `genuine`. `conservation`: there are differences. `reconcile`: there are findings.
   * `backfill`: lines are quarantined. */
  negative: 6,
  notAuthorised: 7,
  /** `audit`, one for each class of finding: two signed histories exclude each other; */
  contradiction: 10,
  /** no checkpoint by a trusted key; */
  untrusted: 11,
  /** something that the checkpoint covers is not served; */
  unservable: 12,
  /** something is not what the checkpoint covers, also in a `trace`; */
  damaged: 13,
  /** the event store tells another history; */
  sourceDiffers: 14,
  /** a signed receipt is not kept; */
  brokenPromise: 15,
  /** too few witnesses. */
  quorumNotMet: 16,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  unexpected failure
  2  wrong usage
  3  refused by the ledger
  4  not found
  5  ledger unavailable, or no answer in time
  6  verify: not genuine; conservation: differences found; reconcile: findings; backfill: lines quarantined
  7  not authorised
  audit, the gravest class of what was found:
  10 contradiction: two signed histories that exclude each other
  11 no checkpoint by a trusted key
  12 something that the checkpoint covers is not served
  13 something is not what the checkpoint covers; trace: a proof fails
  14 the event store tells another history
  15 a signed receipt is not kept
  16 too few witnesses`;

/** Wrong arguments, options or input files. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Work that the ledger accepted is not finished in the time given. */
export class UnfinishedError extends Error {
  override readonly name = 'UnfinishedError';
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof UnfinishedError) return EXIT.unavailable;
  if (error instanceof PortError && error.kind !== 'corrupt') return EXIT.unavailable;
  if (!(error instanceof LedgerError)) return EXIT.unexpected;
  switch (error.kind) {
    case 'problem':
      return ofProblem(error.status ?? 500, error.problemName);
    case 'protocol':
      return EXIT.unexpected;
    default:
      return EXIT.unavailable;
  }
}

function ofProblem(status: number, name: string | undefined): ExitCode {
  if (name === 'wrong-channel') return EXIT.refused;
  if (status === 401 || status === 403) return EXIT.notAuthorised;
  if (status === 404) return EXIT.notFound;
  if (status === 408 || status === 429 || status === 503 || status === 504) return EXIT.unavailable;
  return status < 500 ? EXIT.refused : EXIT.unexpected;
}

/** From harmless to grave; several items end with the gravest. */
const GRAVITY: readonly ExitCode[] = [
  EXIT.done,
  EXIT.negative,
  EXIT.notFound,
  EXIT.refused,
  EXIT.usage,
  EXIT.notAuthorised,
  EXIT.unavailable,
  EXIT.unexpected,
  EXIT.quorumNotMet,
  EXIT.brokenPromise,
  EXIT.unservable,
  EXIT.damaged,
  EXIT.sourceDiffers,
  EXIT.untrusted,
  EXIT.contradiction,
];

export const worst = (one: ExitCode, other: ExitCode): ExitCode =>
  GRAVITY.indexOf(one) >= GRAVITY.indexOf(other) ? one : other;
