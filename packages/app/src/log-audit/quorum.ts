import { fromMilliseconds, toMilliseconds } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { type AuditedLog, LIMITS } from '@stamp-ledger/ports';
import {
  type OpenedCheckpoint,
  openByPolicy,
  openOfPolicy,
  type Policy,
  quorumSince,
  TransparencyError,
} from '@stamp-ledger/transparency';
import { type LogAuditReport, reportOf } from './audit-log.js';
import { compareWithKept } from './check-checkpoint.js';
import { Findings } from './findings.js';

const COSIGNED = 'cosigned-checkpoint';

export interface QuorumReport extends LogAuditReport {
  /** The newest checkpoint that enough have cosigned, and since when they have, by their own clocks. */
  readonly cosigned?: { readonly size: number; readonly at: Instant };
}

export interface QuorumRequest {
  readonly log: AuditedLog;
  readonly policy: Policy;
  readonly kept?: OpenedCheckpoint | undefined;
  /** The auditor's own time. */
  readonly now: Instant;
}

/**
 * Whether enough of the witnesses that a policy names (C2SP tlog-policy) have cosigned what the log publishes: its newest
 * checkpoint, or while events come in one that is at most {@link LIMITS.quorumLagMilliseconds} old and that the newest
 * extends; and whether the newest extends the one kept, if there is one: an older one has its cosignatures for ever.
 */
export async function auditQuorum({ log, policy, kept, now }: QuorumRequest): Promise<QuorumReport> {
  const findings = new Findings();
  // In this order: a log that goes on meanwhile has cosigned nothing then that is newer than what it publishes after.
  const older = await log.read(COSIGNED);
  const bytes = await log.read('checkpoint');
  if (bytes === undefined)
    findings.add('missing-checkpoint', 'the log serves no checkpoint', { path: 'checkpoint' });
  const current = bytes && opened(() => openOfPolicy(bytes, policy), findings, 'checkpoint');
  if (bytes === undefined || current === undefined)
    return reportOf({ current: undefined, bytes, proof: [] }, findings);
  const proof = kept === undefined ? [] : await compareWithKept({ log, kept, current }, findings);
  const newest = enough(bytes, policy);
  const before =
    newest === undefined ? await lagging({ log, policy, now, bytes: older }, current, findings) : undefined;
  const cosigned = newest ?? before?.cosigned;
  const since = cosigned && quorumSince(cosigned, policy);
  return {
    ...reportOf({ current, bytes, proof }, findings),
    ...(before && { cosignedBefore: before }),
    ...(cosigned && since !== undefined && { cosigned: { size: cosigned.size, at: instantOf(since) } }),
  };
}

/** The checkpoint that is published beside one which too few have cosigned. */
async function lagging(
  {
    log,
    policy,
    now,
    bytes,
  }: Pick<QuorumRequest, 'log' | 'policy' | 'now'> & { readonly bytes: Buffer | undefined },
  current: OpenedCheckpoint,
  findings: Findings,
): Promise<
  (NonNullable<QuorumReport['cosignedBefore']> & { readonly cosigned: OpenedCheckpoint }) | undefined
> {
  if (bytes === undefined) {
    findings.add('quorum-not-met', 'too few of the witnesses cosigned it', { path: 'checkpoint' });
    return undefined;
  }
  const cosigned = opened(() => openByPolicy(bytes, policy), findings, COSIGNED);
  if (cosigned === undefined) return undefined;
  const proof = await compareWithKept({ log, kept: cosigned, current }, findings);
  const since = quorumSince(cosigned, policy) ?? 0;
  if (toMilliseconds(now) - since * 1_000 > LIMITS.quorumLagMilliseconds)
    findings.add('quorum-not-met', `no checkpoint was cosigned by enough since ${instantOf(since)}`, {
      path: COSIGNED,
    });
  return { cosigned, checkpoint: bytes, proof };
}

const enough = (bytes: Buffer, policy: Policy): OpenedCheckpoint | undefined => {
  try {
    return openByPolicy(bytes, policy);
  } catch (error) {
    if (error instanceof TransparencyError) return undefined;
    throw error;
  }
};

function opened(
  open: () => OpenedCheckpoint,
  findings: Findings,
  path: string,
): OpenedCheckpoint | undefined {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof TransparencyError)) throw error;
    findings.add(error.kind === 'quorum-not-met' ? error.kind : 'unknown-key', error.message, { path });
    return undefined;
  }
}

/** The last moment that has a date: a witness may say any number of seconds. */
const LAST_MILLISECONDS = 8.64e15;

const instantOf = (seconds: number): Instant =>
  fromMilliseconds(Math.min(seconds * 1_000, LAST_MILLISECONDS));
