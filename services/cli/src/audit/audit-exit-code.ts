import type { FindingClass, LogAuditReport } from '@stamp-ledger/app';
import { EXIT, type ExitCode, worst } from '../exit-codes.js';

/** The gravest class of what an audit found. */
export const exitCodeOfReport = ({ findings }: LogAuditReport): ExitCode =>
  findings.map((finding) => exitCodeOfClass(finding.class)).reduce(worst, EXIT.done);

function exitCodeOfClass(found: FindingClass): ExitCode {
  switch (found) {
    case 'contradiction':
      return EXIT.contradiction;
    case 'untrusted':
      return EXIT.untrusted;
    case 'unservable':
      return EXIT.unservable;
    case 'damaged':
      return EXIT.damaged;
    case 'source-differs':
      return EXIT.sourceDiffers;
    case 'broken-promise':
      return EXIT.brokenPromise;
    case 'quorum-not-met':
      return EXIT.quorumNotMet;
  }
}
