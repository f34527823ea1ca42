import { HTTP_LIMITS } from '../limits.js';
import { RequestProblem } from '../problems/problem.js';

const VISIBLE = /^[\x21-\x7e]+$/;
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** The client's key from `Idempotency-Key`, bare or as a structured-field string (RFC 9651); undefined without one. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = header.startsWith('"') ? QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1') : header;
  if (key === undefined || key.length > HTTP_LIMITS.idempotencyKeyCharacters || !VISIBLE.test(key))
    throw new RequestProblem('invalid-idempotency-key', {
      errors: [{ header: 'Idempotency-Key', detail: 'must be 1 to 255 visible ASCII characters' }],
    });
  return key;
}
