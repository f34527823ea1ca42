import canonicalize from 'canonicalize';

/** A value that this codec refuses to store or cannot read. The message names the place, never the value. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
}

const DEPTH_MAX = 16;
const INTEGER_LIKE = /^(0|[1-9][0-9]*)$/;

/**
 * Refuses what JSON text does not carry faithfully through every parser on the way (JavaScript's reorders integer-like
 * keys and rounds large integers): numbers that are not safe integers, negative zero, integer-like keys, `__proto__`,
 * lone surrogates, undefined, and anything but plain objects and arrays.
 */
export function assertStorable(value: unknown, at = '', depth = 0): void {
  if (depth > DEPTH_MAX) throw new CodecError(`${at || '/'} is nested too deeply`);
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new CodecError(`${at || '/'} is not well-formed Unicode`);
      return;
    case 'boolean':
      return;
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0))
        throw new CodecError(`${at || '/'} is not a safe integer`);
      return;
    case 'object':
      if (value === null) return;
      if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index++)
          assertStorable(value[index], `${at}/${index}`, depth + 1);
        return;
      }
      assertStorableObject(value, at, depth);
      return;
    default:
      throw new CodecError(`${at || '/'} has no JSON form`);
  }
}

function assertStorableObject(value: object, at: string, depth: number): void {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new CodecError(`${at || '/'} is not a plain object`);
  for (const [key, member] of Object.entries(value)) {
    if (INTEGER_LIKE.test(key) || key === '__proto__' || !key.isWellFormed())
      throw new CodecError(`${at || '/'} has a key that does not survive parsing`);
    assertStorable(member, `${at}/${key}`, depth + 1);
  }
}

/** Canonical JSON (RFC 8785) of a value that survives parsing and printing; throws {@link CodecError} for any other. */
export function canonicalJson(value: unknown): string {
  assertStorable(value);
  const text = canonicalize(value);
  if (text === undefined) throw new CodecError('/ has no JSON form');
  return text;
}
