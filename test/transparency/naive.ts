import { createHash } from 'node:crypto';
import { TransparencyError, type TransparencyFault } from '@stamp-ledger/transparency';

/*
 * The definitions of RFC 6962 section 2.1, word for word and without regard for cost: what the package is compared with.
 * Shares no code with it.
 */

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const leafOf = (entry: Uint8Array): Buffer => sha256(Buffer.of(0), entry);
export const nodeOf = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right);

const split = (n: number): number => {
  let k = 1;
  while (k << 1 < n) k <<= 1;
  return k;
};

/** MTH(D[n]) over leaf hashes. */
export function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return nodeOf(mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

/** PATH(m, D[n]). */
export function path(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...path(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), mth(leaves.slice(0, k))];
}

/** SUB(s, e, D[n], b): PROOF(m, D[n]) is SUB(0, m, D[n], true). */
export function sub(range: { s: number; e: number }, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  const { s, e } = range;
  if (s === e) return [];
  if (s === 0 && e === leaves.length) return whole ? [] : [mth(leaves)];
  const k = split(leaves.length);
  if (e <= k) return [...sub(range, leaves.slice(0, k), whole), mth(leaves.slice(k))];
  if (k <= s) return [...sub({ s: s - k, e: e - k }, leaves.slice(k), whole), mth(leaves.slice(0, k))];
  return [...sub({ s: 0, e: e - k }, leaves.slice(k), false), mth(leaves.slice(0, k))];
}

/** A reader of perfect subtrees of these leaves, which throws for one that the tree does not have. */
export const readerOf =
  (leaves: readonly Buffer[]) =>
  async (places: readonly { level: number; index: number }[]): Promise<Buffer[]> =>
    places.map(({ level, index }) => {
      const width = 2 ** level;
      const part = leaves.slice(index * width, (index + 1) * width);
      if (part.length !== width) throw new Error(`no node ${index} at level ${level}`);
      return mth(part);
    });

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The kind of the TransparencyError that a call throws; any other error passes through. */
export function faultOf(call: () => unknown): TransparencyFault | 'none' {
  try {
    call();
  } catch (error) {
    if (error instanceof TransparencyError) return error.kind;
    throw error;
  }
  return 'none';
}

/** As {@link faultOf}, of a promise. */
export const faultIn = (promise: Promise<unknown>): Promise<TransparencyFault | 'none'> =>
  promise.then(
    () => 'none',
    (error: unknown) =>
      faultOf(() => {
        throw error;
      }),
  );
