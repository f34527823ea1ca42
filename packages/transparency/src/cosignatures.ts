import { TransparencyError } from './errors.js';
import { ALGORITHM, ED25519_SIGNATURE_BYTES, type SignerKey, type VerifierKey } from './keys.js';
import { checkCount } from './numbers.js';

const TIME_BYTES = 8;

/** A cosignature/v1: at this time, this was the largest consistent tree of the log that the cosigner had seen. */
export interface Cosignature {
  /** Seconds since 1970 (Unix time). */
  readonly time: number;
  /** 64 bytes. */
  readonly signature: Buffer;
}

/**
 * What follows the key id in the signature line of a cosignature/v1 (C2SP tlog-cosignature): the time as a big-endian
 * uint64, then an Ed25519 signature. Undefined for other lengths, and for times beyond 2^53 - 1 seconds.
 */
export function parseCosignature(payload: Uint8Array): Cosignature | undefined {
  if (payload.length !== TIME_BYTES + ED25519_SIGNATURE_BYTES) return undefined;
  const bytes = Buffer.from(payload);
  const time = Number(bytes.readBigUInt64BE());
  return Number.isSafeInteger(time) ? { time, signature: bytes.subarray(TIME_BYTES) } : undefined;
}

/**
 * Whether a cosigner signed this checkpoint text (the note's text with its final newline) at that time. A key of another
 * algorithm never did.
 */
export function verifyCosignature({
  key,
  checkpoint,
  cosignature,
}: {
  readonly key: VerifierKey;
  readonly checkpoint: string;
  readonly cosignature: Cosignature;
}): boolean {
  if (key.algorithm !== ALGORITHM.cosignature) return false;
  return key.verifies(cosignedMessage(checkpoint, cosignature.time), cosignature.signature);
}

/**
 * The payload of a cosignature/v1 of a checkpoint text, to stand behind the key id in a signature line: 72 bytes.
 *
 * @throws TransparencyError `bad-key` if the key is no cosigner's, `out-of-range` for a time that is none
 */
export function cosign({
  signer,
  checkpoint,
  time,
}: {
  readonly signer: SignerKey;
  readonly checkpoint: string;
  readonly time: number;
}): Buffer {
  checkCount(time, 'a time in seconds');
  if (signer.verifier.algorithm !== ALGORITHM.cosignature)
    throw new TransparencyError('bad-key', 'only the key of a cosigner cosigns');
  const payload = Buffer.alloc(TIME_BYTES + ED25519_SIGNATURE_BYTES);
  payload.writeBigUInt64BE(BigInt(time));
  payload.set(signer.sign(cosignedMessage(checkpoint, time)), TIME_BYTES);
  return payload;
}

/**
 * The latest time, in seconds, since which enough cosignatures of a checkpoint were made: a witness that lags behind the
 * others is not counted where it is not needed. Undefined when all of them are not enough. No signature is checked: for
 * a note whose signatures are known to hold.
 */
export function cosignedSince<Signed extends { readonly signature: Uint8Array }>(
  signatures: readonly Signed[],
  isEnough: (found: readonly Signed[]) => boolean,
): number | undefined {
  const newestFirst = signatures
    .flatMap((signed) => {
      const time = parseCosignature(signed.signature)?.time;
      return time === undefined ? [] : [{ signed, time }];
    })
    .sort((one, other) => other.time - one.time);
  const needed = newestFirst.find((_, at) =>
    isEnough(newestFirst.slice(0, at + 1).map(({ signed }) => signed)),
  );
  return needed?.time;
}

const cosignedMessage = (checkpoint: string, time: number): Buffer =>
  Buffer.from(`cosignature/v1\ntime ${time}\n${checkpoint}`);
