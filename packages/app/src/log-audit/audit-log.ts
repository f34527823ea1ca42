import type { Instant } from '@stamp-ledger/domain';
import type { AuditedLog } from '@stamp-ledger/ports';
import type { Hash, OpenedCheckpoint, VerifierKey } from '@stamp-ledger/transparency';
import { checkCheckpoint, type LogTrust } from './check-checkpoint.js';
import { type EventSequence, SourceComparison } from './compare-source.js';
import { type Finding, Findings } from './findings.js';
import { type ReceiptCounts, ReceiptSearch } from './receipts.js';
import { type EntryVisitor, scanLog } from './scan-log.js';

/** What an audit needs from outside: the log, whom to believe, and what was kept from the last time. */
export interface LogAuditRequest {
  readonly log: AuditedLog;
  readonly trust: LogTrust;
  /** The checkpoint that the last clean audit left; absent the first time. */
  readonly kept?: OpenedCheckpoint | undefined;
  /** Entries checked so far, of so many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What an audit found, with the evidence for it. */
export interface LogAuditReport {
  /** The checkpoint that was looked at; undefined when there was none to believe. */
  readonly current: OpenedCheckpoint | undefined;
  /** As it was served, for whoever has to be shown. */
  readonly checkpoint: Buffer | undefined;
  /** Consistency proof from the kept checkpoint, out of the log's own tiles. */
  readonly proof: readonly Hash[];
  /** The checkpoint that witnesses cosigned, where it was compared with the current one, and the proof from it. */
  readonly cosignedBefore?: { readonly checkpoint: Buffer; readonly proof: readonly Hash[] };
  /** All findings are counted; the first are listed, and the first of each kind. */
  readonly findingCount: number;
  readonly findings: readonly Finding[];
}

/** Whether the log extends what was kept: a few tiles of any log. Says nothing about the entries behind the hashes. */
export async function auditQuick(request: LogAuditRequest): Promise<LogAuditReport> {
  const findings = new Findings();
  const checked = await checkCheckpoint({ ...request, kept: request.kept }, findings);
  return reportOf(checked, findings);
}

/** Reads and hashes every entry and every tile: nothing that the checkpoint covers is missing or other than it was. */
export async function auditDeep(request: LogAuditRequest): Promise<LogAuditReport> {
  return scanning(request, () => undefined);
}

export interface SourceReport extends LogAuditReport {
  /** Entries that the event store has too, byte for byte and in the same place. */
  readonly compared: number;
  /** Events at the end of the event store that are not sealed yet. */
  readonly unsealed: number;
}

/** As {@link auditDeep}, and each entry is made again from the event store's own events and compared. */
export async function auditSource({
  events,
  ...request
}: LogAuditRequest & { readonly events: EventSequence }): Promise<SourceReport> {
  const findings = new Findings();
  const comparison = new SourceComparison(events, findings);
  const report = await scanning(request, (scanned) => comparison.take(scanned), findings);
  const unsealed = await comparison.finish();
  return {
    ...report,
    findingCount: findings.count,
    findings: findings.kept,
    compared: comparison.compared,
    unsealed,
  };
}

export interface ReceiptsReport extends LogAuditReport, ReceiptCounts {}

/** As {@link auditDeep}, and every event that a receipt promised is looked for in the log. */
export async function auditReceipts({
  receipts,
  receiptKeys,
  now,
  ...request
}: LogAuditRequest & {
  /** Signed notes, as the ledger gave them. */
  readonly receipts: AsyncIterable<{ readonly note: Uint8Array; readonly name: string }>;
  readonly receiptKeys: readonly VerifierKey[];
  /** The auditor's own time at the beginning. */
  readonly now: Instant;
}): Promise<ReceiptsReport> {
  const findings = new Findings();
  const search = new ReceiptSearch({ origin: request.trust.origin, keys: receiptKeys, now }, findings);
  for await (const { note, name } of receipts) search.add(note, name);
  const report = await scanning(request, (scanned) => search.take(scanned), findings);
  const counts = search.finish();
  return { ...report, ...counts, findingCount: findings.count, findings: findings.kept };
}

/** Checks the checkpoint, then scans what it covers. A log that contradicts what was kept is scanned all the same. */
export async function scanning(
  { log, trust, kept, onProgress }: LogAuditRequest,
  visit: EntryVisitor,
  findings = new Findings(),
): Promise<LogAuditReport> {
  const checked = await checkCheckpoint({ log, trust, kept }, findings);
  const { current } = checked;
  if (current !== undefined)
    await scanLog(
      { log, current, kept, visit, onProgress: (done) => onProgress?.(done, current.size) },
      findings,
    );
  return reportOf(checked, findings);
}

export function reportOf(
  { current, bytes, proof }: Awaited<ReturnType<typeof checkCheckpoint>>,
  findings: Findings,
): LogAuditReport {
  return { current, checkpoint: bytes, proof, findingCount: findings.count, findings: findings.kept };
}
