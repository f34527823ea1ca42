import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { EventLeaf } from '@stamp-ledger/app';
import type { ProblemName } from './problems/table.js';

/** A whole HTTP answer, before it is sent: plain data, so that it can be kept for a repeated request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that many answers have in common, as {@link printed}; `headers` are sent beside them. Not with a stream. */
  readonly common?: string;
  readonly body: string | Buffer;
  /** What follows `body`, when that is of any length: sent as it comes, as fast as the client reads. */
  readonly stream?: AsyncIterable<string>;
  /** What the command wrote, for its receipt. Not sent by itself. */
  readonly leaves?: readonly EventLeaf[];
  /** Set when the same request may get another answer a moment later: it is not kept under its key. */
  readonly isPassing?: true;
  /** Set when the answer is a problem. */
  readonly problem?: ProblemName;
}

/** Headers of every answer; an answer's own come after and win. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
};

/** Names and values in one list, with {@link SAFE_HEADERS}. */
export function listed(headers: Readonly<Record<string, string>>): string[] {
  const list: string[] = [];
  for (const name in headers) list.push(name, headers[name] ?? '');
  for (const name in SAFE_HEADERS) if (headers[name] === undefined) list.push(name, SAFE_HEADERS[name] ?? '');
  return list;
}

/** {@link listed}, as it goes over the wire. Throws for what is no header. */
export function printed(headers: Readonly<Record<string, string>>): string {
  const list = listed(headers);
  let text = '';
  for (let at = 0; at < list.length; at += 2) {
    const [name = '', value = ''] = list.slice(at, at + 2);
    validateHeaderName(name);
    validateHeaderValue(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

export const JSON_NAME = 'application/json';
export const JSON_TYPE = `${JSON_NAME}; charset=utf-8`;

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body: JSON.stringify(value) };
}

/** A `Ledger-Position` header, when there is a position to tell. */
export const positionHeader = (position: string | undefined): Record<string, string> =>
  position === undefined ? {} : { 'ledger-position': position };
