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
  try {
    return print(value, 0);
  } catch (error) {
    throw error instanceof Refusal ? new CodecError(`${error.at || '/'} ${error.message}`) : error;
  }
}

/** On its way up from what is refused; every level that it passes puts its name before the place. */
class Refusal extends Error {
  at = '';
}

function print(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return printString(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Refusal('is not a safe integer');
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (depth >= DEPTH_MAX) throw new Refusal('is nested too deeply');
      return Array.isArray(value) ? printArray(value, depth) : printObject(value, depth);
    default:
      throw new Refusal('has no JSON form');
  }
}

/** For well-formed text, ECMAScript's escapes are those of RFC 8785 section 3.2.2.2. */
function printString(text: string): string {
  if (!text.isWellFormed()) throw new Refusal('is not well-formed Unicode');
  return JSON.stringify(text);
}

function printArray(items: readonly unknown[], depth: number): string {
  let text = '[';
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ',';
    text += printMember(items[index], index, depth);
  }
  return `${text}]`;
}

/** Members in the order of their names' UTF-16 units (RFC 8785 section 3.2.3), which is that of a plain sort. */
function printObject(value: object, depth: number): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Refusal('is not a plain object');
  let text = '{';
  for (const name of Object.keys(value).sort()) {
    if (text.length > 1) text += ',';
    text += printName(name) + printMember(value[name as keyof typeof value], name, depth);
  }
  return `${text}}`;
}

function printMember(member: unknown, name: string | number, depth: number): string {
  try {
    return print(member, depth + 1);
  } catch (error) {
    if (error instanceof Refusal) error.at = `/${name}${error.at}`;
    throw error;
  }
}

/** Names already checked and printed: the few of the schemas come again in every event. */
const printedNames = new Map<string, string>();
const PRINTED_NAMES_MAX = 1_000;

function printName(name: string): string {
  const known = printedNames.get(name);
  if (known !== undefined) return known;
  if (INTEGER_LIKE.test(name) || name === '__proto__')
    throw new Refusal('has a key that does not survive parsing');
  const printed = `${printString(name)}:`;
  if (printedNames.size < PRINTED_NAMES_MAX) printedNames.set(name, printed);
  return printed;
}
