import type { AuditedLog } from '@stamp-ledger/ports';
import {
  type Hash,
  type OpenedCheckpoint,
  openCheckpoint,
  proveConsistency,
  TransparencyError,
  tileHashReader,
  treeRoot,
  type VerifierKey,
  verifyConsistency,
} from '@stamp-ledger/transparency';
import type { Findings } from './findings.js';
import { FileFault, readHashes } from './log-files.js';

/** Whom an auditor believes: the log by its name and its keys. */
export interface LogTrust {
  readonly origin: string;
  readonly logKeys: readonly VerifierKey[];
}

/** What the log shows now, beside what the auditor kept. */
export interface CheckedLog {
  /** The published checkpoint; undefined when there is none to believe. */
  readonly current: OpenedCheckpoint | undefined;
  /** Its bytes, as served. */
  readonly bytes: Buffer | undefined;
  /** The proof that was checked, or that failed: evidence beside the two checkpoints. */
  readonly proof: readonly Hash[];
}

/**
 * Compares the published checkpoint with the one kept: it must be signed by a known key, be no smaller, and extend the
 * tree that was kept; its tiles must lead to its root. A kept checkpoint of size 0 is extended by any tree. Rejects with a
 * PortError when the log cannot be reached.
 */
export async function checkCheckpoint(
  {
    log,
    trust,
    kept,
  }: { readonly log: AuditedLog; readonly trust: LogTrust; readonly kept: OpenedCheckpoint | undefined },
  findings: Findings,
): Promise<CheckedLog> {
  const bytes = await log.read('checkpoint');
  const current = bytes === undefined ? undefined : open(bytes, trust, findings);
  if (bytes === undefined)
    findings.add('missing-checkpoint', 'the log serves no checkpoint', { path: 'checkpoint' });
  if (current === undefined) return { current, bytes, proof: [] };
  return { current, bytes, proof: await compareWithKept({ log, kept, current }, findings) };
}

function open(bytes: Buffer, trust: LogTrust, findings: Findings): OpenedCheckpoint | undefined {
  try {
    return openCheckpoint(bytes, trust);
  } catch (error) {
    if (!(error instanceof TransparencyError)) throw error;
    findings.add(kindOf(error), error.message, { path: 'checkpoint' });
    return undefined;
  }
}

function kindOf({ kind }: TransparencyError) {
  switch (kind) {
    case 'wrong-origin':
    case 'bad-signature':
      return kind;
    case 'no-known-signature':
      return 'unknown-key';
    default:
      return 'malformed-checkpoint';
  }
}

interface Pair {
  readonly log: AuditedLog;
  readonly kept: OpenedCheckpoint | undefined;
  readonly current: OpenedCheckpoint;
}

/** Whether the log extends what was kept; answers the consistency proof, made of the log's own tiles. */
export async function compareWithKept(
  { log, kept, current }: Pair,
  findings: Findings,
): Promise<readonly Hash[]> {
  if (kept !== undefined && kept.origin !== current.origin) {
    findings.add('wrong-origin', `what was kept is of ${kept.origin}`, { path: 'checkpoint' });
    return [];
  }
  if (kept !== undefined && kept.size > current.size) {
    findings.add('rolled-back', `the log had ${kept.size} entries and shows ${current.size}`);
    return [];
  }
  if (kept?.size === current.size && !kept.root.equals(current.root)) {
    findings.add('forked', `two trees of ${current.size} entries were signed`);
    return [];
  }
  const read = tileHashReader({ size: current.size, readTile: (tile) => readHashes(log, tile) });
  try {
    if (!(await treeRoot({ size: current.size, read })).equals(current.root)) {
      findings.add(
        'root-differs',
        `the tiles do not hash to the root that was signed for ${current.size} entries`,
      );
      return [];
    }
    if (kept === undefined || kept.size === 0) return [];
    const proof = await proveConsistency({ older: kept.size, newer: current.size, read });
    const [older, olderRoot, newer, newerRoot] = [kept.size, kept.root, current.size, current.root];
    if (!verifyConsistency({ older, olderRoot, newer, newerRoot, proof }))
      findings.add(
        'forked',
        `the tree of ${current.size} entries does not extend the one of ${kept.size} that was kept`,
      );
    return proof;
  } catch (error) {
    if (error instanceof FileFault) findings.add(error.kind, error.message, { path: error.path });
    else if (error instanceof TransparencyError) findings.add('bad-tile', error.message);
    else throw error;
    return [];
  }
}
