/** A value that this codec refuses to store or cannot read. The message names the place, never the value. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
}

const DEPTH_MAX = 16;
const INTEGER_LIKE = /^(0|[1-9][0-9]*)$/;

/**
 * Canonical JSON (RFC 8785) of a value that JSON text carries faithfully through every parser on the way. JavaScript's
 * reorders integer-like keys and rounds large integers, so these are refused, and with them: fractions, negative zero,
 * `__proto__`, lone surrogates, undefined, and anything but plain objects and arrays. Whatever is printed prints the same
 * after parsing.
 *
 * @throws CodecError naming the place (a JSON Pointer) of what is refused
 */
export function canonicalJson(value: unknown): string {
  return print(value, '', 0);
}

function print(value: unknown, at: string, depth: number): string {
  switch (typeof value) {
    case 'string':
      return printString(value, at);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw refused(at, 'is not a safe integer');
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (depth >= DEPTH_MAX) throw refused(at, 'is nested too deeply');
      return Array.isArray(value) ? printArray(value, at, depth) : printObject(value, at, depth);
    default:
      throw refused(at, 'has no JSON form');
  }
}

/** For well-formed text, ECMAScript's escapes are those of RFC 8785 section 3.2.2.2. */
function printString(text: string, at: string): string {
  if (!text.isWellFormed()) throw refused(at, 'is not well-formed Unicode');
  return JSON.stringify(text);
}

function printArray(items: readonly unknown[], at: string, depth: number): string {
  let text = '[';
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ',';
    text += print(items[index], `${at}/${index}`, depth + 1);
  }
  return `${text}]`;
}

/** Members in the order of their names' UTF-16 units (RFC 8785 section 3.2.3), which is that of a plain sort. */
function printObject(value: object, at: string, depth: number): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refused(at, 'is not a plain object');
  let text = '{';
  for (const name of Object.keys(value).sort()) {
    if (INTEGER_LIKE.test(name) || name === '__proto__')
      throw refused(at, 'has a key that does not survive parsing');
    if (text.length > 1) text += ',';
    const member: unknown = value[name as keyof typeof value];
    text += `${printString(name, at)}:${print(member, `${at}/${name}`, depth + 1)}`;
  }
  return `${text}}`;
}

const refused = (at: string, why: string): CodecError => new CodecError(`${at || '/'} ${why}`);
