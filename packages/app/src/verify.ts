import { stampStream } from '@stamp-ledger/codec';
import { type EventOf, judge, parseSerial, type Serial } from '@stamp-ledger/domain';
import { LIMITS, type StampView } from '@stamp-ledger/ports';
import type { StampFold } from './aggregates.js';
import type { Context } from './context.js';
import { freshness, statusOf } from './freshness.js';
import type { Caller, Ledger, VerificationReport } from './ledger.js';
import { fromCaller } from './sources.js';
import { whenAway } from './when-away.js';

/** A relying party's recorded check of one serial against one document. */
export function verification(context: Context): Ledger['stamps']['verify'] {
  return async ({ serialText, documentSha256 }, caller) => {
    const parsed = parseSerial(serialText);
    if (!parsed.ok) return malformed(serialText, documentSha256);
    const surroundings = await documentSurroundings(context, documentSha256);
    const result = await context.aggregates.stamps.execute({
      stream: stampStream(parsed.serial),
      source: fromCaller(caller),
      command: (fold) => ({
        kind: 'record-verification',
        serial: parsed.serial,
        ...judge({
          state: fold.state,
          verifiedByAnother: verifiedByAnother(fold, caller),
          ...presented(documentSha256),
          ...surroundings,
        }),
        ...(documentSha256 === undefined ? {} : { documentSha256 }),
      }),
    });
    if (result.kind === 'other-request' || result.kind === 'expired') return result;
    if (result.kind === 'refused') throw new Error(`a verification was refused: ${result.refusal.code}`);
    const recorded = result.events.find(
      (event): event is typeof event & EventOf<'StampVerified'> => event.type === 'StampVerified',
    );
    if (recorded === undefined) throw new Error('a verification wrote no event');
    return {
      serial: parsed.serial,
      verdict: recorded.data.verdict,
      reasons: recorded.data.reasons,
      recorded: {
        view: viewOf(result.state, parsed.serial),
        position: result.position,
        asOf: { recordedAt: recorded.metadata.recordedAt, lagMilliseconds: 0 },
        leaves: result.leaves,
      },
    };
  };
}

const presented = (documentSha256: string | undefined) =>
  documentSha256 === undefined ? {} : { presentedSha256: documentSha256 };

function malformed(serialText: string, documentSha256: string | undefined): VerificationReport {
  const { verdict, reasons } = judge({
    state: 'malformed',
    verifiedByAnother: false,
    documentHasSeveralStamps: false,
    stale: false,
    ...presented(documentSha256),
  });
  return { serial: serialText, verdict, reasons };
}

function verifiedByAnother({ view }: StampFold, { actor }: Caller): boolean {
  if (view === undefined || view.verifications.count === 0) return false;
  return view.verifications.severalActors || view.verifications.lastActor !== actor;
}

/** What the read models know of the presented document, and whether they are too old to know. */
async function documentSurroundings(context: Context, documentSha256: string | undefined) {
  if (documentSha256 === undefined) return { documentHasSeveralStamps: false, stale: false };
  const status = statusOf(context.readModels, 'verification');
  const stamps = await whenAway(context.readModels.stampsOfDocument(documentSha256), undefined);
  if (stamps === undefined) return { documentHasSeveralStamps: false, stale: true };
  const { lagMilliseconds } = await freshness(context, status);
  return {
    documentHasSeveralStamps: stamps.filter((stamp) => stamp.state === 'affixed').length > 1,
    stale: lagMilliseconds > LIMITS.staleMilliseconds,
  };
}

function viewOf({ view }: StampFold, serial: Serial): StampView {
  if (view === undefined) throw new Error(`${serial} has events but no view`);
  return view;
}
