import secureJson from 'secure-json-parse';
import { RequestProblem } from '../problems/problem.js';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const MINUS = 0x2d;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const NUMBER = /[-+.\deE]+/y;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a body as JSON that means the same to every parser: one value, no key twice, no number or text that gets changed. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  const value = parse(text);
  assertUnambiguous(text);
  assertWellFormed(value);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new RequestProblem('invalid-utf-8');
  }
}

function parse(text: string): unknown {
  if (text.charCodeAt(0) === 0xfeff)
    throw new RequestProblem('malformed-json', { detail: 'The body begins with a byte order mark.' });
  try {
    return secureJson.parse(text);
  } catch (error) {
    // JSON.parse quotes what it read; only secure-json-parse has this fixed message.
    const forbidden =
      error instanceof Error && error.message === 'Object contains forbidden prototype property';
    throw new RequestProblem(forbidden ? 'forbidden-key' : 'malformed-json');
  }
}

/** Refuses what another parser may read otherwise in this (valid) JSON text: a key twice, a number that gets changed. */
function assertUnambiguous(text: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN_BRACE) open.push(new Set());
    else if (code === CLOSE_BRACE) open.pop();
    else if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isKey(text, end)) addKey(open.at(-1), JSON.parse(text.slice(at, end + 1)) as string);
      at = end;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      assertExact(text.slice(at, end));
      at = end - 1;
    }
  }
}

function addKey(keys: Set<string> | undefined, key: string): void {
  if (keys?.has(key))
    throw new RequestProblem('duplicate-key', { detail: 'A key appears twice in one object of the body.' });
  keys?.add(key);
}

/** A number must be one that every parser can hold, and be written as RFC 8785 prints it. */
function assertExact(token: string): void {
  const value = Number(token);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw new RequestProblem('unsafe-integer');
  if (String(value) !== token) throw new RequestProblem('non-canonical-number');
}

function endOfNumber(text: string, start: number): number {
  NUMBER.lastIndex = start;
  NUMBER.test(text);
  return NUMBER.lastIndex;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at) === COLON;
}

/** No recursion: the nesting of a body is bounded only by its length. */
function assertWellFormed(root: unknown): void {
  const rest: unknown[] = [root];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value === 'string') assertUnicode(value);
    else if (typeof value === 'object' && value !== null)
      for (const [key, member] of Object.entries(value)) {
        assertUnicode(key);
        rest.push(member);
      }
  }
}

function assertUnicode(text: string): void {
  if (!text.isWellFormed())
    throw new RequestProblem('malformed-json', {
      detail: 'A string of the body holds half a surrogate pair.',
    });
}
