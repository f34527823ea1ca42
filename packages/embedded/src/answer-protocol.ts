import type { StoredAnswer } from '@stamp-ledger/ports';
import type { StoredRequest } from './idempotency-table.js';

/** A row as it is stored; a request without an answer has none of the three in the middle. */
export type AnswerRow = readonly [
  key: string,
  requestHash: string,
  status: number | null,
  headers: string | null,
  body: string | null,
  at: number,
];

export const rowOf = ({ key, requestHash, answer, at }: StoredRequest): AnswerRow =>
  answer === undefined
    ? [key, requestHash, null, null, null, at]
    : [key, requestHash, answer.status, JSON.stringify(answer.headers), answer.body, at];

export const requestOf = ([key, requestHash, status, headers, body, at]: AnswerRow): StoredRequest =>
  status === null || headers === null || body === null
    ? { key, requestHash, at }
    : { key, requestHash, at, answer: answerOf(status, headers, body) };

const answerOf = (status: number, headers: string, body: string): StoredAnswer => ({
  status,
  headers: JSON.parse(headers),
  body,
});

export interface Storing {
  /** Keys whose rows are deleted first. */
  readonly released: readonly string[];
  readonly rows: readonly AnswerRow[];
  /** Rows of this time or before may be forgotten. */
  readonly expiry: number;
}

export type ToAnswerWorker =
  | { readonly kind: 'store'; readonly storing: Storing }
  | { readonly kind: 'close' };

export type FromAnswerWorker =
  | { readonly kind: 'opened' }
  /** What could not be opened or stored; undefined when it is durable. */
  | { readonly kind: 'stored'; readonly failure: string | undefined }
  /** {@link KeyFilter.words} of all keys that were stored when the file was opened. */
  | { readonly kind: 'filter'; readonly words: Uint32Array<ArrayBuffer> };
