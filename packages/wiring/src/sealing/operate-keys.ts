import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatVkey, parseSkey, receiptKeyName } from '@stamp-ledger/transparency';
import { type Environment, readConfiguration } from '../configuration.js';
import { ConfigurationError } from '../configuration-error.js';
import { readOrCreateSecret } from '../secret-file.js';
import { makeLogKey, readLogKeys } from './log-keys.js';

/** Keys are apart by what they sign: the log's checkpoints, or the receipts of commands. */
const KEY_PURPOSES = ['log', 'receipts'] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

export interface KeyState {
  /** `signing` keys all sign checkpoints; of receipts the first alone does. */
  readonly state: 'signing' | 'retired';
  readonly vkey: string;
}

/** What an operator asked for cannot be done to these keys. */
export class KeyFault extends Error {
  override readonly name = 'KeyFault';
}

/** Every key of a purpose, the current one first. */
export async function listKeys(environment: Environment, purpose: KeyPurpose): Promise<readonly KeyState[]> {
  const { signers, retired } = await readLogKeys(placeOf(environment, purpose).directory);
  return [
    ...signers.map(({ verifier }) => ({ state: 'signing' as const, vkey: formatVkey(verifier) })),
    ...retired.map((key) => ({ state: 'retired' as const, vkey: formatVkey(key) })),
  ];
}

/**
 * Makes the first key of a purpose, or with `rotate` a further one beside those that sign; it is the current one from the
 * next start of the ledger on. Returns its vkey.
 */
export async function makeKey(
  environment: Environment,
  { purpose, rotate }: { readonly purpose: KeyPurpose; readonly rotate: boolean },
): Promise<string> {
  const { directory, name } = placeOf(environment, purpose);
  const { signers } = await readLogKeys(directory);
  if (rotate && signers.length === 0) throw new KeyFault('there is no key to rotate: make one');
  if (!rotate && signers.length > 0) throw new KeyFault('there is a key already: rotate it');
  return formatVkey((await makeLogKey(directory, name)).verifier);
}

/**
 * Ends the signing of a key, named by its 8 hexadecimal characters, from the next start on: its private part is removed, its
 * public part stays known. The last one that signs cannot be retired. Returns its vkey.
 */
export async function retireKey(
  environment: Environment,
  { purpose, keyId }: { readonly purpose: KeyPurpose; readonly keyId: string },
): Promise<string> {
  const { directory } = placeOf(environment, purpose);
  const { signers } = await readLogKeys(directory);
  const signer = signers.find(({ verifier }) => verifier.keyId === keyId);
  if (signer === undefined) throw new KeyFault(`no signing key has the id ${keyId}`);
  if (signers.length === 1) throw new KeyFault('the last key that signs cannot be retired: rotate it first');
  const file = await fileOf(directory, signer.skey);
  const vkey = formatVkey(signer.verifier);
  // The public part first: whenever this ends, the key is known.
  await readOrCreateSecret(join(directory, file.replace('.skey', '.vkey')), () => `${vkey}\n`);
  await rm(join(directory, file));
  return vkey;
}

async function fileOf(directory: string, skey: string): Promise<string> {
  for (const file of await readdir(directory)) {
    if (!file.endsWith('.skey')) continue;
    const text = await readFile(join(directory, file), 'utf8');
    if (parseSkey(text.trim()).skey === skey) return file;
  }
  throw new KeyFault('the key is gone');
}

function placeOf(environment: Environment, purpose: KeyPurpose) {
  const read = readConfiguration(environment);
  if (!read.ok) throw new ConfigurationError(read.faults.join('\n'));
  const { dataDirectory, origin } = read.configuration;
  const name = purpose === 'log' ? origin : receiptKeyName(origin);
  return { directory: join(dataDirectory, 'keys', purpose), name };
}
