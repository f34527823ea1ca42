import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogIdentity } from '@stamp-ledger/app';
import {
  ED25519_KEY_BYTES,
  makeSigner,
  parseSkey,
  parseVkey,
  type SignerKey,
  type VerifierKey,
} from '@stamp-ledger/transparency';
import { readOrCreateSecret } from '../secret-file.js';

/** `0001.skey` signs; `0001.vkey` signed once and is only known now. The greatest number is the current key. */
const FILE = /^([0-9]{4})\.(skey|vkey)$/;

/** The keys of a log, as their files are: the current one first. */
export interface LogKeys {
  readonly signers: readonly SignerKey[];
  readonly retired: readonly VerifierKey[];
  /** Greatest number in use, 0 for none. */
  readonly latest: number;
}

/** Reads every key of the log from its directory; rejects when a file is no key. */
export async function readLogKeys(directory: string): Promise<LogKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = (await readdir(directory))
    .filter((name) => FILE.test(name))
    .sort()
    .reverse();
  const signers: SignerKey[] = [];
  const retired: VerifierKey[] = [];
  for (const name of names) {
    const text = (await readFile(join(directory, name), 'utf8')).trim();
    if (name.endsWith('.skey')) signers.push(parseSkey(text));
    else retired.push(parseVkey(text));
  }
  // A retirement that a crash cut short left both parts of a key: it still signs.
  const signing = new Set(signers.map(({ verifier }) => verifier.keyId));
  const others = retired.filter(({ keyId }) => !signing.has(keyId));
  return { signers, retired: others, latest: Number(names[0]?.slice(0, 4) ?? 0) };
}

/** Makes a further signing key, which is the current one from the next start on. */
export async function makeLogKey(directory: string, origin: string): Promise<SignerKey> {
  const { latest } = await readLogKeys(directory);
  const path = join(directory, `${String(latest + 1).padStart(4, '0')}.skey`);
  const skey = await readOrCreateSecret(
    path,
    () => `${makeSigner({ name: origin, seed: randomBytes(ED25519_KEY_BYTES) }).skey}\n`,
  );
  return parseSkey(skey.trim());
}

/**
 * Whose log it is. The first key is made when there is no log yet; a log without its keys is refused, since nobody who
 * knows its key would believe the next checkpoint.
 */
export async function logIdentity({
  directory,
  origin,
  logExists,
}: {
  readonly directory: string;
  readonly origin: string;
  readonly logExists: boolean;
}): Promise<LogIdentity> {
  const { signers, retired } = await readLogKeys(directory);
  if (signers.length === 0 && logExists)
    throw new Error('keys/log is empty beside a log that was signed: restore it from the backup');
  const [first, ...others] = signers.length > 0 ? signers : [await makeLogKey(directory, origin)];
  if (first === undefined || [first, ...others].some(({ verifier }) => verifier.name !== origin))
    throw new Error('a key in keys/log is of another origin than LEDGER_ORIGIN');
  const continuation = await readIfThere(join(directory, CONTINUATION));
  return { origin, signers: [first, ...others], retired, ...(continuation && { continuation }) };
}

/** Entry 0 of a log that takes the place of a closed one. */
export const CONTINUATION = 'continuation.json';

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
