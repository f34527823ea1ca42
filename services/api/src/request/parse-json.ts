import secureJson from 'secure-json-parse';
import { RequestProblem } from '../problems/problem.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a body as JSON that means the same to every parser: one value, no key twice, no number or text that gets changed. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  const value = parse(text);
  const key = duplicateKey(text);
  if (key !== undefined)
    throw new RequestProblem('duplicate-key', { detail: 'A key appears twice in one object of the body.' });
  assertFaithful(value);
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

/** The first key that an object of this (valid) JSON text has twice. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        open.push(new Set());
        break;
      case 0x7d: // }
        open.pop();
        break;
      case 0x22: {
        // "
        const end = endOfString(text, at);
        if (isKey(text, end)) {
          const key = JSON.parse(text.slice(at, end + 1)) as string;
          const keys = open.at(-1);
          if (keys?.has(key)) return key;
          keys?.add(key);
        }
        at = end;
      }
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
  return at;
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at) === 0x3a;
}

/** No recursion: the nesting of a body is bounded only by its length. */
function assertFaithful(root: unknown): void {
  const rest: unknown[] = [root];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value === 'number') assertSafe(value);
    else if (typeof value === 'string') assertWellFormed(value);
    else if (typeof value === 'object' && value !== null)
      for (const [key, member] of Object.entries(value)) {
        assertWellFormed(key);
        rest.push(member);
      }
  }
}

function assertSafe(value: number): void {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER || Object.is(value, -0))
    throw new RequestProblem('unsafe-integer');
}

function assertWellFormed(text: string): void {
  if (!text.isWellFormed())
    throw new RequestProblem('malformed-json', {
      detail: 'A string of the body holds half a surrogate pair.',
    });
}
