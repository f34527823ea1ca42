import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finding, LogAuditReport, LogTrust } from '@stamp-ledger/app';
import { formatVkey, isLogKey, type openCheckpoint, parseVkey, TransparencyError } from '@stamp-ledger/app';
import { UsageError } from '../exit-codes.js';

type OpenedCheckpoint = ReturnType<typeof openCheckpoint>;

/** The keys that an auditor brings: a vkey, or a file with one a line. The first one's name is the log's, unless told. */
export async function readTrust(key: string, origin: string | undefined): Promise<LogTrust> {
  return parseTrust(existsSync(key) ? await readFile(key, 'utf8') : key, origin);
}

/** One vkey a line. A key that cannot sign for the log, a witness's say, is a mistake that would make it a log's key. */
export function parseTrust(text: string, told: string | undefined): LogTrust {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    const logKeys = lines.map((line) => parseVkey(line.trim()));
    const [first] = logKeys;
    if (first === undefined) throw new UsageError('there is no key');
    const origin = told ?? first.name;
    const strange = logKeys.find((key) => !isLogKey(key, origin));
    if (strange !== undefined) throw new UsageError(`${formatVkey(strange)} is no key of ${origin}`);
    return { origin, logKeys };
  } catch (error) {
    if (error instanceof TransparencyError) throw new UsageError(`this is no public key: ${error.message}`);
    throw error;
  }
}

/** What the last clean audit left: the checkpoint, and its file as it is, for evidence. */
export interface Kept {
  readonly checkpoint: OpenedCheckpoint;
  readonly bytes: Buffer;
}

/** Undefined when there is no such file yet. `open` checks whose it is, and throws a TransparencyError. */
export async function readKept(
  file: string,
  open: (bytes: Buffer) => OpenedCheckpoint,
): Promise<Kept | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new UsageError(`cannot read ${file}: ${code}`);
  }
  try {
    return { checkpoint: open(bytes), bytes };
  } catch (error) {
    if (error instanceof TransparencyError)
      throw new UsageError(`${file} is no checkpoint by these keys: ${error.message}`);
    throw error;
  }
}

/** Puts the new checkpoint in the place of the old one, whole or not at all, and durably. */
export async function keep(file: string, checkpoint: Buffer): Promise<void> {
  const next = `${file}.next`;
  const handle = await open(next, 'w', 0o644).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot keep the checkpoint in ${file}: ${error.code}`);
  });
  try {
    await handle.writeFile(checkpoint);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
  const directory = await open(dirname(file), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Writes down what was found against a signed checkpoint: it, the one kept and the one that witnesses cosigned as they are,
 * the proofs out of the log's own tiles, and the findings. Two checkpoints by one key convince anybody. Answers the directory, a new one each time.
 */
export async function writeEvidence(
  directory: string,
  { report, kept }: { readonly report: LogAuditReport; readonly kept: Buffer | undefined },
): Promise<string> {
  let place = join(directory, '1');
  for (let number = 2; existsSync(place); number++) place = join(directory, String(number));
  await mkdir(place, { recursive: true });
  const findings: readonly Finding[] = report.findings;
  if (kept !== undefined) await writeFile(join(place, 'kept.checkpoint'), kept);
  if (report.checkpoint !== undefined) await writeFile(join(place, 'found.checkpoint'), report.checkpoint);
  await writeFile(join(place, 'consistency-proof'), proofText(report.proof));
  const before = report.cosignedBefore;
  if (before !== undefined) {
    await writeFile(join(place, 'cosigned.checkpoint'), before.checkpoint);
    await writeFile(join(place, 'cosigned-consistency-proof'), proofText(before.proof));
  }
  await writeFile(join(place, 'findings.json'), `${JSON.stringify(findings, null, 2)}\n`);
  return place;
}

const proofText = (proof: LogAuditReport['proof']): string =>
  proof.map((hash) => `${hash.toString('base64')}\n`).join('');
