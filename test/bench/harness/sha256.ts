import { hash } from 'node:crypto';

/** About as long as an event of the ledger. */
export const HASHED_BYTES = 600;

export const SHA256_LIMIT = `SHA-256 of ${HASHED_BYTES} bytes, one thread`;

/** What one core hashes: pieces a second, each with a hash of its own. */
export function measureSha256({ seconds }: { readonly seconds: number }): number {
  const event = Buffer.alloc(HASHED_BYTES, 1);
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < seconds * 1_000; count += 100)
    for (let index = 0; index < 100; index++) hash('sha256', event, 'binary');
  return (count * 1_000) / (performance.now() - start);
}
