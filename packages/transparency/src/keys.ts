import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { TransparencyError } from './errors.js';
import { parseBase64 } from './numbers.js';

/** Algorithm byte of C2SP signed-note that stands before the public key. */
export const ALGORITHM = {
  /** A plain Ed25519 signature over the note's text. */
  ed25519: 0x01,
  /** A timestamped Ed25519 cosignature (C2SP tlog-cosignature). */
  cosignature: 0x04,
} as const;

export type Algorithm = (typeof ALGORITHM)[keyof typeof ALGORITHM];

/** Bytes of a key id, which begins every signature. */
export const KEY_ID_BYTES = 4;

/** Bytes of an Ed25519 public key, and of the seed of a private one (RFC 8032). */
export const ED25519_KEY_BYTES = 32;

/** Bytes of an Ed25519 signature. */
export const ED25519_SIGNATURE_BYTES = 64;

/** DER before a raw key: PKCS #8 for the seed, SubjectPublicKeyInfo for the public key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A key that signatures on notes are checked with: the parts of a vkey. */
export interface VerifierKey {
  readonly name: string;
  /** Four bytes as 8 hexadecimal characters. */
  readonly keyId: string;
  readonly algorithm: Algorithm;
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** Whether `signature` (64 bytes) is by this key over `message`. */
  readonly verifies: (message: Uint8Array, signature: Uint8Array) => boolean;
}

/** A key that signs notes. Whoever holds it can speak for its name. */
export interface SignerKey {
  readonly verifier: VerifierKey;
  /** Ed25519 signature, 64 bytes; always the same for the same message. */
  readonly sign: (message: Uint8Array) => Buffer;
  /** Text of the private key, in the form of Go's note package: a secret. */
  readonly skey: string;
}

const NAME = /^[^\s+\p{Cc}\u0085]+$/u;

/** Whether a text may name a key: not empty, no Unicode space, no `+`, no control character (C2SP signed-note). */
export const isKeyName = (name: string): boolean => NAME.test(name) && name.isWellFormed();

/**
 * Text of a public key (C2SP signed-note): `name+keyid+base64(algorithm || key)`.
 */
export function formatVkey({ name, keyId, algorithm, publicKey }: VerifierKey): string {
  return `${name}+${keyId}+${Buffer.from([algorithm, ...publicKey]).toString('base64')}`;
}

/**
 * Reads a vkey of an algorithm that this package checks: Ed25519, plain or as a cosigner.
 *
 * @throws TransparencyError `bad-key`
 */
export function parseVkey(text: string): VerifierKey {
  const { name, keyId, algorithm, key } = parseKeyText(text, 'vkey');
  const verifier = makeVerifier({ name, algorithm, publicKey: key });
  if (verifier.keyId !== keyId)
    throw new TransparencyError('bad-key', 'the key id of the vkey is not of this key');
  return verifier;
}

const SKEY_PREFIX = 'PRIVATE+KEY+';

/**
 * Reads a private key in the form of Go's note package: `PRIVATE+KEY+name+keyid+base64(algorithm || seed)`.
 *
 * @throws TransparencyError `bad-key`, which never quotes the key
 */
export function parseSkey(text: string): SignerKey {
  if (!text.startsWith(SKEY_PREFIX)) throw new TransparencyError('bad-key', 'this is no skey');
  const { name, keyId, algorithm, key } = parseKeyText(text.slice(SKEY_PREFIX.length), 'skey');
  const signer = makeSigner({ name, algorithm, seed: key });
  if (signer.verifier.keyId !== keyId)
    throw new TransparencyError('bad-key', 'the key id of the skey is not of this key');
  return signer;
}

/**
 * The signer whose private key is `seed`: 32 bytes, which must come from a cryptographic random source.
 *
 * @throws TransparencyError `bad-key` for a seed of another length or a name that is none
 */
export function makeSigner({
  name,
  seed,
  algorithm = ALGORITHM.ed25519,
}: {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly algorithm?: Algorithm;
}): SignerKey {
  if (seed.length !== ED25519_KEY_BYTES) throw new TransparencyError('bad-key', 'a seed is 32 bytes');
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const publicKey = Buffer.from(spki.subarray(SPKI_PREFIX.length));
  const verifier = makeVerifier({ name, algorithm, publicKey });
  const encodedSeed = Buffer.from([algorithm, ...seed]).toString('base64');
  return {
    verifier,
    sign: (message) => sign(null, message, privateKey),
    skey: `${SKEY_PREFIX}${name}+${verifier.keyId}+${encodedSeed}`,
  };
}

/**
 * The verifier of a raw Ed25519 public key (32 bytes).
 *
 * @throws TransparencyError `bad-key`
 */
export function makeVerifier({
  name,
  algorithm = ALGORITHM.ed25519,
  publicKey,
}: {
  readonly name: string;
  readonly algorithm?: Algorithm;
  readonly publicKey: Uint8Array;
}): VerifierKey {
  if (!isKeyName(name))
    throw new TransparencyError('bad-key', 'a key name is not empty and has no space or +');
  if (publicKey.length !== ED25519_KEY_BYTES)
    throw new TransparencyError('bad-key', 'an Ed25519 public key is 32 bytes');
  const key: KeyObject = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return {
    name,
    keyId: keyIdOf({ name, algorithm, publicKey }),
    algorithm,
    publicKey: Buffer.from(publicKey),
    verifies: (message, signature) =>
      signature.length === ED25519_SIGNATURE_BYTES && verify(null, message, key, signature),
  };
}

/** First four bytes of SHA-256(name || 0x0A || algorithm || public key), as hexadecimal. */
function keyIdOf(key: {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly publicKey: Uint8Array;
}): string {
  const input = Buffer.concat([Buffer.from(`${key.name}\n`), Buffer.of(key.algorithm), key.publicKey]);
  return hash('sha256', input, 'buffer').toString('hex', 0, KEY_ID_BYTES);
}

const KEY_TEXT = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/;

function parseKeyText(text: string, what: 'vkey' | 'skey') {
  const [, name = '', keyId = '', encoded = ''] = KEY_TEXT.exec(text) ?? [];
  const bytes = parseBase64(encoded);
  if (name === '' || bytes === undefined || bytes.length !== 1 + ED25519_KEY_BYTES)
    throw new TransparencyError('bad-key', `this is no Ed25519 ${what}`);
  const algorithm = Object.values(ALGORITHM).find((known) => known === bytes[0]);
  if (algorithm === undefined) throw new TransparencyError('bad-key', `this ${what} is of another algorithm`);
  return { name, keyId, algorithm, key: bytes.subarray(1) };
}
